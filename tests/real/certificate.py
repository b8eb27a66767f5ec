"""E A certificate for a box of the tests, put where the front reads it. It is its own authority."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.services import USERS
from tests.real.front_place import Place


def put_certificate(name: str, seconds: float = 86_400) -> Callable[[Place], None]:
    """What ``front_place`` calls before the services start: a certificate for ``name`` that ends in so many seconds."""
    return lambda place: _put(place, name, seconds)


def _put(place: Place, name: str, seconds: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(seconds=seconds))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = place.layout.etc / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    os.chown(path, USERS["campbox-front"], USERS["campbox-front"])
    path.chmod(0o400)
