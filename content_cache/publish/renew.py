"""W Signs the published repository anew before it expires, without the notices that are over. Run by a timer at the hub."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from appliance import clock
from appliance.errors import CampboxError
from appliance.layout import Layout
from appliance.log import start_logging
from content_cache.publish import desk_signing, publisher

log = logging.getLogger(__name__)


def main() -> None:
    """One look; exit 1 when the keys or the repository cannot be read."""
    start_logging()
    try:
        layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
        if clock.now().trust == "none":
            log.warning("the hub does not know the date: nothing is signed anew")
            return
        publisher.ensure(layout)
        desk_signing.refresh(layout)
    except (CampboxError, OSError) as error:
        log.error("%s", error)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
