"""W Makes the hub's own certificates anew before they end. Run by a timer; the supervisor tells those who use them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from appliance.errors import CampboxError
from appliance.hub_config import parse_hub
from appliance.layout import Layout
from appliance.log import start_logging
from provisioning.authority import certificates, desk

log = logging.getLogger(__name__)


def main() -> None:
    """One look; exit 1 when the authority cannot be read or written."""
    start_logging()
    try:
        layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
        certificates.prepare(layout, parse_hub(layout.hub_config_file.read_text("utf-8")))
        desk.revoke(layout)
    except (CampboxError, OSError) as error:
        log.error("%s", error)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
