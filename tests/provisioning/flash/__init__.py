"""P Cards: which disks may be written, and what a card that lies is caught with."""
