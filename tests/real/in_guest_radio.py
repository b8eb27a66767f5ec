"""W ``campbox box up`` on a radio of its own, on Debian's kernel: run inside the virtual machine by test_vm.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import leftovers
from appliance.gate.client import ask
from appliance.run import find_program, run
from tests.real.guest_air import GATEWAY, PORTAL, PROBE_HOST, WEB, Air, until

pytestmark = [pytest.mark.net]


@pytest.fixture(scope="module")
def air() -> Iterator[Air]:
    made = Air()
    yield made
    made.gone()


def test_box_up_runs_the_whole_table_and_its_own_radio(air: Air) -> None:
    state = json.loads(air.campbox("status", "--json"))
    assert state["whole"] is True, state
    wanted = {"gate", "hostapd", "nginx", "portal", "catalogue", "dnsmasq-captive", "dnsmasq-admitted"}
    assert wanted <= set(state["services"])
    ports = json.loads(run(["ip", "-j", "link", "show", "master", "br-lan"]).stdout)
    assert sorted(port["ifname"] for port in ports) == ["wlan0", "wlan0-owe"], "hostapd puts both into the gate's bridge"


def test_the_radio_runs_as_its_own_user_with_two_capabilities(air: Air) -> None:
    (pid,) = leftovers.running(air.layout)["hostapd"]
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split()[0] == "70107"
    assert int(fields["CapEff"], 16) == (1 << 12) | (1 << 13), "CAP_NET_ADMIN and CAP_NET_RAW"


def test_a_phone_associates_with_the_open_network(air: Air) -> None:
    said = until(air.phones[0].link, "associated")
    assert "freq: 2437" in said


def test_a_phone_gets_a_lease_from_the_box_and_reaches_it(air: Air) -> None:
    phone = air.joined(1)
    assert phone.address.startswith("10.44.")
    assert phone.pings(GATEWAY)


def test_phones_cannot_reach_each_other_over_the_air(air: Air) -> None:
    first, second = air.joined(1), air.joined(2)
    assert first.address != second.address
    assert second.pings(GATEWAY)
    assert not first.pings(second.address)


def test_a_phone_is_led_to_the_portal_taps_and_passes_to_the_web(air: Air) -> None:
    phone, other = air.joined(1), air.joined(2)
    resolved = phone.place.run(find_program("busybox"), "nslookup", "-type=a", PROBE_HOST, GATEWAY).stdout
    assert "198.51.100.1" in resolved, resolved
    probe = f"http://{PROBE_HOST}/generate_204"
    assert phone.ask(probe, "--resolve", f"{PROBE_HOST}:80:198.51.100.1") == "302 http://camp.internal/"
    assert phone.ask(f"http://{WEB}/") == "302 http://camp.internal/"
    assert not phone.pings(WEB)
    assert "North Gate" in phone.read("http://camp.internal/en/", *PORTAL)
    assert "held back" in air.campbox("explain", phone.address)

    assert phone.ask("http://camp.internal/en/connect", "-X", "POST", *PORTAL).startswith("303 ")
    assert "an ordinary page" in until(lambda: "ordinary" in (said := phone.read(f"http://{WEB}/")) and said, "online")
    assert phone.pings(WEB)
    assert "held back" not in air.campbox("explain", phone.address)
    assert other.ask(f"http://{WEB}/") == "302 http://camp.internal/", "one tap is for one phone"


def test_a_phone_that_slept_returns_with_a_new_random_mac_is_served_and_has_one_share(air: Air) -> None:
    phone, other = air.joined(1), air.joined(2)
    old = phone.mac
    phone.sleep()
    phone.wake("key_mgmt=NONE", "mac_addr=1")
    air.joined(1)
    assert phone.mac != old and int(phone.mac[:2], 16) & 2, "an address that it made up"
    assert phone.ask(f"http://{WEB}/") == "302 http://camp.internal/", "to the box it is a new phone"
    for one in (phone, other):
        assert one.ask("http://camp.internal/en/connect", "-X", "POST", *PORTAL).startswith("303 ")
    until(lambda: "ordinary" in phone.read(f"http://{WEB}/"), "online again")

    def alike() -> dict[str, Any] | None:
        """The share, once both were told of the same plan: between two questions the gate may have made another."""
        mine, theirs = (ask(air.layout, {"do": "status", "ip": one.address})["share"] for one in (phone, other))
        return mine if mine["down_bps"] == theirs["down_bps"] > 0 else None

    share = until(alike, "both have the same share")
    assert share["active_people"] <= 2, "who it was before it slept takes nothing from anybody"


def test_a_phone_that_can_is_encrypted_without_a_password_and_apart_from_those_that_cannot(air: Air) -> None:
    plain, phone = air.joined(1), air.joined(2)
    phone.sleep()
    phone.wake("key_mgmt=OWE", "ieee80211w=2")
    air.joined(2)
    encrypted = run(["iw", "dev", "wlan0-owe", "station", "dump"]).stdout
    assert phone.mac in encrypted and plain.mac not in encrypted
    assert phone.pings(WEB), "the same phone, so it is still online"
    assert not phone.pings(plain.address)


def test_the_shares_are_cakes_on_this_kernel(air: Air) -> None:
    for device in ("br-lan", "eth1"):
        kinds = [entry["kind"] for entry in json.loads(run(["tc", "-j", "qdisc", "show", "dev", device]).stdout)]
        assert kinds[0] == "htb" and "cake" in kinds, kinds


def test_no_log_of_a_box_with_a_radio_names_a_phone(air: Air) -> None:
    phones = [air.joined(1), air.joined(2)]
    logs = "".join(path.read_text(errors="replace") for path in air.layout.log.iterdir()).lower() + air.words
    assert "hostapd.log" in {path.name for path in air.layout.log.iterdir()}
    for told in (text for phone in phones for text in (phone.mac, phone.address)):
        assert told not in logs


def test_sigterm_ends_box_and_radio_in_order(air: Air) -> None:
    air.joined(1)
    assert air.end() == 0, air.words
    assert "stopping" in air.words and "Traceback" not in air.words
    assert leftovers.running(air.layout) == {}
    until(lambda: not air.phones[0].link(), "the phone notices that the access point is gone")
