"""W The gate's process: ``python -m appliance.gate.daemon``. When it ends, however it ends, people stay online."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NoReturn

from appliance import boot, clock, facts
from appliance import config as site
from appliance.config import SiteConfig
from appliance.dateless import blur
from appliance.errors import CampboxError, NotSo
from appliance.fairness.counters import Counters
from appliance.fairness.shaper import Shaper
from appliance.files import read_json, write_json
from appliance.gate import uplink_thread
from appliance.gate.admission import Memory
from appliance.gate.code_files import CodeFiles
from appliance.gate.conntrack import Conntrack
from appliance.gate.edges import Edges
from appliance.gate.interfaces import Interfaces
from appliance.gate.kernel import Nftables
from appliance.gate.links import Links
from appliance.gate.neighbours import Neighbours
from appliance.gate.protocol import LINE_LIMIT
from appliance.gate.reachability import patience_left, told
from appliance.gate.service import Gate
from appliance.gate.socket import SocketServer
from appliance.gate.together import Together
from appliance.gate.uplink import UplinkCheck
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.trouble import Trouble

log = logging.getLogger(__name__)
TICK, QUIET_TICK = 1.0, 2.5
"""Seconds between two ticks: while newcomers are greeted or the uplink is awaited, and otherwise. Each wake costs a battery."""
LONGEST_PAUSE = 0.5
"""Seconds without answers after a failure nobody foresaw, at most."""
ANSWERING = "answering"
SOON = 0.05
"""Seconds between two ticks at least."""
CALM, TIDY_APART = 0.005, 0.1
"""Tidying up after a tap costs milliseconds, tens of them where the kernel remembers many connections: it waits for ``CALM``
seconds in which nobody asks, ``TIDY_APART`` at most, and is not done twice within that. So one tap is tidied up after at once, and
a crowd does not wait for it."""


def _memory_file(layout: Layout) -> Path:
    return layout.service_data("gate") / "memory.json"


def read_memory(layout: Layout) -> Memory | None:
    """What stands on disk; None at the first start ever.

    What cannot be read is decided for people: of no boot that is known, and somebody had been online (docs/adr/0190).
    """
    unknown = Memory("", had_admitted=True)
    try:
        value = read_json(_memory_file(layout))
        if value is None:
            return None
        day = value.get("day")
        return Memory(str(value["boot"]), value["had_admitted"] is not False, day if _is_day(day) else None)
    except (NotSo, TypeError, KeyError, AttributeError):
        log.warning("the gate's memory cannot be read; decided for people")
        return unknown


def _is_day(untrusted: Any) -> bool:
    """Whether it is a day of the calendar: the kernel's stamp has no room for more."""
    return type(untrusted) is int and 0 < untrusted <= datetime.date.max.toordinal()


def write_memory(layout: Layout, memory: Memory) -> None:
    """Keep it; its file tells the day alone. Raises NotSo when the disk does not take it."""
    write_json(_memory_file(layout), dataclasses.asdict(memory), 0o600)
    blur(_memory_file(layout))


def tell(layout: Layout, news: dict[str, Any]) -> None:
    """Say to the other services how the uplink is; the gate does not hang on it."""
    facts.tell(layout, "gate", news)


def read_site(layout: Layout) -> SiteConfig:
    """The site file of this place. Raises ConfigError, OSError."""
    return site.parse(layout.config_file.read_text(), str(layout.config_file))


def create_gate(config: SiteConfig, layout: Layout) -> Gate:
    """The gate on the real kernel of this network namespace. Nothing is changed before ``begin``."""
    uplink = UplinkCheck(config.uplinks[0].check)
    uplink_thread.start(uplink)
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
        codes=CodeFiles(layout.service_data("gate") / "codes", layout.service_run("gate") / "codes"),
        moment=clock.now,
        site=lambda: read_site(layout),
        heard=lambda: uplink.heard,
        tell=lambda news: tell(layout, news),
    )
    return Gate(config, edges, read_memory(layout), boot.read(layout) or "")


class Turns:
    """Answering and keeping time, one turn after the other. ``deed`` says what a turn was at when it failed.

    A deed that fails is due again when it would have been anyway; the others are done as if nothing had been.
    """

    def __init__(self, gate: Gate, server: SocketServer) -> None:
        self._gate, self._server = gate, server
        self._due, self._tidied = time.monotonic() + TICK, 0.0
        self.deed = ANSWERING

    def turn(self) -> None:
        """Wait for whoever asks, or until something is due; do what is there."""
        gate, now = self._gate, time.monotonic()
        untidy = gate.untidy_since
        tidying = self._due if untidy is None else max(min(now + CALM, untidy + TIDY_APART), self._tidied + TIDY_APART)
        served = False
        with ExitStack() as deeds:  # time is kept whatever becomes of the answers
            deeds.callback(self._tick)
            deeds.callback(lambda: self._tidy(untidy, quiet=not served))
            self.deed = ANSWERING
            served = self._server.serve(max(0.0, min(self._due, tidying) - now))

    def _tidy(self, untidy: float | None, *, quiet: bool) -> None:
        now = time.monotonic()
        if untidy is None or now < self._tidied + TIDY_APART or not quiet and now < untidy + TIDY_APART:
            return
        self.deed = "tidying up after a tap"
        try:
            self._gate.tidy()
        finally:
            self._tidied = time.monotonic()

    def _tick(self) -> None:
        now, gate = time.monotonic(), self._gate
        if now < self._due:
            return
        self.deed = "a round"
        try:
            gate.tick()
        finally:
            # On the second: half a tick too late and a phone would have been told wrong for longer than the 15 s rule allows.
            self._due = now + min(TICK if gate.busy else QUIET_TICK, max(SOON, patience_left(gate.reachability, now)))


def serve(gate: Gate, server: SocketServer, turns: Turns | None = None) -> NoReturn:
    """Answer and keep time until the process is told to end, or a deed fails; ``turns``: go on where they were left."""
    turns = turns or Turns(gate, server)
    while True:
        turns.turn()


def begin(layout: Layout) -> tuple[Gate, SocketServer]:
    """The gate, standing, and its socket. Exits where it cannot begin: whoever started it tries again later."""
    try:
        gate = create_gate(read_site(layout), layout)
        gate.begin()
        tell(layout, told(gate.reachability))
        return gate, SocketServer(layout.socket("gate"), Together(gate).answers, LINE_LIMIT)
    except OSError as error:
        log.error(
            "%s", NotSo(f"cannot begin: {error.strerror}", where=str(error.filename or "gate"), mend="campbox box up makes it")
        )
        sys.exit(1)
    except CampboxError as error:
        log.error("%s", error)
        sys.exit(error.exit_code)


def main() -> None:
    """Run until SIGTERM. The rules stay in the kernel."""
    start_logging()
    ended = threading.Event()

    def end(*_: object) -> NoReturn:
        ended.set()  # the exit may come while a deed fails, and be lost in that failure
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    gate, server = begin(Layout.from_environment(os.environ, Path(__file__).resolve().parents[2]))
    turns, trouble = Turns(gate, server), Trouble()
    with closing(server):
        while not ended.is_set():
            try:
                serve(gate, server, turns)
            except Exception as error:  # noqa: BLE001
                pause = trouble.note(turns.deed, error)
                if turns.deed == ANSWERING:  # the other deeds are due again in their time, and people wait for answers
                    time.sleep(min(LONGEST_PAUSE, pause))


if __name__ == "__main__":
    main()
