"""W The timer's program, once a minute: ``python -m content_cache.sync``. Says quickly that nothing is due, which is the rule.

What a look needs (TUF, SQLite) takes four times as long to load as to find that out, so it is loaded only for a look.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from appliance import clock, facts
from appliance.config import SiteConfig, parse
from appliance.errors import CampboxError
from appliance.layout import Layout
from appliance.log import start_logging
from content_cache import notice_board
from content_cache.due import is_due
from content_cache.last_look import asked_by_hub, last_look, wish_file

log = logging.getLogger(__name__)
PATIENCE = 50.0
"""Seconds a box that is being enrolled waits, within one run of the timer: people are there before the next."""


def due(config: SiteConfig, layout: Layout) -> bool:
    """Whether to look now: also once after each start, for what was told of the last look stood in RAM, and when the hub says
    that there is something new."""
    told = facts.read(layout, "sync")
    asked = wish_file(layout).exists() or not told or asked_by_hub(layout) != told.get("asked", 0)
    return is_due(last_look(layout), clock.now().wall, config.catalogue.every, asked=asked)


def look(config: SiteConfig, layout: Layout) -> None:
    """One look, or for a new box a second one once it is enrolled; the outcome goes into the facts and the log."""
    from content_cache.refresh import Sync

    logging.getLogger("tuf").setLevel(logging.WARNING)
    enrolled = _is_enrolled(layout)
    outcome = Sync(config, layout).run()
    if not enrolled and wait_for_enrolment(layout):
        outcome = Sync(config, layout).run()
    log.info("%s %s", outcome.state, outcome.why)


def wait_for_enrolment(layout: Layout, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether the box was enrolled before patience ended."""
    waited = 0.0
    while not _is_enrolled(layout) and waited < PATIENCE:
        sleep(1.0)
        waited += 1.0
    return _is_enrolled(layout)


def _is_enrolled(layout: Layout) -> bool:
    return (layout.identity_dir / "root.json").exists()


def main() -> None:
    """One run; exit 0 whatever the network does, 1 when this place itself is broken."""
    start_logging()
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    try:
        config = parse(layout.config_file.read_text(encoding="utf-8"), str(layout.config_file))
        layout.service_data("content").mkdir(parents=True, exist_ok=True)
        notice_board.tell(layout)
        if due(config, layout):
            look(config, layout)
    except (CampboxError, OSError) as error:
        log.error("%s", error)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
