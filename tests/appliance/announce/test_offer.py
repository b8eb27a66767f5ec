"""The portal's API is offered while its certificate is valid, by a clock that may not be right yet."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import pytest

from appliance.announce.decode import describe
from appliance.announce.offer import Certificate, offered, options, until_change
from appliance.moment import BUILT, Moment, Trust
from provisioning.lab.trust import Authority

NAME = "portal.example.org"
CERTIFICATE = Certificate(BUILT + 100, BUILT + 200, (NAME,))


def _at(seconds: float, trust: Trust = "synced") -> Moment:
    return Moment(BUILT + seconds, 1.0, trust)


@pytest.mark.parametrize(
    ("seconds", "trust", "wanted"),
    [
        (99, "synced", False),
        (100, "synced", True),
        (199, "synced", True),
        (200, "synced", False),
        (99, "floor", True),
        (0, "none", True),
        (200, "floor", False),
        (200, "none", False),
    ],
)
def test_it_is_offered_from_when_it_is_valid_until_it_expires(seconds: float, trust: Trust, wanted: bool) -> None:
    assert offered(CERTIFICATE, NAME, _at(seconds, trust)) is wanted


@pytest.mark.parametrize(
    ("names", "wanted"),
    [((NAME,), True), (("*.example.org",), True), (("example.org", "*.org", "other.example.org"), False), ((), False)],
)
def test_a_certificate_for_another_name_is_none(names: tuple[str, ...], wanted: bool) -> None:
    assert offered(Certificate(0, math.inf, names), NAME, _at(0)) is wanted


def test_without_a_certificate_nothing_is_offered_and_nothing_changes_by_itself() -> None:
    assert not offered(None, NAME, _at(0)) and until_change(None, _at(0)) == math.inf


@pytest.mark.parametrize(("seconds", "left"), [(0, 100), (100, 100), (150, 50), (200, math.inf), (900, math.inf)])
def test_the_next_change_is_known_to_the_second(seconds: float, left: float) -> None:
    assert until_change(CERTIFICATE, _at(seconds)) == left


def test_dnsmasq_is_told_both_options_or_none() -> None:
    url = f"https://{NAME}/api/captive"
    assert options(url, offered=True) == f"114,{url}\noption6:103,{url}\n"
    assert all(line.startswith("#") for line in options(url, offered=False).splitlines())


def test_a_certificate_says_when_and_for_whom(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    Authority.create(now).issue([NAME, "10.44.0.1"], tmp_path / "cert.pem", tmp_path / "key.pem", now)
    told = describe(_der((tmp_path / "cert.pem").read_text()))
    assert told == {"begins": now.timestamp() - 86_400, "ends": now.timestamp() + 30 * 86_400, "names": [NAME]}


def _der(pem: str) -> bytes:
    import ssl

    return ssl.PEM_cert_to_DER_cert(pem.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
