"""P The pages of the hub that telemetry brings."""
