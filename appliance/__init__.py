"""P The shared foundation of every Campbox program, and the daemon that owns the kernel's network state."""
