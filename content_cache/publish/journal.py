"""E The hub's journal of editions: what each version was, so that an editor sees what went out, and when."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.files import read_json, write_json
from content_cache.publish.edition import NewFile

log = logging.getLogger(__name__)
KEPT = 20
"""Editions remembered: the last ten, from which there are patches, and as many before them."""


def read(path: Path) -> list[dict[str, Any]]:
    """The newest first: ``serial``, ``date``, ``services``, ``bytes`` of the whole, of the ``patch`` from the one before or None.

    A damaged journal is no reason not to publish: it is told in the log and begun anew.
    """
    try:
        kept = read_json(path)
    except NotSo as error:
        log.warning("the journal of versions begins anew: %s", error)
        return []
    return [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []


def note(path: Path, files: Sequence[NewFile]) -> None:
    """Remember an edition by its files; the first is the whole."""
    whole = files[0]
    serial = whole.custom["serial"]
    step = next((file for file in files[1:] if file.custom["from"] == serial - 1), None)
    entry = {
        "serial": serial, "date": whole.custom["date"], "services": whole.custom["services"], "bytes": len(whole.content),
        "patch": None if step is None else len(step.content),
    }  # fmt: skip
    write_json(path, [entry, *read(path)][:KEPT], mode=0o640)
