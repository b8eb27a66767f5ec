"""P What ``campbox flash`` shows and asks, over the layouts of the corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.errors import BadInput
from provisioning.flash import commands, reader
from provisioning.flash.disks import DiskLayout, parse_layout

LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.json"))


def _layout(name: str) -> DiskLayout:
    case: dict[str, Any] = json.loads((Path(__file__).parent / "layouts" / f"{name}.json").read_text("utf-8"))
    return parse_layout(json.dumps(case["lsblk"]), case["swaps"], case["mountinfo"], case["zpool"])


def _list(monkeypatch: pytest.MonkeyPatch, name: str, *more: str) -> str:
    monkeypatch.setattr(reader, "look", lambda: _layout(name))
    done = CliRunner().invoke(commands.flash, ["--list", *more], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_list_names_the_card_and_says_why_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _list(monkeypatch, "laptop-nvme-with-luks-and-lvm-a-stick")
    may, _, refused = shown.partition("refused:")
    assert "/dev/sda" in may and "31.9 GB" in may and "SanDisk Cruzer Blade, serial 4C530001230415117234" in may and "usb" in may
    assert "/dev/nvme0n1" not in may
    assert "holds / of the running system" in refused


def test_the_list_says_what_a_serial_would_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _list(monkeypatch, "large-usb-disk")
    assert "only if you type the serial:" in shown
    assert "--serial 'WX21A1234567'" in shown


def test_a_machine_without_a_card_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no card found: put one in" in _list(monkeypatch, "nothing-but-the-system-s-disk")
    assert "no card found: put one in" in _list(monkeypatch, "no-disk-at-all")


@pytest.mark.parametrize("name", [path.stem for path in LAYOUTS])
def test_no_list_moves_the_cursor(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for line in _list(monkeypatch, name).splitlines():
        assert line.isprintable()


@pytest.mark.parametrize("name", [path.stem for path in LAYOUTS])
def test_the_list_for_programs_says_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    facts = json.loads(_list(monkeypatch, name, "--json"))
    for row in facts["devices"]:
        assert row["accepted"] == (row["reasons"] == [])


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8 * 10**9), ("7800 mb", 7_800_000_000), ("4096", 4096), ("2GiB", 2**31), ("1g", 10**9)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert commands.read_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "1.5GB", "-1", "8TB", "9" * 30])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="8GB"):
        commands.read_size(text)


def test_what_is_missing_is_said_with_an_example() -> None:
    for arguments in ([], ["card.img"], ["--to", "card.img"]):
        done = CliRunner().invoke(commands.flash, arguments)
        assert isinstance(done.exception, BadInput)
