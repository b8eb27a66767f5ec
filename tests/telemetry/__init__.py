"""P Tests of telemetry; never installed."""
