"""E A hub's dashboard as a program reads it: its API, through the loopback port of a demo."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.request
from typing import Any

from appliance.errors import Unreachable
from provisioning.lab.pace import patient

TIMEOUT = 10.0


class Dashboard:
    """One operator's view."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._login = base64.b64encode(f"{user}:{password}".encode()).decode()

    def read(self, path: str) -> dict[str, Any]:
        """One JSON object. Raises Unreachable."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Basic {self._login}"})
        try:
            with urllib.request.urlopen(request, timeout=patient(TIMEOUT)) as answer:
                found = json.loads(answer.read())
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
            raise Unreachable(f"the dashboard does not answer: {type(error).__name__}", where=self.url + path) from error
        if not isinstance(found, dict):
            raise Unreachable("the dashboard's answer is no object", where=self.url + path)
        return found

    def box(self, name: str) -> dict[str, Any] | None:
        """What the hub knows of a box by its own reports; None when it never reported."""
        return next((row for row in self.read("/api/v1/boxes")["boxes"] if row["box"] == name), None)

    def enrolment(self, name: str) -> str:
        """What became of the newest ticket of a box."""
        rows = [row for row in self.read("/api/v1/enrolments")["enrolments"] if row["box"] == name]
        return str(max(rows, key=lambda row: float(row["issued"]))["state"]) if rows else "no ticket"
