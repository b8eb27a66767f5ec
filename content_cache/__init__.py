"""P The local mirror of the humanitarian service catalogue."""
