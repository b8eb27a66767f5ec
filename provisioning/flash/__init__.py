"""P Cards: which disk may be written, what goes onto it, and that it is there."""
