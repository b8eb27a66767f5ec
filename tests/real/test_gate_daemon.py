"""The gate as its own user with its one capability, in a real camp."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.gate.client import ask
from appliance.gate.protocol import LINE_LIMIT
from provisioning.lab.pace import patient
from tests.real.gate_camp import BOX4, NET4, NET6, PATIENCE, Camp, inside, phone4, phone6, phone_mac, reaches, tcp, udp, until
from tests.real.gate_place import Place, answers, online, see
from tests.real.living_files import files_below

pytestmark = [pytest.mark.net]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    camp = Camp("gated")
    made: Place | None = None
    try:
        camp.plug_in_first()
        made = Place(camp, "campbox-test-gate")
        made.start()
        camp.plug_in()
        for port in (80, 443):
            camp.listen(camp.net, socket.SOCK_STREAM, port, "internet")
        camp.listen(camp.net, socket.SOCK_DGRAM, 4000, "internet")
        for port, word in ((80, "portal"), (8081, "offline")):
            camp.listen(camp.box, socket.SOCK_STREAM, port, word)
        camp.listen(camp.box, socket.SOCK_DGRAM, 53, "captive-names")
        camp.listen(camp.box, socket.SOCK_DGRAM, 5354, "names")
        yield made
    finally:
        if made is not None:
            made.close()
        camp.close()


@pytest.fixture(autouse=True)
def everyone_captive(place: Place) -> Iterator[None]:
    """Phones have spoken to the box and are captive."""
    see(place)
    yield
    for number in (1, 2):
        place.ask("erase", phone4(number))


def test_it_is_its_own_user_with_one_capability(place: Place) -> None:
    status = Path(f"/proc/{place.pid}/status").read_text()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert lines["Uid"].split() == ["70101"] * 4
    assert {lines[name] for name in ("CapEff", "CapPrm", "CapBnd")} == {f"{1 << 12:016x}"}


def test_the_portal_admits_by_ipv4_and_both_families_pass(place: Place) -> None:
    assert place.ask("status", phone4(1))["state"] == "captive"
    answer = place.ask_as("campbox-portal", {"do": "admit", "ip": phone4(1)})
    assert answer == {"ok": True, "state": "admitted", "seconds_remaining": 43_200}
    assert online(place, 1)
    assert not online(place, 2)


def test_a_phone_is_known_by_its_ipv6_address_as_well(place: Place) -> None:
    assert place.ask("admit", phone6(1))["ok"]
    assert place.ask("status", phone4(1))["state"] == "admitted"
    assert online(place, 1)


def test_status_tells_time_bytes_and_share(place: Place) -> None:
    place.ask("admit", phone4(1))
    assert online(place, 1)
    assert until(lambda: place.ask("status", phone4(1))["bytes_down"] > 100)
    status = place.ask("status", phone4(1))
    assert status["uplink"] == "up" and status["bytes_up"] > 100
    assert 43_000 < status["seconds_remaining"] <= 43_200
    assert status["share"] == {"down_bps": 9_500_000, "up_bps": 1_710_000, "active_people": 1, "reason": "alone"}


def test_dismissing_cuts_at_once(place: Place) -> None:
    place.ask("admit", phone4(1))
    assert online(place, 1)
    assert place.ask("dismiss", phone4(1)) == {"ok": True, "state": "captive"}
    assert tcp(place.camp.phones[0], NET4, 443) == "refused"
    assert tcp(place.camp.phones[0], NET4, 80) == "portal"


def test_admitting_again_extends_and_is_no_second_person(place: Place) -> None:
    place.ask("admit", phone4(1))
    time.sleep(1.1)
    assert place.ask("status", phone4(1))["seconds_remaining"] <= 43_199
    began = time.monotonic()
    assert place.ask("admit", phone4(1))["seconds_remaining"] == 43_200
    left = place.ask("status", phone4(1))["seconds_remaining"]
    assert left >= 43_199 - (time.monotonic() - began)
    assert place.ask("facts")["people_online"] == 1


@pytest.mark.parametrize(
    ("ip", "why"), [("203.0.113.1", "not-on-lan"), (BOX4, "not-on-lan"), ("10.44.7.7", "unknown-device"), ("x", "bad-request")]
)
def test_who_is_not_a_phone_on_the_lan_is_not_admitted(place: Place, ip: str, why: str) -> None:
    assert place.ask("admit", ip) == {"ok": False, "why": why}


@pytest.mark.parametrize("user", ["campbox-telemetry", "campbox-content", "campbox-front"])
def test_only_the_portal_may_admit(place: Place, user: str) -> None:
    assert place.ask_as(user, {"do": "admit", "ip": phone4(1)}) == {"ok": False, "why": "not-allowed"}
    assert not online(place, 1)


def test_telemetry_is_told_facts_without_people(place: Place) -> None:
    facts = place.ask_as("campbox-telemetry", {"do": "facts"})
    assert facts["ok"] and facts["people_online"] == 0 and facts["uplink"] == "up" and facts["shaper"] in ("cake", "htb")
    assert set(facts) == {
        "ok", "people_online", "uplink", "uplink_since_seconds", "rate_down_bps", "rate_up_bps", "bytes_down", "bytes_up",
        "drops", "backlog_bytes", "shaper", "active_people",
    }  # fmt: skip


def test_hostile_callers_harm_nobody(place: Place) -> None:
    path = str(place.layout.socket("gate"))
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for caller in silent:
        caller.connect(path)
        caller.send(b'{"do":"sta')
    with socket.socket(socket.AF_UNIX) as flood:
        flood.connect(path)
        flood.settimeout(2)
        with pytest.raises(OSError):
            for _ in range(1_000):
                flood.send(b"x" * LINE_LIMIT)
    with socket.socket(socket.AF_UNIX) as rubbish:
        rubbish.connect(path)
        rubbish.settimeout(PATIENCE)
        rubbish.send(b"\xff\xfe\n[1]\n{}\n" + b"[" * 3_000 + b"\n")
        assert rubbish.recv(4_000).count(b'"bad-request"') >= 1
    assert place.ask("facts")["ok"]
    for caller in silent:
        caller.close()


def test_fifty_taps_at_once_cost_no_fork(place: Place) -> None:
    place.ask("admit", phone4(1))
    before = place.children_faults()
    wrong: list[object] = []

    def tap(number: int) -> None:
        answer = ask(place.layout, {"do": "admit", "ip": phone4(number % 2 + 1)}, timeout=PATIENCE)
        if not answer["ok"]:
            wrong.append(answer)

    taps = [threading.Thread(target=tap, args=(n,)) for n in range(50)]
    for thread in taps:
        thread.start()
    for thread in taps:
        thread.join()
    place.ask("dismiss", phone4(2))
    assert wrong == []
    assert place.children_faults() == before


def test_killing_the_gate_loses_no_packet_and_no_person(place: Place) -> None:
    place.ask("admit", phone4(1))
    remaining = place.ask("status", phone4(1))["seconds_remaining"]
    with inside(place.camp.phones[0].name):
        stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stream.connect((NET4, 4000))
    stream.settimeout(PATIENCE)
    victim, sent, received = place.pid, 300, 0
    for number in range(sent):
        stream.send(b"hello")
        received += stream.recv(100).startswith(b"internet")
        if number == 50:
            os.kill(victim, signal.SIGKILL)
        time.sleep(0.01)
    stream.close()
    assert received == sent
    assert until(lambda: place.supervisor.pids().get("gate", victim) != victim)
    assert until(lambda: answers(place))
    status = place.ask("status", phone4(1))
    assert status["state"] == "admitted"
    assert remaining - 120 < status["seconds_remaining"] <= remaining + 1
    assert online(place, 1)
    assert place.ask("facts")["people_online"] == 1
    assert place.ask("dismiss", phone4(1))["ok"] and not online(place, 1), "it knows whom it has to cut"


def test_an_orderly_stop_leaves_people_online(place: Place) -> None:
    place.ask("admit", phone4(1))
    place.stop()
    try:
        assert online(place, 1)
        assert not online(place, 2)
    finally:
        place.start()
    assert place.ask("status", phone4(1))["state"] == "admitted"


def test_after_a_power_cut_everyone_passes_for_a_while(place: Place) -> None:
    place.ask("admit", phone4(1))
    place.reboot()
    try:
        see(place)
        assert online(place, 1) and online(place, 2)
        status = place.ask("status", phone4(2))
        assert status["state"] == "grace" and 7_100 < status["seconds_remaining"] <= 7_200
        assert until(lambda: place.ask("facts")["people_online"] == 2), "each gets a share of its own"
        victim = place.pid
        os.kill(victim, signal.SIGKILL)
        assert until(lambda: place.supervisor.pids().get("gate", victim) != victim and answers(place))
        assert place.ask("status", phone4(2))["state"] == "grace"
        assert place.ask("admit", phone4(2))["state"] == "admitted"
        assert place.ask("status", phone4(2))["state"] == "admitted"
    finally:
        place.camp.box.run("nft", "flush", "set", "inet", "campbox", "grace")
        place.camp.box.run("nft", "flush", "map", "inet", "campbox", "guests")
        place.stop()
        place.start()


def test_after_a_power_cut_everyone_taps_again_where_the_site_asks_for_it(place: Place) -> None:
    place.ask("admit", phone4(1))
    place.write_site(place.camp.text.replace('after_reboot = "grace"', 'after_reboot = "ask"'))
    try:
        place.reboot()
        for phone in place.camp.phones:
            assert reaches(phone, BOX4)
        assert place.ask("status", phone4(1))["state"] == "captive"
        assert not online(place, 1)
    finally:
        place.write_site(place.camp.text)


def test_a_cut_uplink_is_told_to_the_admitted_and_mends_without_a_tap(place: Place) -> None:
    phone = place.camp.phones[0]
    place.ask("admit", phone4(1))
    assert tcp(phone, NET4, 80) == "internet"
    place.camp.box.run("nft", "add table inet cut; add chain inet cut f { type filter hook forward priority -10; };"
                       "add rule inet cut f drop; add chain inet cut o { type filter hook output priority -10; };"
                       'add rule inet cut o oifname "wan" drop')  # fmt: skip
    try:
        assert until(lambda: place.ask("facts")["uplink"] == "down", patient(60))
        assert tcp(phone, NET4, 80) == "offline" and tcp(phone, NET6, 80) == "offline"
        assert udp(phone, BOX4, 53) == "captive-names"
        assert place.ask("status", phone4(1))["share"]["reason"] == "uplink-down"
    finally:
        place.camp.box.run("nft", "delete table inet cut")
    assert until(lambda: place.ask("facts")["uplink"] == "up", patient(60))
    assert tcp(phone, NET4, 80) == "internet"
    assert udp(phone, BOX4, 53) == "names"
    assert place.ask("status", phone4(1))["state"] == "admitted"


def test_no_device_is_named_on_disk_or_in_a_log(place: Place) -> None:
    place.ask("admit", phone4(1))
    place.ask("dismiss", phone4(1))
    needles = [phone_mac(1).text, phone4(1), phone6(1), phone_mac(1).text.replace(":", "")]
    texts = {path: content.decode(errors="replace") for path, content in files_below(place.root / "box")}
    assert place.layout.log / "gate.log" in texts, "it looks where the gate writes"
    for path, text in texts.items():
        assert [needle for needle in needles if needle in text] == [], path
