"""W What is tried on Debian's kernel: run inside the virtual machine by test_vm.py, never on this machine's own kernel.

A box's own radio and names as the service table starts them, on virtual radios; queueing disciplines that the host may lack.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.layout import Layout
from appliance.names import files as names_files
from appliance.radio import files as radio_files
from appliance.run import find_program, run
from appliance.services import SERVICES
from appliance.supervisor import Supervisor
from provisioning.lab.netns import Namespace

pytestmark = [pytest.mark.net]
SSID = "مخيم North"
SITE = f"""
[site]
id = "camp-vm"
name = "North Gate"
country = "JO"
timezone = "Asia/Amman"
languages = ["ar", "en"]
[lan]
interface = "wlan0"
address = "10.44.0.1/20"
address6 = "fd5c:a3b0:77::1/64"
[radio]
interface = "wlan0"
ssid = "{SSID}"
channel = 6
country = "JO"
[[uplink]]
interface = "eth1"
down = "10mbit"
up = "2mbit"
"""


def test_the_kernel_is_debians() -> None:
    assert run(["uname", "-r"]).stdout.startswith("6."), "Debian 12 has 6.1, Debian 13 has 6.12"
    assert "-amd64" in run(["uname", "-r"]).stdout


@pytest.mark.parametrize("discipline", ["cake", "netem", "fq_codel", "htb"])
def test_a_queueing_discipline_attaches(discipline: str) -> None:
    settings = {"cake": ["bandwidth", "8mbit", "dual-dsthost", "ingress"], "netem": ["delay", "50ms", "loss", "1%"]}
    run(["ip", "link", "add", "shaped", "type", "dummy"])
    try:
        run(["tc", "qdisc", "add", "dev", "shaped", "root", "handle", "1:", discipline, *settings.get(discipline, [])])
        there = json.loads(run(["tc", "-j", "qdisc", "show", "dev", "shaped"]).stdout)
        assert [entry["kind"] for entry in there if entry.get("root")] == [discipline]
    finally:
        run(["ip", "link", "delete", "shaped"])


def test_netem_really_delays() -> None:
    place = Namespace.create("vm-netem")
    try:
        place.run("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "30ms")
        said = place.run("ping", "-c", "3", "-i", "0.2", "127.0.0.1").stdout
        average = float(said.split("=")[-1].split("/")[1])
        assert average >= 60, said
    finally:
        place.destroy()


class Air:
    """A box with its radio, and two phones with theirs."""

    def __init__(self) -> None:
        run(["modprobe", "mac80211_hwsim", "radios=3"])
        run(["ip", "link", "add", "br-lan", "type", "bridge"])
        run(["ip", "addr", "add", "10.44.0.1/20", "dev", "br-lan"])
        run(["ip", "link", "set", "br-lan", "up"])
        self.layout = Layout.under(Path("/tmp/vm-box"), Path.cwd())
        config = parse(SITE)
        rows = [service for service in SERVICES if service.name in ("hostapd", "dnsmasq-captive")]
        self.box = Supervisor(rows, self.layout, python=sys.executable)
        self.box.prepare()
        for name, text in {**radio_files(config, self.layout), **names_files(config, self.layout)}.items():
            (self.layout.conf / name).write_text(text, encoding="utf-8")
        self.box.start()
        self.phones = [self._phone(1), self._phone(2)]

    def _phone(self, number: int) -> Namespace:
        place = Namespace.create(f"vm-phone-{number}")
        radio = Path(f"/sys/class/net/wlan{number}/phy80211/name").read_text().strip()
        run(["iw", "phy", radio, "set", "netns", "name", place.name])
        place.ip("link", "set", f"wlan{number}", "up")
        return place

    def join(self, number: int) -> str:
        """Associate; the answer is what the phone's radio says of the link."""
        phone, device = self.phones[number - 1], f"wlan{number}"
        for _ in range(30):
            said = phone.run("iw", "dev", device, "link").stdout
            if "Connected to" in said:
                return said
            phone.run("iw", "dev", device, "connect", SSID, check=False)
            time.sleep(1)
        raise AssertionError(f"not associated: {said}\n{(self.layout.log / 'hostapd.log').read_text()}")

    def lease(self, number: int) -> str:
        """DHCP; the answer is the address."""
        phone, device = self.phones[number - 1], f"wlan{number}"
        phone.run(find_program("busybox"), "udhcpc", "-i", device, "-n", "-q", "-t", "20", "-s", str(self._script()), timeout=90)
        addresses = json.loads(phone.run("ip", "-j", "-4", "addr", "show", "dev", device).stdout)
        return str(addresses[0]["addr_info"][0]["local"])

    def _script(self) -> Path:
        path = Path("/tmp/vm-udhcpc.sh")
        path.write_text('#!/bin/sh\n[ "$1" = bound ] && ip addr add "$ip/${mask:-20}" dev "$interface"\nexit 0\n')
        path.chmod(0o755)
        return path

    def gone(self) -> None:
        """Switch everything off."""
        self.box.stop()
        for phone in self.phones:
            phone.destroy()


@pytest.fixture(scope="module")
def air() -> Iterator[Air]:
    made = Air()
    yield made
    made.gone()


def test_a_phone_associates_with_the_open_network(air: Air) -> None:
    said = air.join(1)
    assert "freq: 2437" in said


def test_a_phone_gets_a_lease_from_the_box_and_reaches_it(air: Air) -> None:
    air.join(1)
    address = air.lease(1)
    assert address.startswith("10.44.")
    air.phones[0].run("ping", "-c", "2", "-W", "5", "10.44.0.1")


def test_phones_cannot_reach_each_other_over_the_air(air: Air) -> None:
    air.join(1), air.join(2)
    first, second = air.lease(1), air.lease(2)
    assert first != second
    air.phones[1].run("ping", "-c", "1", "-W", "5", "10.44.0.1")
    assert air.phones[0].run("ping", "-c", "2", "-W", "2", second, check=False).returncode != 0


def test_the_radio_runs_as_its_own_user_with_two_capabilities(air: Air) -> None:
    status = Path(f"/proc/{air.box.pids()['hostapd']}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split()[0] == "70107"
    assert int(fields["CapEff"], 16) == (1 << 12) | (1 << 13), "CAP_NET_ADMIN and CAP_NET_RAW"


def test_a_failure_in_the_guest_is_seen() -> None:
    raise AssertionError("this one fails on purpose: test_vm.py asserts that it arrives as a failure")
