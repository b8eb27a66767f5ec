"""P What a box reports, and how it reaches the hub."""
