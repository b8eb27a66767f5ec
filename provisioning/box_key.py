"""E The box's own key and what enrolment brought, in ``layout.identity_dir``. The key is made here and never leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance import files
from appliance.errors import BadInput, NotSo
from appliance.files import write_atomically
from provisioning.identity import Enrolled


def load_or_make_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The box's key, made at the first call. Raises NotSo when it stands there but cannot be read."""
    path = folder / "key.pem"
    if path.exists():
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise NotSo("the box's key cannot be read", where=str(path), mend="remove it and use a new ticket") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise NotSo("the box's key is of another kind", where=str(path), mend="remove it and use a new ticket")
        return key
    made = ec.generate_private_key(ec.SECP256R1())
    # On the disk before anyone hears of it: after a power cut the same key must come again, or the token would be lost.
    write_atomically(path, _pem(made), 0o600)
    return made


def request(key: ec.EllipticCurvePrivateKey, box: str) -> str:
    """A certificate request in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, box)])
    signed = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")


def check_certificate(untrusted_pem: str, ca_pem: str, key: ec.EllipticCurvePrivateKey, box: str) -> None:
    """Raises BadInput unless the certificate is for this box and this key, from the pinned authority."""
    try:
        certificate = x509.load_pem_x509_certificate(untrusted_pem.encode("ascii"))
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_pem.encode("ascii")))
        names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, TypeError, InvalidSignature) as error:
        raise BadInput("the hub sent something that is not a certificate of its own") from error
    if certificate.public_key() != key.public_key() or names != [box]:
        raise BadInput("the hub sent a certificate for another box or key")


def keep(folder: Path, enrolled: Enrolled, ca_pem: str, *, renewed: bool) -> None:
    """Write what enrolment brought; the certificate last, because its being there means that all the rest is."""
    _write(folder / "ca.pem", ca_pem)
    _write(folder / "mqtt.json", _json({"host": enrolled.mqtt_host, "port": enrolled.mqtt_port}))
    _write(folder / "catalogue.json", _json({"url": enrolled.catalogue_url}))
    if not renewed:  # at a renewal the box keeps the root it trusts, and follows it by its own rules
        _write(folder / "root.json", enrolled.catalogue_root)
    _write(folder / "cert.pem", enrolled.certificate)


def sweep(folder: Path) -> None:
    """Remove what a run that was cut short had begun to write: it may hold half a key."""
    files.sweep(folder)


def read_token(folder: Path) -> str | None:
    """The enrolment token, while it is there."""
    try:
        return (folder / "token").read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NotSo("the token cannot be read", where=str(folder / "token"), mend="use a new ticket") from error


def forget_token(folder: Path) -> None:
    """Delete the token, for good: the folder is flushed too. Raises NotSo."""
    if (folder / "token").exists():
        files.remove(folder / "token")


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _write(path: Path, text: str) -> None:
    """Readable by the folder's group: content_cache.sync verifies the hub with it."""
    write_atomically(path, text, 0o640)
