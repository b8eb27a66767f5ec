"""W ``campbox flash`` on a real block device, where the kernel has loop devices."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.errors import Refused
from appliance.run import run
from provisioning.flash import commands, job, reader
from provisioning.flash.card import BlockCard
from provisioning.flash.commands import flash
from provisioning.flash.disks import DiskLayout, Node
from provisioning.flash.image import Image
from provisioning.flash.job import Wish, make_card
from provisioning.flash.plan import CHUNK, LABEL, MIB
from tests.fakes.card import card_contract
from tests.provisioning.flash import making
from tests.real import card_making

pytestmark = card_making.WITH_MTOOLS
image, identity, make, SIZE = card_making.image, card_making.identity, card_making.make, card_making.SIZE
needs_loop = pytest.mark.skipif(not Path("/dev/loop-control").exists(), reason="this kernel has no loop devices")


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A loop device of SIZE with an old card's beginning."""
    backing = tmp_path / "backing"
    backing.write_bytes(b"old".ljust(SIZE, b"\xff"))
    done = run(["losetup", "--find", "--show", str(backing)], check=False)
    if done.returncode != 0:
        pytest.skip(f"no loop device to be had: {done.stderr.strip()}")
    path = Path(done.stdout.strip())
    try:
        yield path
    finally:
        run(["losetup", "--detach", str(path)])


@pytest.fixture
def as_card(device: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """lsblk calls the loop device a USB stick; what it says may be changed between two looks."""
    state = device.stat().st_rdev
    number = f"{os.major(state)}:{os.minor(state)}"
    said: dict[str, Any] = {
        "kname": "sda", "path": str(device), "dev": number, "type": "disk", "size": SIZE, "sector": 512,
        "read_only": False, "removable": True, "hotplug": True, "transport": "usb", "model": "Loop", "serial": "S1",
        "fstype": "", "label": "", "uuid": "",
    }  # fmt: skip
    monkeypatch.setattr(reader, "look", lambda: DiskLayout({"sda": Node(**said)}))
    return said


@pytest.mark.image
@needs_loop
def test_a_device_keeps_the_contract_of_cards_and_is_held_by_one(tmp_path: Path) -> None:
    backing = tmp_path / "backing"
    backing.write_bytes(bytes(4 * CHUNK))
    path = run(["losetup", "--find", "--show", str(backing)]).stdout.strip()
    try:
        first = BlockCard(path)
        with pytest.raises(Refused, match="the kernel says that it is in use"):
            BlockCard(path)
        card_contract(lambda size: first)
        first.close()
        assert backing.read_bytes()[-4:] == b"zzzz"
    finally:
        run(["losetup", "--detach", path])


@pytest.mark.image
@needs_loop
def test_a_device_becomes_the_card(image: Path, identity: Path, device: Path, as_card: dict[str, Any], tmp_path: Path) -> None:
    done = CliRunner().invoke(flash, [str(image), "--to", str(device), "--identity", str(identity), "--yes"])
    assert done.exit_code == 0, (done.output, done.exception)
    content = (tmp_path / "backing").read_bytes()
    assert content[:MIB] == image.read_bytes()[:MIB]
    assert content[5 * MIB : making.IMAGE_SIZE] == image.read_bytes()[5 * MIB :]
    assert not any(content[-MIB:]), "an old table at the end is gone"
    (tmp_path / "copy.img").write_bytes(content[: making.IMAGE_SIZE])
    card = Image(tmp_path / "copy.img")
    assert card.get("campbox/identity.json") == identity.read_bytes()
    card.close()


@pytest.mark.image
@needs_loop
def test_a_device_is_overwritten_only_after_a_yes(image: Path, device: Path, as_card: dict[str, Any], tmp_path: Path) -> None:
    done = CliRunner().invoke(flash, [str(image), "--to", str(device)])
    assert isinstance(done.exception, Refused) and "--yes" in str(done.exception)
    assert (tmp_path / "backing").read_bytes().startswith(b"old")


@pytest.mark.image
@needs_loop
@pytest.mark.parametrize(("typed", "written"), [("S1\ny\n", True), ("S1\nn\n", False), ("S2\n", False), ("\n", False)])
def test_a_disk_that_looks_built_in_is_written_after_its_serial_and_a_yes(
    image: Path, device: Path, as_card: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, written: bool
) -> None:
    as_card.update(removable=False, hotplug=False, transport="sata")
    monkeypatch.setattr(commands, "_terminal", lambda: True)
    done = CliRunner().invoke(flash, [str(image), "--to", str(device)], input=typed)
    assert (done.exit_code == 0) == written, (done.output, done.exception)
    assert isinstance(done.exception, Refused) != written
    assert (tmp_path / "backing").read_bytes().startswith(b"old") != written


@pytest.mark.image
@needs_loop
@pytest.mark.parametrize(
    "change", [{"serial": "S2"}, {"size": SIZE * 2}, {"model": "Other"}, {"read_only": True}, {"fstype": "btrfs"}]
)
def test_a_stick_swapped_while_asking_is_left_alone(
    image: Path, device: Path, as_card: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        make_card(Wish(image, device), "0.1.0", lambda _: None, lambda _: as_card.update(change), lambda *_: None)
    assert (tmp_path / "backing").read_bytes().startswith(b"old")


@pytest.mark.image
@needs_loop
def test_the_kernels_number_of_an_insertion_counts(
    image: Path, device: Path, as_card: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = reader.fingerprint(Node(**as_card))
    looks = iter([known, dataclasses.replace(known, sequence=known.sequence + 1)])
    monkeypatch.setattr(job.reader, "fingerprint", lambda node: next(looks))
    with pytest.raises(Refused, match="another disk is there now"):
        make(image, device)
    assert (tmp_path / "backing").read_bytes().startswith(b"old")


@pytest.mark.image
@needs_loop
def test_cut_short_it_goes_on_and_until_then_nothing_starts_from_it(
    image: Path, identity: Path, device: Path, as_card: dict[str, Any], tmp_path: Path
) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        if doing == "writing" and done >= 2 * CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="goes on where it stopped"):
        make_card(Wish(image, device, identity), "0.1.0", lambda _: None, lambda _: None, stop)
    assert (tmp_path / "backing").read_bytes().startswith(LABEL)
    time.sleep(2.1)  # the clock of FAT ticks every two seconds: a card must not depend on it
    done = make(image, device, identity=identity)
    assert done.written.resumed == 2 * CHUNK
    assert "8 MB of it were there already" in done.line()
    assert (tmp_path / "backing").read_bytes()[5 * MIB : making.IMAGE_SIZE] == image.read_bytes()[5 * MIB :]
