"""E Codes on the data partition: one small file each: a change rewrites one block, forgetting removes a file.

The files bear no hour: what would tell one stands in RAM (docs/adr/0191), and their dates are a day's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from appliance.dateless import blur
from appliance.errors import NotSo
from appliance.files import make_folder, read_json, remove, sweep, write_json
from appliance.gate import codes


class CodeFiles:
    """Files ``<selector>.json`` in one folder, which is made when the first is written; and in ``passing``, which is in RAM, what
    means something within this boot only. Without such a folder that is not kept."""

    def __init__(self, folder: Path, passing: Path | None = None) -> None:
        self._folder, self._passing = folder, passing

    def read(self) -> dict[str, Any]:
        """Selector -> value of every file that can be read; one that a power cut spoilt takes no other with it.

        Once, at the gate's start: what a power cut left half written, with somebody's slow hash in it, goes. A file of an older
        version, which tells an hour, is written anew. Raises NotSo where the disk does not say which files there are.
        """
        for folder in (self._folder, self._passing):
            if folder is not None:
                sweep(folder)
        found = dict[str, Any]()
        for path in self._all():
            try:
                value = read_json(path)
            except NotSo:
                continue
            finally:
                blur(path)  # a power cut may have come between writing it and this; reading it dates it as well
            if isinstance(value, dict):
                found[path.stem] = value | self._of_this_boot(path.stem)
                if not value.keys().isdisjoint(codes.PASSING):
                    with contextlib.suppress(NotSo):
                        self.write(path.stem, value)
            else:
                found[path.stem] = value
        return found

    def _all(self) -> list[Path]:
        try:
            return sorted(self._folder.glob("*.json"))
        except OSError as error:
            raise NotSo(f"cannot read: {error.strerror}", where=str(self._folder), mend="see to the card") from error

    def write(self, selector: str, value: dict[str, Any]) -> None:
        """Keep one. Raises NotSo when the disk is full or not writable."""
        kept, passing = codes.parted(value)
        self._pass_on(selector, passing)
        make_folder(self._folder, 0o700)
        path = self._folder / f"{selector}.json"
        write_json(path, kept, 0o600)
        blur(path)

    def remove(self, selector: str) -> None:
        """Keep it no longer, nor what was begun of it. Raises NotSo when the disk is not writable."""
        path = self._folder / f"{selector}.json"
        remove(path)
        if self._passing is not None:
            remove(self._passing / path.name)
        blur(path)

    def _of_this_boot(self, selector: str) -> dict[str, Any]:
        if self._passing is None:
            return {}
        try:
            value = read_json(self._passing / f"{selector}.json")
        except NotSo:
            return {}
        whole = isinstance(value, dict) and value.keys() == set(codes.PASSING)
        return value if whole else {}

    def _pass_on(self, selector: str, passing: dict[str, Any]) -> None:
        """RAM that takes nothing costs a restart of the gate whose code this is. Nothing older may be left there."""
        if self._passing is None or not passing:
            return
        path = self._passing / f"{selector}.json"
        try:
            make_folder(self._passing, 0o700)
            write_json(path, passing, 0o600)
        except NotSo:
            with contextlib.suppress(NotSo):
                remove(path)
