"""E The texts that the pages' sources mark, read once a run: every language is compared with them."""

from __future__ import annotations

import functools
from pathlib import Path

from babel.messages.catalog import Catalog

from appliance.web.messages import wanted


@functools.cache
def source(package: Path) -> Catalog:
    """What ``wanted`` finds in a package of the project; nobody changes it."""
    return wanted(package)
