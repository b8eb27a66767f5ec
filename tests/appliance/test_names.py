"""Both dnsmasq configurations as whole texts, and the rules they must not lose."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from pathlib import Path

import pytest

from appliance import names
from appliance.announce.advert import INTERVAL, ROUTER_LIFETIME
from appliance.config import SiteConfig
from appliance.gate.garden import KEPT
from captive_portal.probes import PROBES
from tests import golden_files
from tests.captive_portal.site import LAYOUT, PROJECT, SITE, with_api

CAPTIVE = names.files(SITE, LAYOUT)["dnsmasq-captive.conf"].splitlines()
ADMITTED = names.files(SITE, LAYOUT)["dnsmasq-admitted.conf"].splitlines()


@pytest.mark.parametrize("name", ["dnsmasq-captive.conf", "dnsmasq-admitted.conf"])
def test_the_whole_text(name: str) -> None:
    golden_files.same(golden_files.FOLDER / name, names.files(SITE, LAYOUT)[name])


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


def test_the_portal_api_is_offered_only_with_a_public_name_and_by_a_file_that_comes_and_goes() -> None:
    assert not [line for line in CAPTIVE if line.startswith(("dhcp-optsfile", "dhcp-option=114", "dhcp-option=option6:103"))]
    secure = names.files(with_api(), LAYOUT)
    lines = secure["dnsmasq-captive.conf"].splitlines()
    assert f"dhcp-optsfile={LAYOUT.service_run('announce')}/options.conf" in lines
    assert not [line for line in lines if "114" in line or "103" in line], "what stands here cannot be withdrawn"
    for name in ("dnsmasq-captive.conf", "dnsmasq-admitted.conf"):
        assert "address=/portal.example.org/10.44.0.1" in secure[name]
        assert "address=/portal.example.org/fd5c:a3b0:77::1" in secure[name]


def test_the_announcer_is_told_what_the_site_wants_and_only_where_there_is_a_public_name() -> None:
    assert "announce.conf" not in names.files(SITE, LAYOUT)
    assert json.loads(names.files(with_api(), LAYOUT)["announce.conf"]) == {
        "interface": "br-lan",
        "address": "10.44.0.1",
        "name": "portal.example.org",
        "url": "https://portal.example.org/api/captive",
    }


def test_dnsmasq_says_the_lifetime_that_the_announcer_says_of_the_same_router() -> None:
    assert f"ra-param=br-lan,{INTERVAL},{ROUTER_LIFETIME}" in CAPTIVE


WITH_GARDEN = dataclasses.replace(SITE, access=dataclasses.replace(SITE.access, garden=("example.org", "apple.com")))


def test_the_whole_text_of_the_garden() -> None:
    golden_files.same(golden_files.FOLDER / "dnsmasq-garden.conf", names.files(WITH_GARDEN, LAYOUT)["dnsmasq-garden.conf"])


def test_a_site_without_a_garden_has_no_name_server_for_it_and_a_garden_changes_neither_of_the_others() -> None:
    without, with_it = names.files(SITE, LAYOUT), names.files(WITH_GARDEN, LAYOUT)
    assert set(with_it) - set(without) == {"dnsmasq-garden.conf"}
    assert all(with_it[name] == text for name, text in without.items())


def test_where_phones_look_for_the_internet_is_answered_by_the_box_also_in_a_garden() -> None:
    assert set(names.PROBED) == {probe.host for probe in PROBES if probe.answers}
    lines = names.files(WITH_GARDEN, LAYOUT)["dnsmasq-garden.conf"].splitlines()
    assert f"address=/captive.apple.com/{names.TEST_ADDRESS}" in lines and "local=/captive.apple.com/" in lines
    assert not [line for line in lines if "msftconnecttest" in line], "it is not in this garden"


def test_an_address_of_the_garden_is_forgotten_by_phones_long_before_the_kernel_forgets_it() -> None:
    assert f"max-ttl={names.GARDEN_TTL}" in names.files(WITH_GARDEN, LAYOUT)["dnsmasq-garden.conf"].splitlines()
    assert KEPT == "1d" and names.GARDEN_TTL < 86_400 / 100


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
