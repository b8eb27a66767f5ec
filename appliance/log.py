"""E One way to log: time, module, words; never an address or a name of anything people carry."""

from __future__ import annotations

import logging
import sys


def start_logging(level: int = logging.INFO) -> None:
    """Log to standard error, which the supervisor or the journal keeps."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
