"""E The hub's authority: its key, its own servers' certificates, and one certificate a box.

Everything stands in ``layout.data/hub/authority``. Keys are ECDSA P-256. The authority signs leaves only (path length 0), and a
box certificate says nothing that the request asked for but its public key.
"""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance import clock, lifetime
from appliance.errors import BadInput, NotSo
from appliance.files import make_folder, sweep, write_atomically
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.moment import Moment
from appliance.services import USERS
from provisioning.authority import revocation
from provisioning.enrolment import CERTIFICATE_LIFE
from provisioning.identity import pin_of

log = logging.getLogger(__name__)
AUTHORITY_LIFE = datetime.timedelta(days=20 * 365)
AUTHORITY_ALARM = 3 * 365 * 86_400
"""Seconds more: every box must be given another authority by hand."""
LEAF_LIFE = datetime.timedelta(days=2 * 365)
BACKDATE = datetime.timedelta(days=1)
"""Certificates begin a day ago: a box whose clock is a little behind must still believe them."""

INGEST_NAME = "hub-ingest"
LARGEST_REQUEST = 8 * 1024
"""Characters of a certificate request in PEM; one for a P-256 key is 500."""


@dataclass(frozen=True)
class Leaf:
    """One certificate of the hub's own: the name it carries, what it is for, the names and addresses it answers to."""

    file: str
    common_name: str
    usage: x509.ObjectIdentifier
    names: tuple[str, ...] = ()


def folder(layout: Layout) -> Path:
    """Where the authority lives."""
    return layout.data / "hub" / "authority"


def prepare(layout: Layout, hub_config: HubConfig, moment: Moment | None = None) -> None:
    """Make what is missing, and anew what nears its end or answers to other names now. Keys are kept. Safe to repeat.

    ``moment`` is now, by the clock unless told otherwise. A clock that knows nothing ends no certificate.
    """
    place, owned, moment = folder(layout), owner(), moment or clock.now()
    for part in (place.parent, place):
        make_folder(part, 0o750, owned)
    sweep(place)
    _prepare_authority(place, owned, _instant(moment.wall))
    server = Leaf("server", hub_config.host, ExtendedKeyUsageOID.SERVER_AUTH, (hub_config.host, *hub_config.also_known_as))
    for leaf in (server, Leaf("ingest", INGEST_NAME, ExtendedKeyUsageOID.CLIENT_AUTH)):
        _prepare_leaf(place, leaf, owned, moment)
    if not (place / "crl.pem").exists():
        revocation.write(place, (), owned)


def pin(ca_pem: str) -> str:
    """The pin of the authority in ``ca_pem``, as it goes onto cards. Raises BadInput."""
    try:
        authority = x509.load_pem_x509_certificate(ca_pem.encode())
    except ValueError as error:
        raise BadInput("not a certificate in PEM") from error
    return pin_of(authority.public_bytes(serialization.Encoding.DER))


def read_request(untrusted_pem: str) -> ec.EllipticCurvePublicKey:
    """The public key of a certificate request whose sender holds the private one. Raises BadInput.

    Only the key is read: subject and extensions of a request are wishes of a stranger.
    """
    if len(untrusted_pem) > LARGEST_REQUEST:
        raise BadInput("the certificate request is too long")
    try:
        request = x509.load_pem_x509_csr(untrusted_pem.encode("ascii"))
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadInput("the key of the certificate request is not ECDSA P-256")
        signed = request.is_signature_valid
    except BadInput:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.InvalidVersion) as error:
        raise BadInput("not a certificate request in PEM") from error
    if not signed:
        raise BadInput("the certificate request is not signed by its own key")
    return key


def issue(layout: Layout, box: str, key: ec.EllipticCurvePublicKey, now: float) -> x509.Certificate:
    """A certificate for a box: common name = box id, for TLS clients only, for a year. Raises NotSo without an authority."""
    until = datetime.timedelta(seconds=CERTIFICATE_LIFE)
    return _sign(folder(layout), Leaf("", box, ExtendedKeyUsageOID.CLIENT_AUTH), key, _instant(now), until)


def ending(layout: Layout, moment: Moment) -> list[tuple[str, float]]:
    """What of the hub's own ends soon, and when: a timer renews the servers', nothing can renew the authority itself."""
    found = []
    for name, early in (("ca.pem", AUTHORITY_ALARM), ("server.pem", 0), ("ingest.pem", 0)):
        try:
            ends = lifetime.dates((folder(layout) / name).read_bytes())[1]
        except (OSError, ValueError):
            continue
        if lifetime.is_ending(ends - early, moment):
            found.append((name, ends))
    return found


def as_pem(certificate: x509.Certificate) -> str:
    """PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def authority_pem(layout: Layout) -> str:
    """The text of ``ca.pem``. Raises NotSo when there is none."""
    try:
        return (folder(layout) / "ca.pem").read_text("ascii")
    except FileNotFoundError as error:
        raise NotSo("this hub has no authority yet", where=str(folder(layout)), mend="start it once: campbox hub up") from error
    except (OSError, ValueError) as error:
        raise _unreadable(folder(layout) / "ca.pem", error) from error


def _unreadable(path: Path, error: Exception) -> NotSo:
    why = error.strerror if isinstance(error, OSError) else "it is damaged"
    return NotSo(f"{path.name} cannot be read: {why}", where=str(path), mend="restore it from the hub's backup")


def _prepare_authority(place: Path, owner: tuple[int, int] | None, now: datetime.datetime) -> None:
    if (place / "ca.pem").exists():
        return
    key = _key(place / "ca-key.pem", 0o600, owner)
    name = _name("Campbox authority")
    builder = _builder(name, key.public_key(), name, now, AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    write_atomically(place / "ca.pem", as_pem(builder.sign(key, hashes.SHA256())), 0o644, owner)


def _prepare_leaf(place: Path, leaf: Leaf, owner: tuple[int, int] | None, moment: Moment) -> None:
    path = place / f"{leaf.file}.pem"
    if _stands(path, leaf, moment):
        return
    key = _key(place / f"{leaf.file}-key.pem", 0o640, owner)
    write_atomically(path, as_pem(_sign(place, leaf, key.public_key(), _instant(moment.wall), LEAF_LIFE)), 0o644, owner)


def _stands(path: Path, leaf: Leaf, moment: Moment) -> bool:
    """Whether the certificate there is good for a while, for the right names; one that cannot be read is made anew."""
    try:
        standing = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return False
    except ValueError:
        log.warning("%s cannot be read and is made anew", path.name)
        return False
    except OSError as error:
        raise _unreadable(path, error) from error
    begins, ends = standing.not_valid_before_utc.timestamp(), standing.not_valid_after_utc.timestamp()
    # One that this hub itself made in the future, by a clock that ran ahead, is of no use to anybody now.
    early = moment.trust != "none" and moment.wall < begins
    return _names(standing) == set(leaf.names) and not early and not lifetime.is_due(begins, ends, moment)


def _sign(
    place: Path, leaf: Leaf, key: ec.EllipticCurvePublicKey, now: datetime.datetime, life: datetime.timedelta
) -> x509.Certificate:
    try:
        authority = x509.load_pem_x509_certificate((place / "ca.pem").read_bytes())
        signer = _load_key(place / "ca-key.pem")
    except FileNotFoundError as error:
        raise NotSo("this hub has no authority yet", where=str(place), mend="start it once: campbox hub up") from error
    except (OSError, ValueError) as error:
        raise _unreadable(place / "ca.pem", error) from error
    builder = _builder(_name(leaf.common_name), key, authority.subject, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([leaf.usage]), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    if leaf.names:
        names = x509.SubjectAlternativeName([_general_name(name) for name in dict.fromkeys(leaf.names)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, now: datetime.datetime, life: datetime.timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - BACKDATE).not_valid_after(now + life)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key(path: Path, mode: int, owner: tuple[int, int] | None) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        return _load_key(path)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_atomically(path, pem, mode, owner)
    return key


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(path, error) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotSo("not an ECDSA key", where=str(path), mend="restore it from the hub's backup")
    return key


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}


def _instant(now: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now, datetime.UTC)


def owner() -> tuple[int, int] | None:
    """The hub's user, when there is power to give files away."""
    uid = USERS["campbox-hub"]
    return (uid, uid) if os.geteuid() == 0 else None
