"""P Fair shares of a thin uplink."""
