"""P Telling phones where the captive portal's API is (RFC 8910), for as long as the certificate that it needs is valid."""
