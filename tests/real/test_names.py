"""The real dnsmasqs: what the captive and the admitted are told, who gets an address, and that nothing of it is written down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from appliance import names
from captive_portal.probes import NEVER_WHILE_CAPTIVE, PROBES
from tests.real.front_place import CODE, LAN4, LAN6, Place, front_place, until

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces")]
A, AAAA, NXDOMAIN = 1, 28, 3
MAC = "02:7e:57:00:73:91"
LEASED = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/$mask dev $interface
echo "ip=$ip router=$router dns=$dns lease=$lease"
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with front_place(("dnsmasq-captive", "dnsmasq-admitted")) as running:
        yield running


def _ask(place: Place, questions: list[tuple[str, str]], to: str = LAN4, port: int = 53) -> list[dict[str, object]]:
    text = json.dumps([{"to": to, "port": port, "name": name, "kind": kind} for name, kind in questions])
    done = place.phone.run(sys.executable, str(CODE / "tests/real/dns_asker.py"), input=text)
    answers: list[dict[str, object]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("to", [LAN4, LAN6])
def test_every_name_has_both_addresses_at_once_and_for_five_seconds(place: Place, to: str) -> None:
    hosts = [probe.host for probe in PROBES if probe.answers] + ["example.org", "a.b.c.d.example"]
    for host, answer in zip(hosts, _ask(place, [(host, "A") for host in hosts], to), strict=True):
        assert answer == {"code": 0, "records": [[A, names.CAPTIVE_TTL, names.TEST_ADDRESS]]}, host
    for host, answer in zip(hosts, _ask(place, [(host, "AAAA") for host in hosts], to), strict=True):
        assert answer == {"code": 0, "records": [[AAAA, names.CAPTIVE_TTL, names.TEST_ADDRESS6]]}, host


@pytest.mark.parametrize("to", [LAN4, LAN6])
def test_every_other_question_is_answered_empty_at_once_and_never_leaves(place: Place, to: str) -> None:
    questions = [("example.org", kind) for kind in ("TXT", "MX", "NS", "HTTPS", "SVCB")]
    questions += [("1.0.44.10.in-addr.arpa", "PTR"), ("payload-of-a-tunnel.example.org", "TXT"), ("camp.internal", "HTTPS")]
    assert _ask(place, questions, to) == [{"code": 0, "records": []}] * len(questions)


def test_the_portals_name_is_the_box(place: Place) -> None:
    for port in (53, names.ADMITTED_PORT):
        assert _ask(place, [("camp.internal", "A"), ("camp.internal", "AAAA")], port=port) == [
            {"code": 0, "records": [[A, names.CAPTIVE_TTL, LAN4]]},
            {"code": 0, "records": [[AAAA, names.CAPTIVE_TTL, LAN6]]},
        ]


def test_windows_dns_probe_gets_its_genuine_answer(place: Place) -> None:
    [windows] = [probe for probe in PROBES if probe.dns]
    got = [answer["records"] for answer in _ask(place, [(windows.host, "A"), (windows.host, "AAAA")])]
    assert got == [[[A, names.CAPTIVE_TTL, windows.dns[0]]], [[AAAA, names.CAPTIVE_TTL, windows.dns[1]]]]


def test_names_that_lead_past_the_portal_do_not_exist(place: Place) -> None:
    questions = [(name, kind) for name in NEVER_WHILE_CAPTIVE for kind in ("A", "AAAA", "HTTPS")]
    assert _ask(place, questions) == [{"code": NXDOMAIN, "records": []}] * len(questions)


def test_a_phone_leases_and_gets_a_prefix_and_nothing_is_written_down() -> None:
    with front_place(("dnsmasq-captive",), static_phone=False) as place:
        place.phone.ip("link", "set", "wlan0", "address", MAC)
        script = place.layout.run / "leased.sh"
        script.write_text(LEASED)
        script.chmod(0o755)
        told = place.phone.run(
            "busybox", "udhcpc", "-f", "-q", "-n", "-t", "10", "-i", "wlan0", "-x", "hostname:planted-phone", "-s", str(script)
        )
        assert f"router={LAN4} dns={LAN4} lease=3600" in told.stdout
        until(lambda: "fd5c:a3b0:77:" in place.phone.run("ip", "-6", "address", "show", "dev", "wlan0", "scope", "global").stdout)
        assert "default via fe80:" in place.phone.run("ip", "-6", "route").stdout
        address = told.stdout.split("ip=")[1].split()[0]
        place.stop()
        _nowhere_written(place, (MAC, "planted-phone", address))


def _nowhere_written(place: Place, planted: tuple[str, ...]) -> None:
    written = [path for folder in (place.layout.run, place.layout.data) for path in folder.rglob("*") if path.is_file()]
    assert place.layout.log / "dnsmasq-captive.log" in written
    for path in written:
        text = path.read_text(errors="replace")
        assert [word for word in planted if word in text] == [], path


def test_a_restarted_server_lets_a_phone_keep_its_address() -> None:
    with front_place(("dnsmasq-captive",), static_phone=False) as place:
        heard = place.layout.run / "heard"
        script = place.layout.run / "leased.sh"
        script.write_text(f'#!/bin/sh\n[ -n "$ip" ] && ip address replace $ip/$mask dev $interface; echo "$1 $ip" >> {heard}\n')
        script.chmod(0o755)
        client = place.phone.spawn(
            ["busybox", "udhcpc", "-f", "-t", "10", "-i", "wlan0", "-s", str(script)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: heard.exists() and "bound " in heard.read_text())
        address = heard.read_text().split("bound ")[1].split()[0]
        place.kill("dnsmasq-captive")
        place.restart("dnsmasq-captive")
        client.send_signal(signal.SIGUSR1)  # renew now
        until(lambda: f"renew {address}" in heard.read_text())
        client.kill()
        client.wait()


def test_a_restarted_server_gives_nobodys_address_to_another() -> None:
    with front_place(("dnsmasq-captive",)) as place:
        taken = [f"10.44.0.{last}" for last in range(2, 9)]
        for address in taken:
            place.phone.run("ip", "address", "add", f"{address}/20", "dev", "wlan0")
            place.phone.run("busybox", "arping", "-q", "-c", "1", "-I", "wlan0", "-s", address, LAN4, check=False)
            place.box.run("ping", "-q", "-c", "1", "-W", "20", address)
        place.kill("dnsmasq-captive")
        place.layout.config_file.touch()
        path = place.layout.conf / "dnsmasq-captive.conf"
        path.write_text(path.read_text().replace("dhcp-range=10.44.0.2,10.44.15.254", "dhcp-range=10.44.0.2,10.44.0.10"))
        place.restart("dnsmasq-captive")
        script = place.layout.run / "leased.sh"
        script.write_text(LEASED)
        script.chmod(0o755)
        offered = set()
        for number in range(2):
            place.phone.run("ip", "link", "add", f"mv{number}", "link", "wlan0", "type", "macvlan", "mode", "bridge")
            place.phone.ip("link", "set", f"mv{number}", "up")
            lease = place.phone.run("busybox", "udhcpc", "-f", "-q", "-n", "-t", "10", "-i", f"mv{number}", "-s", str(script))
            offered.add(lease.stdout.split("ip=")[1].split()[0])
        assert len(offered) == 2 and not offered & set(taken)
