"""P The captive portal: detection, welcome, connect, status."""
