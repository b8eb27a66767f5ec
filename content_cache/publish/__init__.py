"""P Hub side of the catalogue: importers, snapshots, signing."""
