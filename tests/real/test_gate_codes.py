"""Codes and limits in a real gate: through randomised addresses, kill -9, a power cut, and while people are online."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.box_commands import box
from appliance.gate.client import ask
from provisioning.lab.pace import patient
from tests.fakes.gate_contract import Ask, GateContract
from tests.real.gate_camp import NET4, PATIENCE, Camp, phone4, phone_mac, until
from tests.real.gate_place import Place, answers, online, see

pytestmark = [pytest.mark.net]
ASKING = ('identity = "device"', 'identity = "code"'), ('after_reboot = "grace"', 'after_reboot = "ask"')


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    camp = Camp("codes")
    made: Place | None = None
    try:
        camp.plug_in_first()
        for old, new in ASKING:
            camp.text = camp.text.replace(old, new)
        made = Place(camp, "campbox-test-codes")
        made.start()
        camp.plug_in()
        camp.listen(camp.net, socket.SOCK_STREAM, 443, "internet")
        yield made
    finally:
        if made is not None:
            made.close()
        camp.close()


@pytest.fixture(autouse=True)
def everyone_captive(place: Place) -> Iterator[None]:
    see(place)
    yield
    for number in (1, 2):
        place.ask("erase", phone4(number))


def take(place: Place, number: int) -> str:
    assert place.ask("admit", phone4(number))["ok"]
    answer = place.ask_as("campbox-portal", {"do": "take-code", "ip": phone4(number)})
    assert answer["ok"], answer
    return str(answer["code"])


def enter(place: Place, number: int, code: str) -> dict[str, object]:
    return place.ask_as("campbox-portal", {"do": "enter-code", "ip": phone4(number), "code": code})


def marks(place: Place) -> list[str]:
    """The marks of all admitted devices, as the kernel has them."""
    told = json.loads(place.camp.box.run("nft", "--json", "list", "map", "inet", "campbox", "people").stdout)
    return [str(mark) for item in told["nftables"] if "map" in item for _, mark in item["map"].get("elem", ())]


def kept(place: Place) -> list[Path]:
    return sorted((place.layout.service_data("gate") / "codes").glob("*"))


def test_a_second_phone_with_the_code_is_the_same_person_to_the_kernel(place: Place) -> None:
    code = take(place, 1)
    assert enter(place, 2, code[:-1] + str((int(code[-1]) + 1) % 10)) == {"ok": False, "why": "wrong-code"}
    assert not online(place, 2)
    assert enter(place, 2, code)["ok"]
    assert online(place, 1) and online(place, 2)
    assert len(marks(place)) == 2 and len(set(marks(place))) == 1
    assert place.ask("facts")["people_online"] == 1


def test_a_phone_that_comes_back_with_a_random_address_enters_its_code_and_goes_on(place: Place) -> None:
    code, phone = take(place, 1), place.camp.phones[0]
    before = marks(place)
    try:
        phone.ip("link", "set", "wlan", "address", "06:11:22:33:44:55")
        see(place)
        assert until(lambda: place.ask("status", phone4(1))["state"] == "captive"), "to the box it is a stranger"
        assert enter(place, 1, code)["ok"] and online(place, 1)
        assert set(marks(place)) == set(before)
        place.ask("erase", phone4(1))
    finally:
        phone.ip("link", "set", "wlan", "address", str(phone_mac(1)))
        see(place)


def test_killing_the_gate_keeps_codes_and_whose_they_are(place: Place) -> None:
    code, victim = take(place, 1), place.pid
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: place.supervisor.pids().get("gate", victim) != victim and answers(place))
    assert place.ask("status", phone4(1))["code"] is True
    assert enter(place, 2, code)["ok"] and len(set(marks(place))) == 1


def test_a_code_survives_a_power_cut_and_brings_its_owner_back(place: Place) -> None:
    code = take(place, 1)
    place.reboot()
    see(place)
    assert place.ask("status", phone4(1))["state"] == "captive", "the site asks"
    answer = enter(place, 2, code)
    assert answer["ok"] and 43_100 < int(str(answer["seconds_remaining"])) <= 43_200
    assert online(place, 2) and not online(place, 1)


def test_forgetting_a_phone_removes_its_code_from_the_disk(place: Place) -> None:
    code = take(place, 1)
    assert [path.name for path in kept(place)] == [f"{code[:4]}.json"]
    text = kept(place)[0].read_text()
    assert [needle for needle in (str(phone_mac(1)), phone4(1), code[4:]) if needle in text] == []
    assert place.ask_as("campbox-portal", {"do": "erase", "ip": phone4(1)})["ok"]
    assert kept(place) == []
    assert enter(place, 2, code) == {"ok": False, "why": "wrong-code"}


def test_others_are_answered_while_a_code_is_hashed(place: Place) -> None:
    path = str(place.layout.socket("gate"))
    with socket.socket(socket.AF_UNIX) as slow, socket.socket(socket.AF_UNIX) as quick, select.epoll() as answered:
        for caller in (slow, quick):
            caller.connect(path)
            caller.settimeout(PATIENCE)
            answered.register(caller, select.EPOLLIN)
        slow.sendall(json.dumps({"do": "enter-code", "ip": phone4(1), "code": "1" * 12}).encode() + b'\n{"do":"facts"}\n')
        quick.sendall(b'{"do":"facts"}\n')
        first = answered.poll(PATIENCE)[0][0]  # the kernel keeps the order in which they were answered, however late we look
        assert first == quick.fileno()
        assert b"people_online" in quick.recv(4_000)
        assert slow.recv(4_000).startswith(b'{"ok":false,"why":"wrong-code"}\n'), "in the order it asked"


@pytest.fixture
def a_megabyte_a_day(place: Place, tmp_path: Path) -> Iterator[None]:
    """The site gives everybody so much, from now on; afterwards as before."""
    site, reload = tmp_path / "site.toml", ["reload", str(tmp_path / "site.toml"), "--root", str(place.root / "box")]
    site.write_text(place.camp.text.replace(ASKING[0][1], f"{ASKING[0][1]}\ndaily_mb = 1"))
    assert CliRunner().invoke(box, reload).exit_code == 0
    yield
    site.write_text(place.camp.text)
    assert CliRunner().invoke(box, reload).exit_code == 0


def left(place: Place, number: int) -> int:
    return int(place.ask("status", phone4(number))["quota"]["bytes_remaining"])


def carry(place: Place, number: int, packets: int) -> None:
    """Some 10 kB there and back, so many times."""
    place.camp.phones[number - 1].run("ping", "-q", "-c", str(packets), "-i", "0.02", "-s", "10000", NET4, check=False)


@pytest.mark.usefixtures("a_megabyte_a_day")
def test_a_days_volume_follows_the_code_through_kill_and_power_cut_and_ends_passing_when_it_is_used_up(place: Place) -> None:
    code = take(place, 1)
    carry(place, 1, 20)
    assert until(lambda: 100_000 < left(place, 1) < 800_000, patient(20))
    victim = place.pid
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: place.supervisor.pids().get("gate", victim) != victim and answers(place))
    assert until(lambda: left(place, 1) < 800_000, patient(20)), "the kernel counts on"
    place.ask("dismiss", phone4(1))
    assert until(lambda: left(place, 1) < 800_000, patient(20)), "who goes takes nothing along"
    assert enter(place, 2, code)["ok"] and left(place, 2) < 800_000
    carry(place, 2, 50)
    assert until(lambda: place.ask("status", phone4(2))["state"] == "captive", patient(20)) and not online(place, 2)
    assert place.ask("admit", phone4(2))["why"] == enter(place, 1, code)["why"] == "used-up"
    place.reboot()
    see(place)
    assert enter(place, 2, code)["why"] == "used-up", "the code's file says so"


def test_limits_changed_while_people_are_online_throw_nobody_off(place: Place, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    place.ask("admit", phone4(1))
    site.write_text(place.camp.text.replace('session = "12h"', 'session = "1h"').replace("10mbit", "20mbit"))
    try:
        done = CliRunner().invoke(box, ["reload", str(site), "--root", str(place.root / "box"), "--json"])
        assert json.loads(done.stdout) == {"now": ["access.session"], "start": ["uplink"]} and done.exit_code == 1
        assert online(place, 1)
        assert int(place.ask("status", phone4(1))["seconds_remaining"]) > 43_000, "what was promised is kept"
        assert place.ask("admit", phone4(2))["seconds_remaining"] == 3_600
        site.write_text("[nonsense]\n")
        assert CliRunner().invoke(box, ["reload", str(site), "--root", str(place.root / "box")]).exception is not None
        assert place.ask("admit", phone4(2))["seconds_remaining"] == 3_600, "a wrong file changes nothing"
    finally:
        site.write_text(place.camp.text)
        assert CliRunner().invoke(box, ["reload", str(site), "--root", str(place.root / "box")]).exit_code == 0


class TestRealGateKeepsTheContractOfTheFakeOne(GateContract):
    @pytest.fixture
    def contract_gate(self, place: Place) -> Ask:
        return lambda request: ask(place.layout, request, timeout=PATIENCE)
