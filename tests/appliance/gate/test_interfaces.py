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


def test_r7_an_adapter_that_could_not_join_the_bridge_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the mend, one fork that failed as it was plugged in left the camp without the box."""
    asked, refusals = list[str](), [CommandFailed("cannot be started"), CommandFailed("took longer than 60 s")]

    def run(argv: list[str], *, input: str) -> None:
        asked.append(input)
        if refusals:
            raise refusals.pop()

    monkeypatch.setattr(interfaces, "Links", lambda: SimpleNamespace(link=lambda name: SimpleNamespace(master=0)))
    monkeypatch.setattr(interfaces, "index_of", lambda name: 7)
    monkeypatch.setattr(interfaces, "run", run)
    monkeypatch.setattr(interfaces, "_no_gathering", lambda name: None)
    monkeypatch.setattr(interfaces.Interfaces, "_set_switches", lambda self: None)
    made = interfaces.Interfaces(CONFIG)
    for _ in range(2):
        with pytest.raises(CommandFailed):
            made.keep()
    made.keep()
    made.keep()
    assert len(asked) == 3 and f"master {CONFIG.lan.bridge}" in asked[-1]


@pytest.mark.parametrize("content", ["", "lots\n"])
def test_r7_a_setting_that_says_nothing_ends_no_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    path = tmp_path / next(iter(interfaces.bridge.ROOM))
    path.parent.mkdir(parents=True)
    path.write_text(content)
    monkeypatch.setattr(interfaces, "_SWITCHES", tmp_path)
    interfaces._make_room()
    assert path.read_text() == content
