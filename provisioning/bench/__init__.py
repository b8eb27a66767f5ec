"""P Benchmarks: one file each, one report format."""
