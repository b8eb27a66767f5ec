"""Nobody is given an address that somebody holds, whatever a time server does to the clock (N2)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.prepare import write_configuration
from appliance.run import find_program
from appliance.services import services
from appliance.supervisor import Supervisor
from provisioning.lab.pace import patient
from tests.real.gate_camp import BOX4, Camp, until
from tests.real.gate_place import Place, see
from tests.real.raw_frames import dhcp, lease, made_up, wire

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = [pytest.mark.net]
PEOPLE = 300
"""As in the finding: 24 of 300 newcomers got an address that somebody held."""
HOUR, DAY = 3600, 86_400


class Clocked:
    """A camp whose DHCP server has a wall clock of its own, which the test sets as a time server would."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self.place, self.clock = place, place.layout.run / "clock"
        self.set(0)
        programs = place.layout.run / "programs"
        programs.mkdir()
        wrapper = programs / "dnsmasq"
        faked = f"LD_PRELOAD={FAKETIME[0]} FAKETIME_TIMESTAMP_FILE={self.clock} FAKETIME_NO_CACHE=1"
        wrapper.write_text(f'#!/bin/sh\nexport FAKETIME_DONT_FAKE_MONOTONIC=1 {faked}\nexec {find_program("dnsmasq")} "$@"\n')
        wrapper.chmod(0o755)
        table = [service for service in services("box") if service.name == "dnsmasq-captive"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
            self.names = Supervisor(table, place.layout, python="python3", enter=place.camp.box.enter)
            self.names.prepare()
            write_configuration("campbox.files", place.camp.config, place.layout)
            self.names.start()
        stack.callback(self.names.stop)
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(ended, programs), daemon=True)
        keeper.start()
        stack.callback(keeper.join)
        stack.callback(ended.set)

    def _keep(self, ended: threading.Event, programs: Path) -> None:
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        try:
            while not ended.wait(0.05):
                self.names.tick()
        finally:
            os.environ["PATH"] = os.environ["PATH"].removeprefix(f"{programs}:")

    def set(self, seconds: int) -> None:
        """The clock is so much later than it is."""
        self.clock.write_text(f"{seconds:+d}\n")
        self.clock.chmod(0o644)

    @property
    def pid(self) -> str:
        """The DHCP server's, by its own file; empty while there is none."""
        file = self.place.layout.service_run("dnsmasq-captive") / "pid"
        return file.read_text().strip() if file.exists() else ""


@pytest.fixture
def clocked() -> Iterator[Clocked]:
    with ExitStack() as stack:
        camp = Camp("gleases", phones=2)
        stack.callback(camp.close)
        camp.plug_in_first()
        made = Place(camp, "campbox-test-leases")
        stack.callback(made.close)
        made.start()
        camp.plug_in()
        see(made)
        yield Clocked(made, stack)


def _leased(clocked: Clocked, first: int, count: int) -> dict[str, str]:
    """Hardware address -> what it was leased; who is told nothing asks again, as phones do, while a server starts anew."""
    found = dict[str, str]()
    with wire(clocked.place.camp.phones[0]) as raw:
        for number in range(first, first + count):
            mac, ends = made_up(number), time.monotonic() + patient(30.0)
            while mac not in found and time.monotonic() < ends:
                if (address := lease(raw, mac, mac)) is not None:
                    found[mac] = address
    return found


def _forget_neighbours(clocked: Clocked) -> None:
    """Phones asleep: the kernel's table of neighbours knows nobody."""
    clocked.place.camp.box.run("ip", "neighbour", "flush", "dev", "br-lan", "nud", "all", check=False)


@pytest.mark.parametrize("jump", [9 * HOUR, 1800, 400 * DAY, -400 * DAY], ids=["+9h", "+30min", "+400d", "-400d"])
def test_n2_a_clock_that_is_set_gives_nobodys_address_to_another(clocked: Clocked, jump: int) -> None:
    here = _leased(clocked, 1, PEOPLE)
    assert len(here) == PEOPLE == len(set(here.values()))
    _forget_neighbours(clocked)
    clocked.set(jump)
    newcomers = _leased(clocked, 1 + PEOPLE, PEOPLE)
    assert len(newcomers) == PEOPLE, "and everybody gets one"
    both = set(here.values()) & set(newcomers.values())
    assert both == set(), f"{len(both)} of {PEOPLE} collide"
    for mac in (made_up(1), made_up(PEOPLE)):
        with wire(clocked.place.camp.phones[0]) as raw:
            assert lease(raw, mac, mac, patience=patient(5.0)) == here[mac], "who had one keeps it"


def test_n2_set_backwards_leases_still_end(clocked: Clocked) -> None:
    """They would have lasted 400 days: the server begins anew with what the kernel knows, as soon as somebody comes."""
    _leased(clocked, 1, 3)
    assert until(lambda: clocked.pid != "")
    before = clocked.pid
    clocked.set(-400 * DAY)
    assert len(_leased(clocked, 10, 2)) == 2
    assert until(lambda: clocked.pid not in ("", before))
    assert len(_leased(clocked, 20, 2)) == 2
    listed = clocked.place.camp.box.run("nft", "list", "set", "inet", "campbox", "leased").stdout
    assert listed.count("expires") == 7


def test_n2_an_address_given_back_is_free_for_others_and_no_reason_to_begin_anew(clocked: Clocked) -> None:
    """As every self-test does, at every start."""
    mac = made_up(1)
    with wire(clocked.place.camp.phones[0]) as raw:
        address = lease(raw, mac, mac, patience=patient(5.0))
        assert address is not None and until(lambda: clocked.pid != "")
        before = clocked.pid
        raw.send(dhcp(mac, mac, ("message-type", "release"), ("server_id", BOX4), ciaddr=address))
    box = clocked.place.camp.box
    for name in ("leased", "taken"):
        assert until(lambda name=name: "expires" not in box.run("nft", "list", "set", "inet", "campbox", name).stdout)  # type: ignore[misc]
    assert len(_leased(clocked, 2, 1)) == 1
    assert clocked.pid == before
