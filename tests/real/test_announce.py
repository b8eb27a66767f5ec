"""RFC 8910 against the real dnsmasq and the real front: all three ways, while the certificate is valid and not a second longer."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from appliance import facts
from provisioning.lab.pace import patient
from tests.real.certificate import put_certificate
from tests.real.front_place import CODE, Place, front_place, until

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces")]
NAME = "portal.example.org"
URL = f"https://{NAME}/api/captive"
LEASED = """#!/bin/sh
[ "$1" = bound ] && echo "option 114: ${opt114:-none}"
exit 0
"""
CAPTIVE_PORTAL, PREFIX = "37", "3"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    names = ("dnsmasq-captive", "nginx", "announce")
    with front_place(names, static_phone=False, api_name=NAME, before=put_certificate(NAME)) as running:
        # As the gate does: neighbours of a box that does not route drop their route through it (RFC 4861 section 7.2.5).
        running.box.run("sysctl", "-q", "net.ipv6.conf.all.forwarding=1")
        running.phone.ip("link", "set", "wlan0", "up")
        until(lambda: "tentative" not in running.phone.run("ip", "-6", "address", "show", "dev", "wlan0").stdout)
        yield running


def _asked(place: Place, adverts: int = 2) -> dict[str, Any]:
    """What the phone learns in the IPv6 ways, when so many different advertisements are to be heard."""
    asking = [sys.executable, str(CODE / "tests/real/rfc8910_asker.py"), str(adverts)]
    told: dict[str, Any] = json.loads(place.phone.run(*asking, timeout=patient(120)).stdout)
    return told


def _by_dhcpv4(place: Place) -> str:
    script = place.layout.run / "leased.sh"
    script.write_text(LEASED)
    script.chmod(0o755)
    asking = ["busybox", "udhcpc", "-i", "wlan0", "-n", "-q", "-f", "-t", "30", "-T", "1", "-O", "114", "-s", str(script)]
    (found,) = re.findall("option 114: (.+)", place.phone.run(*asking).stdout)
    return bytes.fromhex(found).decode() if found != "none" else found


def _offered(place: Place) -> object:
    return facts.read(place.layout, "announce").get("offered")


def _renewed(place: Place, seconds: float) -> None:
    """A new certificate, as an administrator puts it there: the front reads it when it starts again."""
    put_certificate(NAME, seconds)(place)
    for name in ("announce", "nginx"):
        place.kill(name)
    for name in ("nginx", "announce"):
        (place.layout.service_run(name) / {"nginx": "pid", "announce": "ready"}[name]).unlink(missing_ok=True)
        place.restart(name)


def test_all_three_name_the_api_and_the_advertisement_says_of_the_router_what_dnsmasqs_says(place: Place) -> None:
    assert _by_dhcpv4(place) == URL
    told = _asked(place)
    assert told["dhcpv6"] == URL
    ours, theirs = sorted(told["adverts"], key=lambda advert: CAPTIVE_PORTAL not in advert["options"])
    option = bytes.fromhex(ours["options"][CAPTIVE_PORTAL])
    assert option.rstrip(b"\0").decode() == URL and (len(option) + 2) % 8 == 0
    assert ours["hops"] == theirs["hops"] == 255
    assert ours["from"] == theirs["from"], "one router, not two"
    assert ours["fixed"] == theirs["fixed"], "hop limit, flags and lifetimes"
    assert PREFIX in theirs["options"] and PREFIX not in ours["options"]


def _routes(place: Place) -> list[str]:
    """The phone's default routes, as its kernel has them."""
    return place.phone.run("ip", "-6", "route", "show", "default").stdout.splitlines()


def test_a_phone_has_one_default_route_and_keeps_it(place: Place) -> None:
    _asked(place)
    until(lambda: len(_routes(place)) == 1)  # the kernel has its own time for what the asker heard beside it
    _asked(place)
    (route,) = _routes(place)
    (left,) = re.findall(r"expires (\d+)sec", route)
    assert 1700 < int(left) <= 1800


def test_all_three_are_withdrawn_when_the_certificate_expires_and_the_route_stays(place: Place) -> None:
    _renewed(place, 3.0)
    until(lambda: _offered(place) is False)
    until(lambda: _by_dhcpv4(place) == "none")
    told = _asked(place, adverts=1)
    assert told["dhcpv6"] is None
    assert told["adverts"] and not [advert for advert in told["adverts"] if CAPTIVE_PORTAL in advert["options"]]
    assert len(_routes(place)) == 1
    _renewed(place, 3_600)
    until(lambda: _offered(place) is True)
    until(lambda: _by_dhcpv4(place) == URL)


def test_nothing_of_it_names_a_phone(place: Place) -> None:
    own = place.phone.run("cat", "/sys/class/net/wlan0/address").stdout.strip()
    assert own and own not in place.logs()
    assert "fe80" not in place.logs()
