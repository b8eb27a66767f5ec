"""A stick carries the same repository: whole, under names that FAT can hold, the time stamp last; a box takes it as it is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance import facts
from appliance.errors import BadInput, NotSo, Unreachable
from appliance.layout import Layout
from content_cache import fat_names, folder_carrier
from content_cache import stick as at_box
from content_cache.catalogue_store import FILE, Store
from content_cache.publish import publisher, stick
from content_cache.publish.commands import catalogue
from content_cache.publish.publisher import Place
from tests.content_cache.data import PROJECT
from tests.content_cache.publish.test_publisher import imported
from tests.content_cache.site import place, site


@pytest.fixture
def hub(tmp_path: Path) -> Layout:
    layout = Layout.under(tmp_path / "hub", PROJECT)
    publish(layout, 10)
    return layout


@pytest.fixture
def written(tmp_path: Path, hub: Layout) -> Path:
    """A stick with ten services."""
    folder = tmp_path / "stick"
    folder.mkdir()
    write(hub, folder)
    return folder


def publish(hub: Layout, count: int) -> None:
    publisher.publish(hub, imported(count), site="camp-1", timezone="Asia/Amman")


def write(hub: Layout, folder: Path) -> stick.Written:
    with publisher.opened(hub) as repository:
        return stick.write(repository, folder)


class Box:
    """A box enrolled with that hub, and nothing of its network."""

    def __init__(self, folder: Path, hub: Layout) -> None:
        self.layout = place(folder)
        shutil.copy(Place.of(hub).repository / "metadata" / "1.root.json", self.layout.identity_dir / "root.json")

    def put_in(self, folder: Path) -> dict[str, Any]:
        at_box.look(site(), self.layout, folder, lambda seconds: None)
        return facts.read(self.layout, at_box.FACTS)

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


@pytest.fixture
def box(tmp_path: Path, hub: Layout) -> Box:
    return Box(tmp_path / "box", hub)


def test_a_stick_holds_all_that_a_new_box_needs_and_nothing_secret(hub: Layout, written: Path, box: Box) -> None:
    told = box.put_in(written)
    assert (told["state"], box.services) == ("updated", 10) and "shown now" in told["why"]
    secrets = {path.read_bytes() for path in Place.of(hub).keys.iterdir()}
    for path in (one for one in written.rglob("*") if one.is_file()):
        assert path.read_bytes() not in secrets and b"PRIVATE" not in path.read_bytes()
        assert fat_names.problem(str(path.relative_to(written)), path.stat().st_size) == "" or path.name == "README.txt"
    told = box.put_in(written)
    assert told == {"state": "current", "why": "nothing new: this box has it already", "done": 0, "total": 0}


def test_writing_again_brings_what_is_new_and_removes_what_is_old(hub: Layout, written: Path, box: Box) -> None:
    before = {path.name for path in written.rglob("*.zst")}
    publish(hub, 12)
    made = write(hub, written)
    names = {path.name for path in written.rglob("*.zst")}
    assert (
        names.isdisjoint(before) and len(names) <= 2 and made.files == sum(1 for one in written.rglob("*.*") if one.is_file()) - 1
    )
    assert (box.put_in(written)["state"], box.services) == ("updated", 12)


def test_a_stick_pulled_while_it_is_written_holds_the_old_edition_or_none(hub: Layout, written: Path, box: Box) -> None:
    publish(hub, 12)
    with publisher.opened(hub) as repository:
        wanted = stick.files(repository)
    assert wanted[-1][0] == "metadata/timestamp.json"
    for stop in (0, len(wanted) // 2, len(wanted) - 1):
        half = written.parent / f"half{stop}"
        shutil.copytree(written, half)
        for name, path in wanted[:stop]:
            shutil.copy(path, half / "campbox" / name)
        again = Box(written.parent / f"box{stop}", hub)
        assert again.put_in(half)["state"] == "updated" and again.services == 10, stop


def test_an_older_stick_is_refused_politely_and_nobody_else_is_told(hub: Layout, written: Path, box: Box) -> None:
    publish(hub, 12)
    newer = written.parent / "newer"
    newer.mkdir()
    write(hub, newer)
    box.put_in(newer)
    before = facts.read(box.layout, "sync")
    told = box.put_in(written)
    assert told["state"] == "older" and "nothing was changed" in told["why"] and box.services == 12
    assert facts.read(box.layout, "sync") == before


def test_a_stick_that_was_pulled_is_gone_on_with(hub: Layout, written: Path, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content_cache.publish.edition.PIECE", 4_096)
    monkeypatch.setattr(folder_carrier, "PIECE", 1_024)
    publish(hub, 200)
    write(hub, written)
    begun, true, away = list[int](), folder_carrier._pieces, written.with_name("away")

    def pulled(descriptor: int, start: int, size: int) -> Any:
        if size < 9_000:
            yield from true(descriptor, start, size)
            return
        begun.append(start)
        for number, piece in enumerate(true(descriptor, start, size)):
            if len(begun) == 1 and number == 5:
                written.rename(away)
                raise Unreachable("the stick cannot be read: No such device")
            yield piece

    monkeypatch.setattr(folder_carrier, "_pieces", pulled)
    monkeypatch.setattr("content_cache.taking.TELL_EVERY", 0.0)
    shown, publish_facts = list[dict[str, Any]](), facts.publish

    def noted(layout: Layout, service: str, told: dict[str, Any]) -> None:
        publish_facts(layout, service, told)
        shown.extend([told] if service == "stick" and told["done"] else [])

    monkeypatch.setattr(facts, "publish", noted)
    monkeypatch.setattr("content_cache.taking.Taking.sleep", staticmethod(lambda seconds: None))
    told = box.put_in(written)
    assert told["state"] == "offline" and "goes on where it was" in told["why"] and box.services == 0
    assert shown and 0 < shown[-1]["done"] < shown[-1]["total"] and shown[-1]["state"] == "reading"
    away.rename(written)
    told = box.put_in(written)
    assert (told["state"], box.services) == ("updated", 200)
    assert begun[0] == 0 and begun[1] >= 4_096 and len(begun) == 2


def _hostile(what: str, stick_folder: Path) -> None:
    top = stick_folder / "campbox"
    (target,) = (top / "targets").glob("*.zst")
    if what == "links":
        target.unlink()
        target.symlink_to("/etc/passwd")
        (top / "metadata" / "2.root.json").symlink_to("/etc/shadow")
    elif what == "a link in place of a folder":
        shutil.rmtree(top / "targets")
        (top / "targets").symlink_to("/etc")
    elif what == "a pipe":
        target.unlink()
        os.mkfifo(target)
    elif what == "a bomb":
        with target.open("wb") as file:
            file.truncate(2**40)
    elif what == "huge names":
        for number in range(50):
            (top / "metadata" / (f"{number}" + "x" * 240)).write_bytes(b"")
        target.write_bytes(b"")
    elif what == "a time stamp without end":
        with (top / "metadata" / "timestamp.json").open("r+b") as file:
            file.truncate(2**40)
    elif what == "metadata of somebody else":
        (top / "metadata" / "timestamp.json").write_text('{"signatures":[],"signed":{"_type":"timestamp"}}')
    else:
        target.write_bytes(b"(\xb5/\xfd" + os.urandom(500))


_HOSTILE = (
    "links", "a link in place of a folder", "a pipe", "a bomb", "huge names", "a time stamp without end",
    "metadata of somebody else", "junk",
)  # fmt: skip


@pytest.mark.parametrize("what", _HOSTILE)
def test_a_hostile_stick_harms_nothing(hub: Layout, written: Path, box: Box, what: str) -> None:
    box.put_in(written)
    publish(hub, 12)
    write(hub, written)
    for patch in (written / "campbox" / "targets").glob("*.patch-*"):
        patch.unlink()
    _hostile(what, written)
    told = box.put_in(written)
    assert told["state"] in ("refused", "offline") and told["why"] and box.services == 10, told
    kept = [path for path in box.layout.data.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < 5_000_000
    assert not any(b"root:" in path.read_bytes() for path in kept)


def test_a_stick_without_a_catalogue_and_a_box_without_a_hub_say_so(tmp_path: Path, written: Path) -> None:
    layout = place(tmp_path / "new")
    assert at_box.look(site(), layout, tmp_path) == "waiting"
    assert at_box.look(site(), layout, written) == "refused"
    assert "not enrolled" in facts.read(layout, "stick")["why"]


def test_there_must_be_a_folder_room_and_a_catalogue(tmp_path: Path, hub: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="not a folder"):
        write(hub, tmp_path / "nothing")
    with pytest.raises(NotSo, match="no catalogue has been published"):
        write(Layout.under(tmp_path / "empty", PROJECT), tmp_path)
    monkeypatch.setattr(stick.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 9))  # type: ignore[attr-defined]
    with pytest.raises(NotSo, match="bytes are needed and 9 are free"):
        write(hub, tmp_path)


def test_the_command_writes_a_stick_and_says_how_much(tmp_path: Path, hub: Layout) -> None:
    done = CliRunner().invoke(catalogue, ["usb", str(tmp_path), "--hub-root", str(tmp_path / "hub"), "--json"])
    assert done.exit_code == 0 and json.loads(done.output)["serial"] == 1, done.output
    assert (tmp_path / "campbox" / "metadata" / "timestamp.json").exists()
