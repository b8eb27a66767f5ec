"""E Writers as they must not be: the harness has to find each of them out, or its other rows prove nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from appliance.errors import NotSo
from appliance.layout import Layout
from tests.real.storage_row import Row


class _Careless:
    """One small file with a number, written by ``put`` in one way or another."""

    def __init__(self, layout: Layout, put: Callable[[Path, str], None]) -> None:
        layout.data.mkdir(parents=True, exist_ok=True)
        self.path, self._put = layout.data / "number", put

    def write(self, number: int) -> None:
        self._put(self.path, f"{number:08}" * 2_000)

    def kept(self) -> list[int]:
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return []
        return [int(text[:8]) if text == text[:8] * 2_000 and text else -1]


def _not_flushed(path: Path, text: str) -> None:
    beside = path.with_name("beside")
    beside.write_text(text)
    os.replace(beside, path)


def _in_place(path: Path, text: str) -> None:
    try:
        with path.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotSo("cannot write") from error


def _folder_not_flushed(path: Path, text: str) -> None:
    try:
        beside = path.with_name("beside")
        with beside.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise NotSo("cannot write") from error


def _left_behind(path: Path, text: str) -> None:
    beside = path.with_name(f".{text[:8]}.new")
    _in_place(beside, text)
    os.replace(beside, path)


def _silent(path: Path, text: str) -> None:
    with contextlib.suppress(OSError, NotSo):
        _in_place(path.with_name("beside"), text)
        os.replace(path.with_name("beside"), path)


def _row(name: str, put: Callable[[Path, str], None]) -> Row:
    return Row(name, lambda layout: _Careless(layout, put), ())


CARELESS: tuple[Row, ...] = (
    _row("not flushed", _not_flushed),
    _row("in place", _in_place),
    _row("folder not flushed", _folder_not_flushed),
    _row("left behind", _left_behind),
    _row("silent", _silent),
)
