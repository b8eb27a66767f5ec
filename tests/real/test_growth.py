"""systemd-repart on a card larger than its image: data takes the rest, nothing else changes, boot ROMs still find the FAT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.config import parse
from appliance.errors import MissingComponent
from appliance.run import find_program, run
from provisioning.image import disk
from provisioning.image.own_units import REPART
from provisioning.image.partitions import MIB, place, table
from provisioning.image.system import late

pytestmark = [pytest.mark.net, pytest.mark.loopback]
ROOT = Path(__file__).resolve().parents[2]
CARD = 3000 * MIB
SECTOR = 512


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """An empty image's partition table on a larger card."""
    for name in ("systemd-repart", "sfdisk"):
        try:
            find_program(name)
        except MissingComponent:
            pytest.skip(f"needs {name}")
    path = tmp_path / "card.img"
    disk.assemble(path, place(table("arm64")), {}, "0" * 64)
    with path.open("r+b") as file:
        file.truncate(CARD)
    folder = tmp_path / "repart.d"
    folder.mkdir()
    for one in late(parse((ROOT / "examples/site.toml").read_text()), "arm64"):
        if one.path.startswith(REPART):
            (folder / Path(one.path).name).write_text(one.text)
    return path


def grow(card: Path) -> None:
    run(["systemd-repart", "--dry-run=no", "--discard=no", "--no-pager", f"--definitions={card.parent / 'repart.d'}", str(card)])


def partitions(card: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads(run(["sfdisk", "--json", str(card)]).stdout)["partitiontable"]["partitions"]
    return {row["name"]: row for row in rows}


def beginning(card: Path, sectors: int) -> bytes:
    with card.open("rb") as file:
        return file.read(sectors * SECTOR)


def test_data_takes_the_rest_and_nothing_else_changes(card: Path) -> None:
    before, mbr = partitions(card), beginning(card, 1)
    grow(card)
    after = partitions(card)
    assert {n: after[n] for n in ("boot", "system_a", "system_b")} == {n: before[n] for n in ("boot", "system_a", "system_b")}
    assert after["data"]["start"] == before["data"]["start"] and after["data"]["uuid"] == before["data"]["uuid"]
    assert (after["data"]["start"] + after["data"]["size"]) * SECTOR > CARD - 2 * MIB
    assert beginning(card, 1) == mbr and mbr[446 + 4] == 0x0C  # the entry that a BCM2837's ROM looks for


def test_a_second_start_writes_nothing(card: Path) -> None:
    grow(card)
    written = card.stat().st_mtime_ns, beginning(card, 64)
    grow(card)
    assert (card.stat().st_mtime_ns, beginning(card, 64)) == written


@pytest.mark.parametrize("sectors", [1, 8, 32])
def test_a_power_cut_while_the_first_table_is_written_leaves_the_backup(card: Path, sectors: int) -> None:
    """libfdisk writes the backup first, then the first table's entries, then its header: the entries are new, the header is old."""
    with card.open("rb") as file:
        file.seek(SECTOR)
        old_header, _ = file.read(SECTOR), file.seek(2 * SECTOR)
        old_entries = file.read(32 * SECTOR)
    grow(card)
    wanted = partitions(card)
    with card.open("r+b") as file:
        file.seek(SECTOR)
        file.write(old_header)
        file.seek((2 + sectors) * SECTOR)
        file.write(old_entries[sectors * SECTOR :])
    assert partitions(card) == wanted
    grow(card)
    assert partitions(card) == wanted
