"""W A stick is in: ``python -m content_cache.stick DEVICE``. Root mounts it and steps down; everything else is the content user's.

The same look as the timer's, with the same verification, at one source that costs nothing. What was fetched before the stick was
pulled stays, and is gone on with: at the next stick, or over the network.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from appliance import facts
from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, CampboxError
from appliance.layout import Layout
from appliance.log import start_logging
from content_cache import stick_mount
from content_cache.folder_carrier import Folder

log = logging.getLogger(__name__)
FACTS = "stick"
ON_STICK = "campbox"
"""The folder of a stick that holds the repository."""
PATIENCE = 60.0
"""Seconds to wait for a look that is under way."""
WORDS = {
    "reading": "leave the stick in",
    "updated": "taken: the catalogue of this stick is shown now",
    "current": "nothing new: this box has it already",
    "expired": "nothing new: this box has it already",
    "older": "older than what this box holds: nothing was changed",
    "held": "held: a person must look at it at the hub first",
    "offline": "the stick was pulled: put it in again, it goes on where it was",
    "waiting": "there is no catalogue on this stick",
    "refused": "refused: nothing was changed",
}


def look(config: SiteConfig, layout: Layout, mount: Path, sleep: Callable[[float], None] = time.sleep) -> str:
    """One look at a stick; the outcome goes into the facts ``stick``. Returns its state."""
    from content_cache.fetch import Source
    from content_cache.refresh import Sync
    from content_cache.sources import kept

    class Copying(Sync):
        """Progress also stands where the person who brought the stick looks."""

        def _tell_progress(self, done: int, total: int) -> None:
            super()._tell_progress(done, total)
            _tell(layout, "reading", "", done, total)

    root = layout.identity_dir / "root.json"
    if not (mount / ON_STICK / "metadata" / "timestamp.json").exists():
        return _tell(layout, "waiting", "")
    if not root.exists():
        return _tell(layout, "refused", "this box is not enrolled yet: it does not know whom to believe")
    _tell(layout, "reading", "")
    waited = 0.0
    while True:
        source = Source(Folder(mount / ON_STICK), root.read_bytes(), kept(layout), sleep)
        outcome = Copying(config, layout, given=[source]).run()
        if outcome.state != "waiting" or "under way" not in outcome.why or waited >= PATIENCE:
            return _tell(layout, outcome.state, outcome.why)
        sleep(1.0)
        waited += 1.0


def _tell(layout: Layout, state: str, why: str, done: int = 0, total: int = 0) -> str:
    words = ": ".join(part for part in (WORDS.get(state, ""), why) if part)
    facts.tell(layout, FACTS, {"state": state, "why": words, "done": done, "total": total})
    if state != "reading":
        log.info("%s %s", state, words)
    return state


def main() -> None:
    """Exit 0 whatever the catalogue on the stick is like; 1 when it is no stick, or this place itself is broken."""
    start_logging()
    logging.getLogger("tuf").setLevel(logging.WARNING)
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    try:
        if len(sys.argv) != 2:
            raise BadInput("which stick is not said", mend="python -m content_cache.stick DEVICE")
        target = layout.run / FACTS
        stick_mount.mount(Path(sys.argv[1]), target)
        stick_mount.become(stick_mount.USER, [stick_mount.READS_IDENTITY])
        config = parse(layout.config_file.read_text(encoding="utf-8"), str(layout.config_file))
        look(config, layout, target)
    except (CampboxError, OSError) as error:
        log.error("%s", error)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
