"""R3 and R10 with the real gate and kernel: killed, stopped and rebooted on a disk that is full, read-only or spoilt."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.run import run
from appliance.services import USERS
from tests.real.gate_camp import Camp, phone4, phone_mac, until
from tests.real.gate_place import Place, answers, online, see

pytestmark = [pytest.mark.net]
DISKS = ["full", "read-only"]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    camp = Camp("again")
    made: Place | None = None
    try:
        camp.plug_in_first()
        made = Place(camp, "campbox-test-again")
        made.start()
        camp.plug_in()
        camp.listen(camp.net, socket.SOCK_STREAM, 443, "internet")
        yield made
    finally:
        if made is not None:
            made.close()
        camp.close()


@pytest.fixture(autouse=True)
def as_new(place: Place) -> Iterator[None]:
    """The gate at its first start ever, everyone captive."""
    place.stop()
    memory(place).unlink(missing_ok=True)
    place.camp.box.run("nft", "flush", "ruleset")
    place.start()
    see(place)
    yield


def memory(place: Place) -> Path:
    return place.layout.service_data("gate") / "memory.json"


@contextmanager
def disk(place: Place, kind: str) -> Iterator[None]:
    """Under the gate, while it is stopped, a disk that takes nothing."""
    folder, uid = memory(place).parent, USERS["campbox-gate"]
    place.stop()
    run(["mount", "-t", "tmpfs", "-o", f"size=4k,uid={uid},gid={uid},mode=0750", "campbox-test", str(folder)])
    try:
        if kind == "full":
            (folder / "filler").write_bytes(b"x" * 4096)
        else:
            run(["mount", "-o", "remount,ro", str(folder)])
        place.start()
        yield
    finally:
        place.stop()
        run(["umount", str(folder)])
        place.start()


def kill(place: Place) -> None:
    victim = place.pid
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: place.supervisor.pids().get("gate", victim) != victim and answers(place))


@pytest.mark.parametrize("kind", DISKS)
def test_r3_on_a_disk_that_takes_nothing_a_killed_gate_leaves_everyone_online(place: Place, kind: str) -> None:
    with disk(place, kind):
        place.ask("admit", phone4(1))
        left = int(place.ask("status", phone4(1))["seconds_remaining"])
        for again in (kill, kill, lambda place: (place.stop(), place.start())):
            again(place)
            assert online(place, 1)
            status = place.ask("status", phone4(1))
            assert status["state"] == "admitted" and int(status["seconds_remaining"]) <= left + 1
        assert not memory(place).exists(), "the disk is what it is said to be"
        place.ask("erase", phone4(1))
        assert not online(place, 1)


@pytest.mark.parametrize("kind", DISKS)
def test_r3_on_a_disk_that_takes_nothing_a_reboot_is_one_and_everyone_passes_for_a_while(place: Place, kind: str) -> None:
    with disk(place, kind):
        place.ask("admit", phone4(1))
        place.reboot()
        see(place)
        assert place.ask("status", phone4(2))["state"] == "grace" and online(place, 1) and online(place, 2)
        kill(place)
        assert place.ask("status", phone4(2))["state"] == "grace", "still the same boot"


@pytest.mark.parametrize("torn", ["", '{"boot": "', "[]", '{"boot": "another", "had_admitted": false}'])
def test_r3_a_spoilt_memory_or_an_older_boots_puts_nobody_offline(place: Place, torn: str) -> None:
    place.ask("admit", phone4(1))
    memory(place).write_text(torn)
    kill(place)
    assert place.ask("status", phone4(1))["state"] == "admitted" and online(place, 1)


def test_r10_whom_a_hand_let_in_for_ever_is_known_has_an_end_and_can_be_cut(place: Place) -> None:
    def hand(name: str, element: str) -> None:
        place.camp.box.run("nft", "add", "element", "inet", "campbox", name, f"{{ {element} }}")

    place.ask("admit", phone4(1))
    hand("people", f"{phone_mac(2)} : 500")
    for interface in ("eth9", place.camp.config.lan.bridge):
        hand("grace", f'"{interface}"')
    assert online(place, 2)
    kill(place)
    assert place.ask("facts")["people_online"] == 2
    status = place.ask("status", phone4(2))
    assert status["state"] == "admitted" and 0 < int(status["seconds_remaining"]) <= 7 * 86_400 + 1
    place.ask("dismiss", phone4(2))
    left = place.ask("status", phone4(2))
    assert left["state"] == "grace" and int(left["seconds_remaining"]) <= 7_200, "the grace has an end, too"
    place.camp.box.run("nft", "flush", "set", "inet", "campbox", "grace")
    kill(place)
    assert not online(place, 2) and online(place, 1)


def test_r10_what_another_program_flushed_or_took_apart_stands_again_with_everybody(place: Place) -> None:
    """As ``systemctl restart nftables`` and a network manager do it, without a restart of the gate."""
    box, lan = place.camp.box, place.camp.config.lan
    place.ask("admit", phone4(1))
    assert online(place, 1)
    pid = place.pid
    box.run("nft", "flush", "ruleset")
    box.run("ip", "link", "set", "dev", lan.interface, "nomaster")
    assert place.ask("admit", phone4(2)) == {"ok": False, "why": "try-again"}
    assert until(lambda: place.ask("admit", phone4(2)).get("ok") is True), "with the next tick"
    assert online(place, 1) and online(place, 2)
    assert until(lambda: f"master {lan.bridge}" in box.run("ip", "link", "show", "dev", lan.interface).stdout)
    assert place.pid == pid
    assert "boot " in box.run("nft", "list", "set", "inet", "campbox", "life").stdout, "the next restart knows the boot"
