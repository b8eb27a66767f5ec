"""E The authority's revocation list (RFC 5280 section 5): certificates of keys that another has replaced. See docs/adr/0197."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.errors import NotSo
from appliance.files import write_atomically

FILE = "crl.pem"
_MEND = "restore it from the hub's backup"


def write(place: Path, serials: Collection[int], owner: tuple[int, int] | None) -> bool:
    """Write the list for the authority in ``place`` unless it says so already; whether it was written. Raises NotSo.

    The list carries no date of the hub's clock: one that is "not yet valid" or has ended makes a broker refuse every box. It begins
    with the authority, a second later for each edition (of two lists OpenSSL believes the later), and ends with it.
    """
    standing = _read(place / FILE)
    if standing is not None and {one.serial_number for one in standing} == set(serials):
        return False
    number = 1 if standing is None else _number(standing) + 1
    try:
        authority = x509.load_pem_x509_certificate((place / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((place / "ca-key.pem").read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise NotSo("the authority's certificate or key cannot be read", where=str(place), mend=_MEND) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotSo("not an ECDSA key", where=str(place / "ca-key.pem"), mend=_MEND)
    since = authority.not_valid_before_utc
    builder = x509.CertificateRevocationListBuilder(issuer_name=authority.subject)
    builder = builder.last_update(since + datetime.timedelta(seconds=number)).next_update(authority.not_valid_after_utc)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    for serial in sorted(serials):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    write_atomically(place / FILE, pem, 0o644, owner)
    return True


def _read(path: Path) -> x509.CertificateRevocationList | None:
    """The list that stands there; one that cannot be read is as none, and is written anew."""
    try:
        return x509.load_pem_x509_crl(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise NotSo(f"cannot read: {error.strerror}", where=str(path), mend="mend its permissions, or remove it") from error


def _number(standing: x509.CertificateRevocationList) -> int:
    return standing.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
