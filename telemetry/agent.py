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

from appliance import clock, facts
from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, CampboxError, NotSo
from appliance.files import read_json
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.values import BoxId
from telemetry import message, result, schedule, sensors
from telemetry.last_result import LastResult
from telemetry.metrics import measure
from telemetry.mqtt import Endpoint, Event, Link, MqttLink
from telemetry.outbox import Outbox
from telemetry.station import Station
from telemetry.strict import MESSAGE_LIMIT

log = logging.getLogger(__name__)
_LONGEST_NAP = 5.0
_LIVE_LIMIT = 120


class Agent:
    """Measures and sends. ``step`` does what is due and waits for what happens next.

    ``connect`` gives a link, once there can be one, from the payload of the will.
    """

    def __init__(
        self,
        box: BoxId,
        site: str,
        station: Station,
        connect: Callable[[bytes], Link | None],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.box, self.site, self.station, self.outbox, self._connect, self._now = box, site, station, station.outbox, connect, now
        self.session = secrets.token_bytes(8)
        self.link: Link | None = None
        self.connected, self.urgent = False, True
        self._flight, self._last = schedule.Flight(), dict[int, message.Wire]()
        self._result, self._result_flight = LastResult(station.outbox.path.with_name("result.json"), box), schedule.Flight()
        self._next_row = self._next_live = self._live_until = now()

    def step(self) -> None:
        """Do what is due, then wait for an event or the next thing due."""
        now = self._now()
        if self.link is None and (link := self._connect(self._death())) is not None:
            self.link = link
            link.start()
        if now >= self._next_row:
            self._next_row = now + self.station.pace.interval
            self._keep_row()
        if self.connected and now < self._live_until and now >= self._next_live:
            self._next_live = now + schedule.LIVE_STEP
            self._send_live()
        if (flight := self._flight.given_up(now)) != self._flight:
            self._flight, self.urgent = flight, True  # nobody acknowledged: again
        if self.connected and schedule.may_send(self._flight, waiting=self.outbox.count(), urgent=self.urgent):
            self._send_batch(now)
        self._result_flight = self._result_flight.given_up(now)
        if self.connected and self._result_flight.upto is None and self._result.waiting is not None:
            self._send_result(self._result.waiting, now)
        self._wait(now)

    def stop(self) -> None:
        """Say goodbye: an orderly end is a death, too, but told at once."""
        if self.link is not None:
            self.link.publish("death", self._death(), retain=True)
            self.link.stop()
        self.outbox.close()

    def _keep_row(self) -> None:
        try:
            reading = self.station.read("row")
            values = measure(reading)
            self.outbox.add(self.station.boot, reading.moment, values)
            self._result.keep(self.station.boot, reading.moment, reading.selftest)
        except NotSo as error:
            log.warning("a measurement is lost: %s", error)
            return
        self.urgent = self.urgent or schedule.is_urgent(self._last, values)
        self._last = values

    def _send_live(self) -> None:
        reading = self.station.read("live")
        moment = reading.moment
        row = message.Row(0, int(moment.uptime), int(moment.wall), moment.trust, measure(reading))
        self._publish("t", message.encode(message.Live(self.box, self.station.boot, row)))

    def _send_batch(self, now: float) -> None:
        boot, rows = self.outbox.oldest()
        sent = int(clock.now().uptime) if boot == self.station.boot else None
        payload = self._encode(boot, rows, sent)
        while len(payload) > MESSAGE_LIMIT:
            rows = rows[: len(rows) // 2]
            payload = self._encode(boot, rows, sent)
        self._publish("t", payload)
        self._flight, self.urgent = self._flight.sent(rows[-1].sequence, now), False

    def _send_result(self, waiting: result.Result, now: float) -> None:
        sent = int(clock.now().uptime) if waiting.boot == self.station.boot else None
        self._publish("result", result.encode(replace(waiting, sent=sent)))
        self._result_flight = self._result_flight.sent(waiting.sequence, now)

    def _encode(self, boot: bytes, rows: tuple[message.Row, ...], sent: int | None) -> bytes:
        return message.encode(message.Batch(self.box, boot, self.outbox.journal, rows, sent))

    def _wait(self, now: float) -> None:
        due = [self._next_row, now + _LONGEST_NAP]
        if self._live_until > now:
            due.append(self._next_live)
        nap = max(0.0, min(due) - self._now())
        if self.link is None:
            time.sleep(nap)
        elif (event := self.link.next_event(nap)) is not None:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        if event.kind == "up":
            self.connected, self.urgent = True, True
            birth = message.Birth(self.box, self.station.boot, self.session, self.site[:200], sensors.software())
            self._publish("birth", message.encode(birth), retain=True)
            self._publish("death", b"", retain=True)  # takes back the one the broker kept of the connection before
        elif event.kind == "down":
            self.connected, self._flight, self._result_flight = False, self._flight.lost(), self._result_flight.lost()
        else:
            try:
                self._told(event)
            except BadInput as error:
                log.warning("the hub sent what this box does not understand on %s: %s", event.topic, error.what)

    def _told(self, event: Event) -> None:
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
            facts.publish(self.station.layout, "look", {"published": published})

    def _publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        assert self.link is not None
        self.link.publish(leaf, payload, retain=retain)

    def _death(self) -> bytes:
        return message.encode(message.Death(self.box, self.session))


def connector(layout: Layout, box: BoxId) -> Callable[[bytes], Link | None]:
    """What makes the link once enrolment has brought key, certificate and the broker's address."""
    folder = layout.identity_dir

    def connect(death: bytes) -> Link | None:
        if not all((folder / name).exists() for name in ("key.pem", "cert.pem", "ca.pem", "mqtt.json")):
            return None
        where = read_json(folder / "mqtt.json")
        return MqttLink(str(box), Endpoint(str(where["host"]), int(where["port"]), folder), death)

    return connect


def boot_id(layout: Layout) -> bytes:
    """The id of this boot, as 16 bytes."""
    return uuid.UUID(layout.boot_id_file.read_text("ascii").strip()).bytes


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
    box, outbox = box_id(layout, config), Outbox(layout.service_data("telemetry") / "outbox.sqlite")
    station = Station(layout, outbox, boot_id(layout), pace, config.privacy.smallest_count)
    agent = Agent(box, config.site.name, station, connector(layout, box))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            _step(agent)
    except KeyboardInterrupt:
        agent.stop()


def _step(agent: Agent) -> None:
    try:
        agent.step()
    except CampboxError as error:
        log.error("%s", error)
        time.sleep(_LONGEST_NAP)


if __name__ == "__main__":
    main()
