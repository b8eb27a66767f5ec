"""P The box's self-test: what is looked at, how it is judged, and what to do next."""
