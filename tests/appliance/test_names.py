"""Both dnsmasq configurations as whole texts, and the rules they must not lose."""

from __future__ import annotations

import dataclasses
import ipaddress
from pathlib import Path

import pytest

from appliance import names
from appliance.config import SiteConfig
from tests.captive_portal.site import GOLDEN, LAYOUT, PROJECT, SITE, with_api

CAPTIVE = names.files(SITE, LAYOUT)["dnsmasq-captive.conf"].splitlines()
ADMITTED = names.files(SITE, LAYOUT)["dnsmasq-admitted.conf"].splitlines()


@pytest.mark.parametrize("name", ["dnsmasq-captive.conf", "dnsmasq-admitted.conf"])
def test_the_whole_text(name: str) -> None:
    assert names.files(SITE, LAYOUT)[name] == (GOLDEN / name).read_text()


def test_no_question_of_the_captive_leaves_the_box() -> None:
    assert "no-resolv" in CAPTIVE and "local=/#/" in CAPTIVE
    assert not [line for line in CAPTIVE if line.startswith(("server", "resolv-file", "rev-server"))]


def test_every_name_has_an_address_of_both_families_that_looks_public() -> None:
    answers = [ipaddress.ip_address(line.removeprefix("address=/#/")) for line in CAPTIVE if line.startswith("address=/#/")]
    assert [address.version for address in answers] == [4, 6]
    assert answers[0] in ipaddress.ip_network("198.51.100.0/24") and answers[1] in ipaddress.ip_network("2001:db8::/32")


def test_answers_are_forgotten_within_five_seconds() -> None:
    assert "local-ttl=5" in CAPTIVE


def test_neither_writes_down_who_has_which_address_or_asks_which_name() -> None:
    for lines in (CAPTIVE, ADMITTED):
        assert not [line for line in lines if line.startswith(("log-queries", "log-dhcp", "dhcp-leasefile", "dumpfile"))]
    assert {"leasefile-ro", "quiet-dhcp", "quiet-dhcp6", "quiet-ra", "dhcp-ignore-names"} <= set(CAPTIVE)


def test_the_script_that_gives_back_leases_is_there_and_can_be_run() -> None:
    [script] = [line.partition("=")[2] for line in CAPTIVE if line.startswith("dhcp-script=")]
    path = PROJECT / Path(script).relative_to(LAYOUT.code)
    assert path.stat().st_mode & 0o111 == 0o111 and path.read_text().startswith("#!/bin/sh\n")


def test_the_admitted_one_leases_nothing() -> None:
    assert not [line for line in ADMITTED if line.startswith(("dhcp", "enable-ra"))]


def test_a_dns_probe_past_the_portal_is_absent_only_while_captive() -> None:
    for name in names.ABSENT:
        assert f"address=/{name}/" in CAPTIVE
        assert not [line for line in ADMITTED if name in line]


def test_the_portal_api_is_offered_only_with_a_public_name() -> None:
    assert not [line for line in CAPTIVE if "114" in line.split(",")[0] or "option6:103" in line]
    secure = names.files(with_api(), LAYOUT)
    assert "dhcp-option=114,https://portal.example.org/api/captive" in secure["dnsmasq-captive.conf"]
    assert "dhcp-option=option6:103,https://portal.example.org/api/captive" in secure["dnsmasq-captive.conf"]
    for text in secure.values():
        assert "address=/portal.example.org/10.44.0.1" in text and "address=/portal.example.org/fd5c:a3b0:77::1" in text


def _lan(address: str) -> SiteConfig:
    return dataclasses.replace(SITE, lan=dataclasses.replace(SITE.lan, address=ipaddress.IPv4Interface(address)))


@pytest.mark.parametrize(
    ("address", "leases", "count"),
    [
        ("10.44.0.1/20", "10.44.0.2,10.44.15.254,255.255.240.0", 4093),
        ("192.168.8.1/28", "192.168.8.2,192.168.8.14,255.255.255.240", 13),
        ("192.168.8.14/28", "192.168.8.1,192.168.8.13,255.255.255.240", 13),
        ("192.168.8.7/28", "192.168.8.1,192.168.8.14,255.255.255.240", 13),
        ("10.9.0.1/16", "10.9.0.2,10.9.255.254,255.255.0.0", 10_000),
    ],
)
def test_the_network_decides_how_many_phones_fit(address: str, leases: str, count: int) -> None:
    lines = names.files(_lan(address), LAYOUT)["dnsmasq-captive.conf"].splitlines()
    assert f"dhcp-range={leases},1h" in lines
    assert f"dhcp-lease-max={count}" in lines
