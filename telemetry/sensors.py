"""E What can be measured on this machine: psutil, the gate's facts, the facts files of the others."""

from __future__ import annotations

import logging
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from appliance import facts, lifetime
from appliance.errors import Unreachable
from appliance.gate import client
from appliance.layout import Layout
from telemetry.metrics import System

log = logging.getLogger(__name__)
_CHIPS = ("cpu_thermal", "soc_thermal", "coretemp", "k10temp")
"""Names of processor sensors, the Pi's first."""
_FAILS = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, psutil.Error)
"""What psutil fails with where /proc or /sys refuses, lacks a file, or has a line that it does not know (its own "not sure how to
interpret line" is a ValueError)."""


def system(layout: Layout) -> System | None:
    """The machine now; None where it does not answer, as a card that fails. CPU use is since the call before (0 at the first)."""
    try:
        return _system(layout)
    except _FAILS as error:
        log.warning("the machine cannot be measured: %s", error)
        return None


def _system(layout: Layout) -> System:
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(layout.data))
    written = psutil.disk_io_counters()
    return System(
        cpu_percent=psutil.cpu_percent(),
        load=psutil.getloadavg()[0],
        memory_total=memory.total,
        memory_available=memory.available,
        disk_total=disk.total,
        disk_free=disk.free,
        disk_written=None if written is None else written.write_bytes,
        temperature=_temperature(),
    )


def _temperature() -> float | None:
    try:
        found = psutil.sensors_temperatures()
        for chip in _CHIPS:
            for sensor in found.get(chip, ()):
                return float(sensor.current)
    except _FAILS as error:  # one sensor costs none of the others
        log.warning("the temperature cannot be measured: %s", error)
    return None


def gate(layout: Layout) -> dict[str, Any]:
    """The gate's facts; empty while it does not answer."""
    try:
        answer = client.ask(layout, {"do": "facts"})
    except Unreachable:
        return {}
    return answer if answer.get("ok") is True else {}


def told(layout: Layout, service: str) -> dict[str, Any]:
    """The facts another service put down."""
    return facts.read(layout, service)


def certificate_ends(layout: Layout) -> float | None:
    """When the box's own certificate ends, in seconds since 1970; None where there is none that can be read."""
    try:
        return lifetime.dates((layout.identity_dir / "cert.pem").read_bytes())[1]
    except (OSError, ValueError):
        return None


def software() -> str:
    """The version of what runs here."""
    try:
        return version("campbox")
    except PackageNotFoundError:  # run from a folder, as the demo's box does
        return "unreleased"
