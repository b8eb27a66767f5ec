"""E Golden files: the one place that compares with them and, with ``CAMPBOX_GOLDEN=write``, writes them (docs/adr/0180).

A test that writes has compared with nothing, so it never passes: read the difference, then run it again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioning import modes

FOLDER = Path(__file__).resolve().parent / "golden"


def same(path: Path, made: str | bytes) -> None:
    """What was made is what stands in this file. Raises BadInput when writing is asked for in CI."""
    content = made.encode() if isinstance(made, str) else made
    if modes.read(os.environ).writes_golden:
        path.write_bytes(content)
        _written(path)
    if not path.exists():
        pytest.fail(f"there is no golden file {path}; {modes.GOLDEN}=write makes it", pytrace=False)
    if isinstance(made, str):
        assert made == path.read_bytes().decode()
    assert content == path.read_bytes()


def all_same(folder: Path, made: Mapping[str, str]) -> None:
    """What was made are the files of this folder, all of them. Raises BadInput when writing is asked for in CI."""
    if modes.read(os.environ).writes_golden:
        for path in folder.iterdir():
            if path.name not in made:
                path.unlink()
        for name, text in made.items():
            (folder / name).write_bytes(text.encode())
        _written(folder)
    assert made == {path.name: path.read_bytes().decode() for path in folder.iterdir()}


def _written(path: Path) -> None:
    pytest.fail(f"written, not compared: {path}; read the difference and run again without {modes.GOLDEN}", pytrace=False)
