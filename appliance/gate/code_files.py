"""E Codes on the data partition: one small file each: a change rewrites one block, forgetting removes a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.files import read_json, write_json


class CodeFiles:
    """Files ``<selector>.json`` in one folder, which is made when the first is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> dict[str, Any]:
        """Selector -> value of every file that can be read; one that a power cut spoilt takes no other with it."""
        found = dict[str, Any]()
        for path in sorted(self._folder.glob("*.json")):
            try:
                found[path.stem] = read_json(path)
            except NotSo:
                continue
        return found

    def write(self, selector: str, value: dict[str, Any]) -> None:
        """Keep one. Raises NotSo when the disk is full or not writable."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise NotSo(f"cannot write: {error.strerror}", where=str(self._folder), mend="mend its permissions") from error
        write_json(self._folder / f"{selector}.json", value, 0o600)

    def remove(self, selector: str) -> None:
        """Keep it no longer. Raises NotSo when the disk is not writable."""
        try:
            (self._folder / f"{selector}.json").unlink(missing_ok=True)
        except OSError as error:
            raise NotSo(f"cannot remove: {error.strerror}", where=str(self._folder), mend="mend its permissions") from error
