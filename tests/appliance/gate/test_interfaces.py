"""Room in the kernel's tables is raised where it is too little, and never lowered."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.errors import CommandFailed
from appliance.gate import interfaces
from tests.appliance.gate.knowledge import CONFIG


def test_room_for_a_thousand_phones_is_made_and_more_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = tmp_path / "net/ipv4/neigh/default/gc_thresh3", tmp_path / "net/netfilter/nf_conntrack_max"
    for path, value in ((small, 1024), (large, 262_144)):
        path.parent.mkdir(parents=True)
        path.write_text(f"{value}\n")
    monkeypatch.setattr(interfaces, "_SWITCHES", tmp_path)
    interfaces._make_room()
    assert (small.read_text(), large.read_text()) == ("8192", "262144\n")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["gc_thresh3", "nf_conntrack_max"]


class _Machine:
    """Interfaces by number, their bridge, and an ``ip`` that does what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lan, self.bridge = CONFIG.lan.interface, CONFIG.lan.bridge
        self.numbers, self.master, self.asked = {self.lan: 7, CONFIG.uplinks[0].interface: 8}, 0, list[str]()
        self.refusals = list[CommandFailed]()
        monkeypatch.setattr(interfaces, "Links", lambda: SimpleNamespace(link=self._link))
        monkeypatch.setattr(interfaces, "index_of", self.numbers.get)
        monkeypatch.setattr(interfaces, "run", self._run)
        monkeypatch.setattr(interfaces, "_no_gathering", lambda name: None)
        monkeypatch.setattr(interfaces, "_make_room", lambda: None)
        monkeypatch.setattr(interfaces.Interfaces, "_set_switches", lambda self: None)
        self.it = interfaces.Interfaces(CONFIG)

    def _link(self, name: str) -> SimpleNamespace | None:
        return SimpleNamespace(master=self.master, address="") if name in self.numbers else None

    def _run(self, argv: list[str], *, input: str) -> None:
        self.asked.append(input)
        if self.refusals:
            raise self.refusals.pop()
        if "type bridge" in input:
            self.numbers[self.bridge] = max(self.numbers.values()) + 1
        if f"master {self.bridge}" in input:
            self.master = self.numbers[self.bridge]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> _Machine:
    made = _Machine(monkeypatch)
    made.it.bring_up()
    made.it.keep()
    assert made.master == made.numbers[made.bridge] and len(made.asked) == 3
    made.asked.clear()
    return made


def test_r7_an_adapter_that_could_not_join_the_bridge_is_tried_again(machine: _Machine) -> None:
    """Before the mend, one fork that failed as it was plugged in left the camp without the box."""
    machine.numbers[machine.lan], machine.master = 40, 0
    machine.refusals += [CommandFailed("cannot be started"), CommandFailed("took longer than 60 s")]
    for _ in range(2):
        with pytest.raises(CommandFailed):
            machine.it.keep()
    machine.it.keep()
    machine.it.keep()
    assert len(machine.asked) == 3 and machine.master == machine.numbers[machine.bridge]


def test_r10_a_port_that_another_program_took_out_of_the_bridge_is_put_back(machine: _Machine) -> None:
    machine.master = 0
    machine.it.keep()
    machine.it.keep()
    assert len(machine.asked) == 1 and machine.master == machine.numbers[machine.bridge]


def test_r10_a_bridge_that_another_program_took_away_is_made_again(machine: _Machine) -> None:
    del machine.numbers[machine.bridge]
    machine.master = 0
    machine.refusals += [CommandFailed("cannot be started")]
    with pytest.raises(CommandFailed):
        machine.it.keep()
    machine.it.keep()
    machine.it.keep()
    assert len(machine.asked) == 4 and machine.master == machine.numbers[machine.bridge]


@pytest.mark.parametrize("content", ["", "lots\n"])
def test_r7_a_setting_that_says_nothing_ends_no_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    path = tmp_path / next(iter(interfaces.bridge.ROOM))
    path.parent.mkdir(parents=True)
    path.write_text(content)
    monkeypatch.setattr(interfaces, "_SWITCHES", tmp_path)
    interfaces._make_room()
    assert path.read_text() == content
