"""P Tests; never installed."""
