"""W The demo: a camp brought up, shown, cut and restored at a wish, checked if asked, and taken down without a trace."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from appliance.errors import CampboxError
from appliance.files import write_json
from provisioning.lab import board, checks, fitness, keys, places
from provisioning.lab.camp import Camp
from provisioning.lab.full_disk import FullDisk

TELEMETRY_PACE = "CAMPBOX_TELEMETRY_INTERVAL"
"""Seconds between two reports of the box; a real one sends once a minute, which is long to watch."""
PULSE = 0.1
"""Seconds between two looks at every process."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asked for."""

    phones: int
    minutes: float | None
    check: bool
    state: Path | None
    site_text: str
    site_file: str
    room: int | None = None


class Show:
    """What people see: a live table on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.news: deque[str] = deque(maxlen=6)
        self.head: list[str] = []
        self.live: Live | None = None

    def say(self, words: str) -> None:
        """Something happened."""
        self.news.append(words)
        if self.live is None:
            self.console.print(words, markup=False)

    def open(self, camp: Camp) -> None:
        """All is up: the addresses, and on a terminal the table."""
        self.head = board.addresses(camp.describe())
        if self.console.is_terminal:
            self.news.clear()
            self.live = Live(console=self.console, auto_refresh=False, transient=False)
            self.live.start()
        else:
            for line in self.head:
                self.console.print(line, markup=False)

    def refresh(self, camp: Camp) -> None:
        """Draw the table again."""
        if self.live is not None:
            riders, services = camp.roster.riders, len(camp.pids())
            picture = board.board(self.head, riders, cut=camp.uplink_cut, services=services, news=self.news)
            self.live.update(picture, refresh=True)

    def close(self) -> None:
        """Back to plain lines."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def run(wanted: Wanted) -> int:
    """The whole demo; the exit status. Raises CampboxError when it cannot be brought up."""
    fitness.check_root()
    show = Show()
    os.environ.setdefault(TELEMETRY_PACE, "5")
    with places.only_one(), keys.listening() as wishes:
        for left in places.sweep():
            show.say(f"cleared away what an earlier demo left: {left}")
        camp = Camp(wanted.site_text, wanted.site_file, wanted.phones, say=show.say, room=wanted.room)
        try:
            fitness.check()
            camp.up()
            show.open(camp)
            wishes.patient = True
            return _tend(camp, wanted, show, wishes)
        except (keys.Quit, KeyboardInterrupt):
            return 130
        finally:
            show.close()
            wishes.patient = False
            with keys.undisturbed():
                show.say("taking everything down")
                camp.down()
                _remove_state(wanted.state)


def _tend(camp: Camp, wanted: Wanted, show: Show, wishes: keys.Wishes) -> int:
    """Look after the camp until it is to end."""
    ends = None if wanted.minutes is None else time.monotonic() + wanted.minutes * 60
    told, story = False, FullDisk(camp, camp.disk) if wanted.check and camp.disk is not None else None
    while ends is None or time.monotonic() < ends:
        for wish in wishes.take():
            if wish == "quit":
                return 0
            getattr(camp, wish)()
        camp.tick()
        if story is not None:
            story.tend()
        if camp.roster.arrived:
            if wanted.check:
                wishes.patient = False
                show.close()
                return checks.whole_camp(camp, show.console, story)
            if wanted.state is not None and camp.changed:
                camp.changed = False
                write_json(wanted.state, camp.describe(), 0o600)
            if not told:
                told = True
                show.say("everybody is here")
        show.refresh(camp)
        time.sleep(PULSE)
    return 0


def _remove_state(state: Path | None) -> None:
    if state is not None:
        try:
            state.unlink(missing_ok=True)
        except OSError as error:
            raise CampboxError(f"cannot remove it: {error.strerror}", where=str(state)) from error
