"""P The gate: who may pass, until when, and how the kernel is told."""
