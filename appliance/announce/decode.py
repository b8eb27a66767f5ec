"""W Says what matters of a certificate (DER in base64, on standard input) as JSON: ``python -m appliance.announce.decode``."""

from __future__ import annotations

import base64
import json
import sys

from cryptography import x509


def describe(certificate: bytes) -> dict[str, object]:
    """Seconds since 1970 from and until which it is valid, and its names. Raises ValueError when it is none."""
    read = x509.load_der_x509_certificate(certificate)
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    begins, ends = read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.timestamp()
    return {"begins": begins, "ends": ends, "names": [name.lower() for name in names]}


def main() -> None:
    """Read, say, end."""
    print(json.dumps(describe(base64.b64decode(sys.stdin.read()))))


if __name__ == "__main__":
    main()
