"""W The gate's process: ``python -m appliance.gate.daemon``. When it ends, however it ends, people stay online."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from appliance import clock
from appliance import config as site
from appliance.config import SiteConfig
from appliance.errors import CampboxError, NotSo
from appliance.fairness.counters import Counters
from appliance.fairness.shaper import Shaper
from appliance.files import read_json, write_json
from appliance.gate.admission import Memory
from appliance.gate.code_files import CodeFiles
from appliance.gate.conntrack import Conntrack
from appliance.gate.edges import Edges
from appliance.gate.interfaces import Interfaces
from appliance.gate.kernel import Nftables
from appliance.gate.links import Links
from appliance.gate.neighbours import Neighbours
from appliance.gate.protocol import LINE_LIMIT
from appliance.gate.reachability import patience_left
from appliance.gate.service import Gate
from appliance.gate.socket import SocketServer
from appliance.gate.together import Together
from appliance.gate.uplink import UplinkCheck
from appliance.layout import Layout
from appliance.log import start_logging

log = logging.getLogger(__name__)
TICK, QUIET_TICK = 1.0, 2.5
"""Seconds between two ticks: while newcomers are greeted or the uplink is awaited, and otherwise. Each wake costs a battery."""
SOON = 0.05
"""Seconds between two ticks at least."""
CALM, TIDY_APART = 0.005, 0.1
"""Tidying up after a tap costs milliseconds, tens of them where the kernel remembers many connections: it waits for ``CALM``
seconds in which nobody asks, ``TIDY_APART`` at most, and is not done twice within that. So one tap is tidied up after at once, and
a crowd does not wait for it."""


def _memory_file(layout: Layout) -> Path:
    return layout.service_data("gate") / "memory.json"


def read_memory(layout: Layout) -> Memory | None:
    """What stands on disk; None at the first start ever, or when it cannot be read (then nobody is let in by grace)."""
    try:
        value = read_json(_memory_file(layout))
        return None if value is None else Memory(str(value["boot"]), value["had_admitted"] is True, value.get("day"))
    except (NotSo, TypeError, KeyError):
        log.warning("the gate's memory cannot be read; as at a first start")
        return None


def write_memory(layout: Layout, memory: Memory) -> None:
    """Keep it; a full disk does not stop the gate."""
    try:
        write_json(_memory_file(layout), dataclasses.asdict(memory), 0o600)
    except NotSo as error:
        log.error("%s", error)


def read_site(layout: Layout) -> SiteConfig:
    """The site file of this place. Raises ConfigError, OSError."""
    return site.parse(layout.config_file.read_text(), str(layout.config_file))


def create_gate(config: SiteConfig, layout: Layout) -> Gate:
    """The gate on the real kernel of this network namespace. Nothing is changed before ``begin``."""
    uplink = UplinkCheck(config.uplinks[0].check)
    uplink.begin()
    edges = Edges(
        kernel=Nftables(config.lan.bridge),
        neighbours=Neighbours(config.lan.bridge),
        conntrack=Conntrack(),
        shapers=(Shaper(upload=False), Shaper(upload=True)),
        counters=Counters(),
        links=Links(),
        interfaces=Interfaces(config),
        last_success=lambda: uplink.last_success,
        clock=time.monotonic,
        remember=lambda memory: write_memory(layout, memory),
        codes=CodeFiles(layout.service_data("gate") / "codes"),
        moment=clock.now,
        site=lambda: read_site(layout),
    )
    return Gate(config, edges, read_memory(layout), layout.boot_id_file.read_text().strip())


def serve(gate: Gate, server: SocketServer) -> NoReturn:
    """Answer and keep time until the process is told to end."""
    due, tidied = time.monotonic() + TICK, 0.0
    while True:
        now = time.monotonic()
        untidy = gate.untidy_since
        tidying = due if untidy is None else max(min(now + CALM, untidy + TIDY_APART), tidied + TIDY_APART)
        served = server.serve(max(0.0, min(due, tidying) - now))
        now = time.monotonic()
        if untidy is not None and now >= tidied + TIDY_APART and (not served or now >= untidy + TIDY_APART):
            gate.tidy()
            tidied = time.monotonic()
        if now >= due:
            try:
                gate.tick()
            except CampboxError as error:
                log.error("%s", error)
            # On the second: half a tick too late and a phone would have been told wrong for longer than the 15 s rule allows.
            due = now + min(TICK if gate.busy else QUIET_TICK, max(SOON, patience_left(gate.reachability, now)))


def main() -> None:
    """Run until SIGTERM. The rules stay in the kernel."""
    start_logging()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
    try:
        gate = create_gate(read_site(layout), layout)
        gate.begin()
        server = SocketServer(layout.socket("gate"), Together(gate).answers, LINE_LIMIT)
        try:
            serve(gate, server)
        finally:
            server.close()
    except OSError as error:
        log.error(
            "%s", NotSo(f"cannot begin: {error.strerror}", where=str(error.filename or "gate"), mend="campbox box up makes it")
        )
        sys.exit(1)
    except CampboxError as error:
        log.error("%s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
