"""A certificate's own dates, read without a library as the library reads them, and when it is renewed."""

from __future__ import annotations

import datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from appliance.lifetime import ALARM_LEFT, dates, is_due, is_ending, is_good
from appliance.moment import Moment, Trust

DAY, YEAR = 86_400.0, 365 * 86_400.0
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@cache
def _keys() -> tuple[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]:
    return ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)


def made(begins: float, ends: float, name: str = "north-1", *, ordinary: bool = True) -> bytes:
    key = _keys()[0 if ordinary else 1]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=subject, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    since, until = (EPOCH + datetime.timedelta(seconds=moment) for moment in (begins, ends))
    builder = builder.not_valid_before(since).not_valid_after(until)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


PEM = made(1_800_000_000, 1_831_536_000)


@given(
    st.integers(-631_152_000 + 86_400, 7_000_000_000),
    st.integers(1, 1_000_000_000),
    st.text("abc\u00e9\u0648", min_size=1, max_size=60),
    st.booleans(),
)
def test_the_dates_are_those_that_the_library_reads(begins: int, length: int, name: str, ordinary: bool) -> None:
    pem = made(begins, begins + length, name, ordinary=ordinary)
    read = x509.load_pem_x509_certificate(pem)
    assert dates(pem) == (read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.timestamp()) == (begins, begins + length)
    assert dates(b"words before it\n" + pem + pem) == (begins, begins + length)


@given(st.binary(max_size=300), st.integers(0, len(PEM)))
def test_what_is_no_certificate_is_said_and_nothing_else_happens(octets: bytes, cut: int) -> None:
    for untrusted in (octets, PEM[:cut], PEM[:cut] + octets + PEM[cut + len(octets) :]):
        try:
            found = dates(untrusted)
        except ValueError:
            continue
        assert len(found) == 2


def test_an_empty_or_half_written_file_is_no_certificate() -> None:
    for untrusted in (b"", PEM[: len(PEM) // 2], b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError, match=r"."):
            dates(untrusted)


@pytest.mark.parametrize(
    ("wall", "trust", "due"),
    [
        (0.0, "synced", False), (YEAR * 2 / 3 - 1, "synced", False), (YEAR * 2 / 3, "synced", True), (YEAR, "synced", True),
        (3 * YEAR, "synced", True), (-1.0, "synced", True), (-1.0, "floor", False), (YEAR * 2 / 3, "floor", True),
        (-1.0, "none", False), (YEAR, "none", False), (9 * YEAR, "none", False),
    ],
)  # fmt: skip
def test_r4_it_is_renewed_from_a_third_of_its_life_left_by_its_own_dates(wall: float, trust: Trust, due: bool) -> None:
    """A clock that knows nothing decides nothing; one that is "not earlier than" cannot say that it is too early."""
    assert is_due(0.0, YEAR, Moment(wall, 5.0, trust)) is due


def test_r4_a_person_hears_of_it_two_weeks_before() -> None:
    assert ALARM_LEFT == 14 * DAY
    assert not is_ending(YEAR, Moment(YEAR - 14 * DAY - 1, 5.0, "synced"))
    assert is_ending(YEAR, Moment(YEAR - 14 * DAY, 5.0, "floor"))
    assert not is_ending(YEAR, Moment(YEAR, 5.0, "none"))


def test_only_a_clock_that_is_synchronised_can_say_that_it_is_too_early() -> None:
    assert not is_good(0.0, YEAR, Moment(-1.0, 5.0, "synced")) and is_good(0.0, YEAR, Moment(-1.0, 5.0, "floor"))
    assert not is_good(0.0, YEAR, Moment(YEAR, 5.0, "floor")) and is_good(0.0, YEAR, Moment(YEAR, 5.0, "none"))
    assert is_good(0.0, YEAR, Moment(5.0, 5.0, "synced"))
