"""W From the broker to the store: commit first, then acknowledge to the broker, then tell the box how far it may delete.

A message that cannot be read, or speaks for another box than its topic, is counted and dropped: the broker must not bring it for
ever. Many messages share one commit when they come fast.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import clock
from appliance.errors import BadInput
from appliance.files import which
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.log import start_logging
from telemetry import message, result
from telemetry.dashboard import beat_thread
from telemetry.dashboard.dating import date
from telemetry.dashboard.hearing import Beat, verdict
from telemetry.dashboard.hub_link import HubLink
from telemetry.dashboard.inbox import Arrived
from telemetry.dashboard.news import News
from telemetry.dashboard.report_store import ReportStore, connect, store_file
from telemetry.dashboard.retention import PIECE, Retention
from telemetry.metrics import BY_NUMBER
from telemetry.room import room

log = logging.getLogger(__name__)
LIVE_SECONDS = 30
"""For how long a box is asked to measure live at a time, and asked again while somebody looks."""
_ASK_AGAIN, _TICK, _PATIENCE = 15.0, 0.5, 2.0
_POISON = (
    ValueError, TypeError, LookupError, ArithmeticError, RecursionError,
    sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError,
)  # fmt: skip
"""Faults of one message; every other error of SQLite is the store's."""
_STEPS_OF_A_ROW = 4
"""How often retention touches a row at the most: once for each length."""

Publish = Callable[[str, bytes], None]
"""``(topic, payload)``, QoS 1."""


class Ingester:
    """What is done with messages: everything but the network."""

    def __init__(
        self, store: ReportStore, publish: Publish, *, now: Callable[[], float] = time.time, news: Callable[[], int] = lambda: 0
    ) -> None:
        self.store, self._publish, self._now, self._news = store, publish, now, news
        self._asked: dict[str, float] = {}
        self._told = self._fresh = 0

    def take(self, messages: list[tuple[str, bytes, bool]]) -> int:
        """Commit (topic, payload, retained) together, then tell the watermarks; how many new rows there were.

        Raises sqlite3.Error, having kept and told none.
        """
        arrived, marks = self._now(), dict[tuple[str, bytes], message.Ack]()
        self._fresh = 0
        with self.store.transaction():
            for topic, payload, retained in messages:
                box, leaf = _parts(topic)
                try:
                    ack = self._take_one(box, leaf, payload, arrived, retained=retained)
                except BadInput:
                    self.store.refuse(box, "malformed", arrived)
                except _POISON as error:
                    # Nobody expected it; but a message that ends ingest would be brought again and end it for ever.
                    log.error("a message of %s cannot be taken: %s", box, type(error).__name__)
                    self.store.refuse(box, "unexpected", arrived)
                else:
                    if ack is not None:
                        marks[box, ack.journal] = ack
        for (box, _), ack in marks.items():
            self._publish(f"campbox/v1/{box}/down/ack", message.encode(ack))
        # Views for people's own MQTT dashboards (campbox/view/...) belong here, after the commit.
        return self._fresh

    def count_dropped(self, dropped: Mapping[tuple[str, str], int]) -> None:
        """Write down what found no room, by (box, reason)."""
        with self.store.transaction():
            for (box, reason), count in dropped.items():
                self.store.refuse(box, reason, self._now(), count)

    def tend(self) -> None:
        """Ask the boxes that somebody looks at to measure live; tell all that are there of newly signed content."""
        now = self._now()
        if (published := self._news()) != self._told:
            self._told = published
            for box in self.store.online():
                self._tell_news(box)
        for box in self.store.watched(now):
            if not 0 <= now - self._asked.get(box, -_ASK_AGAIN) < _ASK_AGAIN:  # a clock set back asks anew
                self._asked[box] = now
                self._publish(f"campbox/v1/{box}/down/command", message.encode(message.Command(LIVE_SECONDS)))

    def _tell_news(self, box: str) -> None:
        if self._told:
            self._publish(f"campbox/v1/{box}/down/command", message.encode(message.Command(published=self._told)))

    def _take_one(self, box: str, leaf: str, payload: bytes, arrived: float, *, retained: bool) -> message.Ack | None:
        if retained and leaf not in ("birth", "death"):
            self.store.refuse(box, "retained", arrived)  # only these two are kept by the broker, by contract
            return None
        if leaf == "t":
            told = message.decode_telemetry(payload, BY_NUMBER.keys(), room(len(payload)))
            if self._is_other(box, told.box, arrived):
                return None
            if isinstance(told, message.Live):
                self.store.take_live(told, arrived, arrived)
                return None
            self._fresh += self.store.take_batch(told, [date(row, told.sent, arrived) for row in told.rows], arrived)
            return message.Ack(told.journal, told.rows[-1].sequence)
        if leaf == "result":
            found = result.decode(payload)
            if self._is_other(box, found.box, arrived):
                return None
            self.store.take_result(found, date(found, found.sent, arrived), arrived)
            return message.Ack(found.journal, found.sequence)
        if leaf == "birth":
            birth = message.decode_birth(payload)
            if not self._is_other(box, birth.box, arrived):
                self.store.take_birth(birth, arrived, retained=retained)
                self._tell_news(box)  # what was signed while it was away
        elif leaf == "death" and payload:  # an empty one only clears what the broker kept
            death = message.decode_death(payload)
            if not self._is_other(box, death.box, arrived):
                self.store.take_death(death, arrived)
        elif leaf != "death":
            self.store.refuse(box, "unknown-topic", arrived)
        return None

    def _is_other(self, box: str, claimed: object, arrived: float) -> bool:
        """Whether a payload speaks for another box than its topic; then it is counted against the topic's."""
        if box == str(claimed):
            return False
        self.store.refuse(box, "wrong-box", arrived)
        return True


def _parts(topic: str) -> tuple[str, str]:
    """Box and last levels of ``campbox/v1/<box>/up/<leaf>``."""
    levels = [*topic.split("/", 4), "", "", "", ""]
    return levels[2], levels[4]


class Service:
    """Ingest as it runs: takes what came, commits, acknowledges; between, retention, and signs of life from a thread beside."""

    def __init__(self, config: HubConfig, layout: Layout) -> None:
        self._config, self._layout = config, layout
        self.link = HubLink(config.mqtt_port, layout.data / "hub" / "authority", self._say_ready)
        self._news = News(layout)
        self._db: sqlite3.Connection | None = None
        self._hand: list[Arrived] = []
        self._connection, self._tended = 0, -_TICK
        self._hears_clock: float | None = None
        self._file: tuple[int, int] | None = None
        self._beat = Beat(time.time(), time.monotonic(), time.monotonic(), time.time())

    def run(self) -> None:
        """Until told to stop."""
        self.link.start()
        beat_thread.start(self._layout, self.sign)
        while True:
            self.turn()

    def turn(self) -> None:
        """One round. A store that refuses leaves everything unacknowledged and in hand; it is opened anew and asked again."""
        self._mark(turn_clock=time.monotonic())
        try:
            self._work()
        except sqlite3.Error as error:
            self._refused(error)
            time.sleep(_PATIENCE)
        else:
            if self._beat.refused:
                log.warning("the store takes again what comes")
                self._mark(refused="", refused_at=0.0)

    def sign(self) -> Beat:
        """The sign of life of this moment."""
        state = self.link.state()
        beat = replace(
            self._beat, at=time.time(), clock=time.monotonic(), waiting=state.waiting + len(self._hand),
            away_clock=state.away_clock, away_at=state.away_at,
        )  # fmt: skip
        # Kept apart from _beat, which the other thread replaces; by the clock that nobody sets: of a wall clock that was ahead
        # when it began to hear, no box would be called silent until then.
        if not verdict(beat, beat.clock).hears:
            self._hears_clock = None
            return replace(beat, hears_at=0.0)
        self._hears_clock = beat.clock if self._hears_clock is None else self._hears_clock
        return replace(beat, hears_at=beat.at - (beat.clock - self._hears_clock))

    def stop(self) -> None:
        """Say goodbye; what was not committed stays unacknowledged."""
        self.link.stop()
        if self._db is not None:
            self._db.close()

    def _work(self) -> None:
        if self._db is None:
            self._open()
        self._hand = self._hand or self.link.take(0.0 if self._retention.under_way else _TICK)
        if self._file != which(store_file(self._layout)):
            # SQLite writes on into it, and it goes with this process: nobody may be told that anything is kept.
            raise sqlite3.OperationalError("its file was taken away")
        # Asked after the wait, in which a connection may have begun: nothing that is in hand is of a newer one than this.
        if (connection := self.link.state().connection) != self._connection:
            self._ingester.store.forget_who_is_online()  # before the births that the broker kept, which come now
            self._connection = connection
        rows = 0
        if self._hand:
            rows = self._ingester.take([(m.topic, m.payload, m.retained) for m in self._hand])
            self.link.acknowledge(self._hand)
            self._hand = []
            self._mark(heard_at=time.time(), committed_at=time.time())
        if time.monotonic() - self._tended >= _TICK:
            self._tended = time.monotonic()
            self._ingester.tend()
            if dropped := self.link.dropped():
                self._mark(dropped=self._beat.dropped + sum(dropped.values()))
                self._ingester.count_dropped(dropped)
        # Every row goes out of the store in a few steps, each a touch: so these keep up with what comes in.
        pieces = 1 + _STEPS_OF_A_ROW * rows // PIECE
        self._retention.turn(time.time(), time.monotonic(), at_least=pieces, free=lambda: self.link.state().waiting == 0)
        if self._retention.overdue and not self._beat.overdue:
            log.warning("%d or more reports are kept past their time: retention is behind", self._retention.overdue)
        self._mark(overdue=self._retention.overdue)

    def _say_ready(self) -> None:
        """From paho's thread, which must not end over it."""
        try:
            (self._layout.service_run("ingest") / "ready").write_text("ready\n")
        except OSError as error:
            log.error("cannot say that ingest is ready: %s", error)

    def _open(self) -> None:
        db = connect(store_file(self._layout))
        self._file = which(store_file(self._layout))
        store = ReportStore(db, self._config.smallest_count)
        self._ingester = Ingester(store, self.link.publish, news=self._news.version)
        self._retention = Retention(db, sure=lambda: clock.now().trust == "synced")
        self._db = db

    def _refused(self, error: sqlite3.Error) -> None:
        words = str(error) or type(error).__name__
        if words != self._beat.refused:
            log.error("the store refuses; nothing is acknowledged until it takes: %s", words)
            self._mark(refused=words, refused_at=self._beat.refused_at or time.time())
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(sqlite3.Error):
                db.close()

    def _mark(self, **changes: Any) -> None:
        self._beat = replace(self._beat, **changes)


def main() -> None:
    """Run until told to stop."""
    start_logging()
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
    service = Service(parse_hub(layout.hub_config_file.read_text("utf-8")), layout)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        service.run()
    except KeyboardInterrupt:
        service.stop()


if __name__ == "__main__":
    main()
