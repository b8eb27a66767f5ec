"""A data partition of dictionaries for codes; ``full`` refuses every change, as a full disk does."""

from __future__ import annotations

import json
from typing import Any

from appliance.errors import NotSo


class FakeCodeFiles:
    """As appliance.gate.code_files.CodeFiles. ``writes`` counts what was written."""

    def __init__(self) -> None:
        self.kept = dict[str, str]()
        self.full = False
        self.writes = 0

    def read(self) -> dict[str, Any]:
        return {selector: json.loads(text) for selector, text in self.kept.items()}

    def write(self, selector: str, value: dict[str, Any]) -> None:
        self._refuse()
        self.writes += 1
        self.kept[selector] = json.dumps(value)

    def remove(self, selector: str) -> None:
        self._refuse()
        self.kept.pop(selector, None)

    def _refuse(self) -> None:
        if self.full:
            raise NotSo("cannot write: No space left on device", where="codes")
