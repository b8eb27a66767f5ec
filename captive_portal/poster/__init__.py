"""P The poster of a box: how to join, on one sheet of paper."""
