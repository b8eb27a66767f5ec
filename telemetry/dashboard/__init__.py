"""P Hub side of telemetry: ingest, store, pages."""
