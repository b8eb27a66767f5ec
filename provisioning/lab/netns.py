"""E Network namespaces, made and removed with iproute2."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from appliance.run import run, spawn
from provisioning.lab.pace import patient

PATIENCE = 300.0
"""Seconds: the kernel makes and removes namespaces and cables one after the other, whoever asks, and may be busy with many."""


@dataclass(frozen=True)
class Namespace:
    """A network namespace by name (``ip netns``)."""

    name: str

    @classmethod
    def create(cls, name: str) -> Namespace:
        """Make it, loopback up. Raises CommandFailed when it exists."""
        run(["ip", "netns", "add", name], timeout=patient(PATIENCE))
        made = cls(name)
        made.ip("link", "set", "lo", "up")
        return made

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command to run it inside."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *argv: str, **options: Any) -> CompletedProcess[str]:
        """Run a program inside to its end; ``options`` as for appliance.run.run."""
        return run([*self.enter, *argv], **options)

    def spawn(self, argv: Sequence[str], **options: Any) -> Any:
        """Start a program inside."""
        return spawn([*self.enter, *argv], **options)

    def ip(self, *argv: str) -> None:
        """``ip`` inside, without a mount namespace of its own."""
        run(["ip", "-n", self.name, *argv], timeout=patient(PATIENCE))

    def pids(self) -> list[int]:
        """Processes inside."""
        return [int(pid) for pid in run(["ip", "netns", "pids", self.name], check=False, timeout=patient(PATIENCE)).stdout.split()]

    def destroy(self) -> None:
        """Kill what runs inside and remove it; nothing happens when it is gone already."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        run(["ip", "netns", "delete", self.name], check=False, timeout=patient(PATIENCE))


def connect(one: Namespace, one_name: str, other: Namespace, other_name: str) -> None:
    """A cable: a veth pair with an end in each namespace, both up, offloads off (shares are wrong by percents with them)."""
    ends = [one_name, "netns", one.name, "type", "veth", "peer", "name", other_name, "netns", other.name]
    run(["ip", "link", "add", *ends], timeout=patient(PATIENCE))
    for place, name in ((one, one_name), (other, other_name)):
        place.run("ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off", check=False)
        place.ip("link", "set", name, "up")


def existing() -> list[str]:
    """Names of the namespaces that are there."""
    folder = Path("/run/netns")
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []
