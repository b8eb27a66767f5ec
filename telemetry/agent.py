"""W The telemetry agent of a box: measures each minute, keeps in the outbox, sends in batches, deletes what is acknowledged.

It measures from the first minute; it connects once the box has its certificate.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from appliance import boot, clock, facts
from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, CampboxError, NotSo
from appliance.files import read_json
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.values import BoxId
from telemetry import message, opening, result, schedule, sensors, storing
from telemetry.last_result import LastResult
from telemetry.metrics import measure
from telemetry.mqtt import Event, Link
from telemetry.station import Station
from telemetry.strict import MESSAGE_LIMIT

T = TypeVar("T")
log = logging.getLogger(__name__)
_LONGEST_NAP = storing.LOOK_AGAIN
_LIVE_LIMIT = 120
_LOOK_AT_IDENTITY = 30.0


class Agent:
    """Measures and sends. ``step`` does what is due and waits for what happens next.

    ``connect`` gives a link, once there can be one, from the payload of the will. ``identity`` says what a link is opened with (the
    content of key, certificate and the rest): when that changes, the link is opened anew.
    """

    def __init__(
        self,
        box: BoxId,
        site: str,
        station: Station,
        connect: Callable[[bytes], Link | None],
        *,
        now: Callable[[], float] = time.monotonic,
        identity: Callable[[], bytes] = bytes,
    ) -> None:
        self.box, self.site, self.station, self.outbox, self._connect, self._now = box, site, station, station.outbox, connect, now
        self._identity, self._opened_with, self._next_look = identity, b"", now()
        self.session = secrets.token_bytes(8)
        self.link: Link | None = None
        self.connected, self.urgent = False, True
        self._flight, self._last = schedule.Flight(), dict[int, message.Wire]()
        self._result, self._result_flight = LastResult(station.outbox.path.with_name("result.json"), box), schedule.Flight()
        self._next_row = self._next_live = self._live_until = now()
        self._told, self._facts = dict[str, str](), dict[str, Any]()
        self._useless = ""

    def step(self) -> None:
        """Do what is due, then wait for an event or the next thing due. What cannot be done keeps nothing else from being done."""
        now = self._now()
        for deed in (self._join, self._keep_row, self._send_live, self._send_batch, self._send_result):
            self._try(deed, now)
        self._tell()
        if (event := self._next_event(now)) is not None:
            self._try(self._handle, event)

    def _try(self, deed: Callable[[T], None], of: T) -> None:
        try:
            deed(of)
        except CampboxError as error:
            if self._told.get(deed.__name__) != str(error):  # said once, not every five seconds for as long as a disk is full
                log.error("%s", error)
            self._told[deed.__name__] = str(error)
        else:
            self._told.pop(deed.__name__, None)

    def _join(self, now: float) -> None:
        """Open the link; and anew when a renewed certificate is there, long before the broker would refuse the old one."""
        if self.link is not None and now < self._next_look:
            return
        self._next_look = now + _LOOK_AT_IDENTITY
        identity = self._identity()
        if self.link is not None and identity == self._opened_with:
            return
        try:
            link = self._connect(self._death())  # refused while the files do not fit each other: the link that is there stays
        except NotSo as error:
            self._useless = error.what
            raise
        self._useless = ""
        if link is None:
            return
        if self.link is not None:
            log.info("the box's certificate was renewed: connecting with the new one")
            self.link.stop()
            self.link = None
            self._lost()
        link.start()  # refused by the kernel: there is none, and the next step tries again
        self.link, self._opened_with = link, identity

    def _lost(self) -> None:
        self.connected, self._flight, self._result_flight = False, self._flight.lost(), self._result_flight.lost()

    def stop(self) -> None:
        """Say goodbye: an orderly end is a death, too, but told at once."""
        if self.link is not None:
            self.link.publish("death", self._death(), retain=True)
            self.link.stop()
        self.outbox.close()

    def _keep_row(self, now: float) -> None:
        if now < self._next_row:
            return
        self._next_row = now + self.station.pace.interval
        try:
            reading = self.station.read("row")
            values = measure(reading)
            self.outbox.add(self.station.boot, reading.moment, values)
        except NotSo as error:
            self.outbox.lose()
            log.warning("a measurement is lost (%d so far): %s", self.outbox.lost, error)
            return
        self.urgent = self.urgent or schedule.is_urgent(self._last, values)
        self._last = values
        self._result.keep(self.station.boot, reading.moment, reading.selftest)

    def _send_live(self, now: float) -> None:
        if not self.connected or not self._next_live <= now < self._live_until:
            return
        self._next_live = now + schedule.LIVE_STEP
        reading = self.station.read("live")
        moment = reading.moment
        row = message.Row(0, int(moment.uptime), int(moment.wall), moment.trust, measure(reading))
        self._publish("t", message.encode(message.Live(self.box, self.station.boot, row)))

    def _send_batch(self, now: float) -> None:
        if (flight := self._flight.given_up(now)) != self._flight:
            self._flight, self.urgent = flight, True  # nobody acknowledged: again
        if not self.connected or not schedule.may_send(self._flight, waiting=self.outbox.count(), urgent=self.urgent):
            return
        boot, rows = self.outbox.oldest()
        if not rows:
            return  # what waited could not be read
        sent = int(clock.now().uptime) if boot == self.station.boot else None
        payload = self._encode(boot, rows, sent)
        while len(payload) > MESSAGE_LIMIT and len(rows) > 1:
            rows = rows[: len(rows) // 2]
            payload = self._encode(boot, rows, sent)
        self._publish("t", payload)
        self._flight, self.urgent = self._flight.sent(rows[-1].sequence, now), False

    def _send_result(self, now: float) -> None:
        self._result_flight = self._result_flight.given_up(now)
        if not self.connected or self._result_flight.upto is not None or (waiting := self._result.waiting) is None:
            return
        sent = int(clock.now().uptime) if waiting.boot == self.station.boot else None
        self._publish("result", result.encode(replace(waiting, sent=sent)))
        self._result_flight = self._result_flight.sent(waiting.sequence, now)

    def _tell(self) -> None:
        """Say on the box what keeps reports from being stored or sent, whoever can or cannot hear it on the hub.

        By ``identity`` enrolment sees that it must bring everything anew (provisioning.agent).
        """
        told: dict[str, Any] = {"state": "waiting" if self.outbox.why else "storing", "why": self.outbox.why or self._useless}
        told |= {"lost": self.outbox.lost, "unreadable": self.outbox.unreadable, "identity": "useless" if self._useless else ""}
        if told != self._facts:
            storing.tell(self.station.layout, told)
            self._facts = told

    def _encode(self, boot: bytes, rows: tuple[message.Row, ...], sent: int | None) -> bytes:
        return message.encode(message.Batch(self.box, boot, self.outbox.journal, rows, sent))

    def _next_event(self, now: float) -> Event | None:
        due = [self._next_row, now + _LONGEST_NAP]
        if self._live_until > now:
            due.append(self._next_live)
        nap = max(0.0, min(due) - self._now())
        if self.link is None:
            time.sleep(nap)
            return None
        return self.link.next_event(nap)

    def _handle(self, event: Event) -> None:
        if event.kind == "up":
            self.connected, self.urgent = True, True
            birth = message.Birth(self.box, self.station.boot, self.session, self.site[:200], sensors.software())
            self._publish("birth", message.encode(birth), retain=True)
            self._publish("death", b"", retain=True)  # takes back the one the broker kept of the connection before
        elif event.kind == "down":
            self._lost()
        else:
            try:
                self._told_by_hub(event)
            except BadInput as error:
                log.warning("the hub sent what this box does not understand on %s: %s", event.topic, error.what)

    def _told_by_hub(self, event: Event) -> None:
        if event.topic == "ack":
            ack = message.decode_ack(event.payload)
            gone = self.outbox.acknowledge(ack)
            if self._result.acknowledge(ack):
                self._result_flight = schedule.Flight()
            if ack.journal == self.outbox.journal:
                self._flight = self._flight.landed(ack.upto)
                if gone and self._flight.upto is not None:
                    self._flight, self.urgent = self._flight.lost(), True  # the hub took a part of it: the rest at once
                # What gathered while out of reach goes out without waiting for ten rows of today.
                self.urgent = self.urgent or self.outbox.count() >= schedule.ROWS_TOGETHER
        elif event.topic == "command":
            self._obey(message.decode_command(event.payload))

    def _obey(self, command: message.Command) -> None:
        if command.published is not None:
            self._publish_look(command.published)
        if command.live_seconds is not None:
            now = self._now()
            if now >= self._live_until:
                self._next_live = now
            self._live_until = now + min(command.live_seconds, _LIVE_LIMIT)

    def _publish_look(self, published: int) -> None:
        """Tell sync, which runs at once when these facts change."""
        if facts.read(self.station.layout, "look").get("published") != published:
            facts.tell(self.station.layout, "look", {"published": published})

    def _publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        assert self.link is not None
        self.link.publish(leaf, payload, retain=retain)

    def _death(self) -> bytes:
        return message.encode(message.Death(self.box, self.session))


def boot_id(layout: Layout) -> bytes:
    """The id of this boot, as 16 bytes; one of this process alone where RAM tells none."""
    known = boot.read(layout)
    if known is None:
        log.warning("this boot has no id: the agent counts as begun with it")
    return uuid.UUID(known).bytes if known is not None else uuid.uuid4().bytes


def box_id(layout: Layout, config: SiteConfig) -> BoxId:
    """The id on the card, else the site's."""
    identity = read_json(layout.identity_file)
    return BoxId(str(identity["box"])) if isinstance(identity, dict) and "box" in identity else config.site.id


def main() -> None:
    """Run until told to stop."""
    start_logging()
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    config = parse(layout.config_file.read_text("utf-8"))
    pace = schedule.pace(os.environ.get(schedule.INTERVAL_VARIABLE))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    agent = None
    try:
        box = box_id(layout, config)
        outbox = storing.patient_outbox(layout.service_data("telemetry") / "outbox.sqlite", layout, pace.interval)
        station = Station(layout, outbox, boot_id(layout), pace, config.privacy.smallest_count)
        agent = Agent(box, config.site.name, station, opening.connector(layout, box), identity=lambda: opening.identity(layout))
        while True:
            agent.step()
    except KeyboardInterrupt:
        if agent is not None:
            agent.stop()


if __name__ == "__main__":
    main()
