"""A stick, for real: mounted by root in a namespace of its own, read by the content user, gone when that process ends.

Where the kernel has no FAT a folder stands for the stick: it is bound with the same restrictions, the rest is the same.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.errors import CampboxError
from appliance.run import run
from appliance.services import USERS
from content_cache.publish import publisher, stick
from tests.real import hub_repository
from tests.real.hub_repository import CODE, Box, Hub
from tests.real.stick_cell import is_a_cell, look_at_a_fat_stick, looked

pytestmark = [pytest.mark.net, pytest.mark.loopback]
place, hub = hub_repository.place, hub_repository.hub


def written(hub: Hub, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    with publisher.opened(hub.layout) as repository:
        stick.write(repository, folder)
    return folder


def put_in(box: Box, source: Path) -> dict[str, Any]:
    """What the unit that udev starts does."""
    environment = {**box.layout.environment(), "PYTHONPATH": str(CODE), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    run([sys.executable, "-m", "content_cache.stick", str(source)], env=environment)
    assert str(box.layout.run / "stick") not in Path("/proc/self/mounts").read_text()
    return facts.read(box.layout, "stick")


def test_a_stick_brings_a_box_without_a_network_up_to_date(place: Path, hub: Hub) -> None:
    hub.publish(10)
    box = Box(place / "box", hub)
    hub.server.shutdown()
    old = written(hub, place / "old")
    assert put_in(box, old)["state"] == "updated" and box.services() == 10
    owners = {path.stat().st_uid for path in box.file.parent.rglob("*")}
    assert owners == {USERS["campbox-content"]} and facts.read(box.layout, "sync")["source"] == "usb"
    hub.publish(12)
    new = written(hub, place / "new")
    assert put_in(box, new)["state"] == "updated" and box.services() == 12
    assert put_in(box, new)["state"] == "current"
    assert put_in(box, old)["state"] == "older" and box.services() == 12
    for path in (new / "campbox" / "metadata").glob("*.snapshot.json"):
        path.unlink()
        path.symlink_to("/etc/shadow")
    (new / "campbox" / "metadata" / "timestamp.json").unlink()
    (new / "campbox" / "metadata" / "timestamp.json").symlink_to("/etc/passwd")
    told = put_in(box, new)
    assert told["state"] in ("offline", "refused") and box.services() == 12


def test_the_mount_is_read_only_without_programs_and_root_is_given_up(place: Path) -> None:
    folder = place / "stick"
    folder.mkdir()
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    is_a_cell(looked(folder, place / "target"), "run.sh")
    assert list((place / "target").iterdir()) == []


def test_a_real_fat_stick_is_read(place: Path) -> None:
    with contextlib.suppress(CampboxError):
        run(["modprobe", "vfat"])
    if "vfat" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no FAT: a folder stands for the stick; Debian's kernel does it in the virtual machine")
    look_at_a_fat_stick(place)
