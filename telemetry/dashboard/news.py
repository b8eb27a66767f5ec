"""E Whether the hub has signed new content: the version of its newest list, as it lies there for every box to fetch."""

from __future__ import annotations

import json
import os

from appliance.errors import BadInput
from appliance.layout import Layout
from telemetry.strict import whole


class News:
    """Reads the file again only when it has been replaced."""

    def __init__(self, layout: Layout) -> None:
        self._file = layout.data / "hub" / "publish" / "repository" / "metadata" / "timestamp.json"
        self._seen, self._version = 0, 0

    def version(self) -> int:
        """The version of the signed timestamp (TUF specification 1.0, section 4.6); 0 while nothing has been published."""
        try:
            seen = os.stat(self._file).st_mtime_ns
            if seen != self._seen:
                self._version, self._seen = whole(json.loads(self._file.read_bytes())["signed"]["version"]), seen
        except (OSError, ValueError, LookupError, TypeError, RecursionError, BadInput):
            return self._version  # it is looked at again in a moment
        return self._version
