"""E Servers of the lab's internet as processes in its namespace: started, waited for, ended."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.run import find_program
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient

PATIENCE = 60.0
"""Seconds within which a server serves."""


class Servers:
    """What runs, and the log they share."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, place: Namespace, commands: Mapping[Path, Sequence[str]]) -> None:
        """Start them and wait until each has written its pid file, the key. Raises NotSo when one does not."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "start_new_session": True}
        with self.log.open("ab") as output:
            for argv in commands.values():
                command = [find_program(argv[0]), *argv[1:]]
                self._running.append(place.spawn(command, stdout=output, stderr=output, **options))
        deadline = time.monotonic() + patient(PATIENCE)
        while not all(file.exists() for file in commands):
            if time.monotonic() > deadline or any(process.poll() is not None for process in self._running):
                words = self.log.read_text(errors="replace").strip().splitlines()
                said = words[-1] if words else "it said nothing"
                raise NotSo(f"the lab's internet does not start: {said}", where=str(self.log))
            time.sleep(0.02)

    def stop(self) -> None:
        """End them."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
