"""The storage script against real file systems in files: what it mends, what it leaves alone, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import MissingComponent
from appliance.run import find_program, run
from provisioning.image.own_units import STORAGE

pytestmark = [pytest.mark.net, pytest.mark.loopback]
MIB = 1 << 20
SIZE = 160 * MIB
"""More than one group of blocks: a copy of the superblock stands in the second."""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    for name in ("mke2fs", "e2fsck", "debugfs"):
        try:
            find_program(name)
        except MissingComponent:
            pytest.skip(f"needs {name}")
    path = tmp_path / "storage"
    path.write_text(STORAGE)
    path.chmod(0o755)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data partition as an image has it, with one file in it."""
    tree, path = tmp_path / "tree", tmp_path / "data"
    (tree / "identity").mkdir(parents=True)
    (tree / "identity" / "key.pem").write_text("the key")
    run(["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(tree), str(path), f"{SIZE // MIB}M"])
    return path


def look(script: Path, data: Path) -> dict[str, Any]:
    facts = data.parent / "run" / "facts" / "storage.json"
    assert run([str(script), str(data), str(facts)]).returncode == 0
    told: dict[str, Any] = json.loads(facts.read_text())
    assert (facts.parent.stat().st_mode & 0o7777) == 0o1777
    return told


def key(data: Path) -> str:
    return run(["debugfs", "-R", "cat /identity/key.pem", str(data)], check=False).stdout


def test_a_whole_file_system_is_ready(script: Path, data: Path) -> None:
    assert look(script, data) == {"state": "ready", "why": ""}
    assert key(data) == "the key"


def test_a_first_superblock_that_is_gone_is_mended_from_its_backup(script: Path, data: Path) -> None:
    with data.open("r+b") as file:
        file.write(bytes(4096))
    told = look(script, data)
    assert told["state"] == "mended" and told["why"]
    assert key(data) == "the key"


def test_a_folder_that_is_gone_is_mended_and_said(script: Path, data: Path) -> None:
    run(["debugfs", "-w", "-R", "clri /identity", str(data)])
    run(["debugfs", "-w", "-R", "set_super_value state 2", str(data)])  # as the kernel does when it meets such a thing
    told = look(script, data)
    assert told["state"] == "mended" and told["why"]
    assert look(script, data)["state"] == "ready"


def test_what_is_no_file_system_is_left_as_it_is_and_the_box_told_so(script: Path, data: Path) -> None:
    noise = bytes(range(256)) * (SIZE // 256)
    data.write_bytes(noise)
    told = look(script, data)
    assert told["state"] == "memory" and "new card" in told["why"]
    assert data.read_bytes() == noise


def test_no_partition_at_all_is_said(script: Path, data: Path) -> None:
    data.unlink()
    assert look(script, data)["state"] == "memory"
