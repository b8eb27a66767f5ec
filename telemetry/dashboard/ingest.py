"""W From the broker to the store: commit first, then acknowledge to the broker, then tell the box how far it may delete.

A message that cannot be read, or speaks for another box than its topic, is counted and dropped: the broker must not bring it for
ever. Many messages share one commit when they come fast.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from appliance.errors import BadInput
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.log import start_logging
from telemetry import message, result
from telemetry.dashboard.dating import date
from telemetry.dashboard.news import News
from telemetry.dashboard.report_store import ReportStore, connect, store_file
from telemetry.dashboard.retention import prune
from telemetry.metrics import BY_NUMBER
from telemetry.room import room

log = logging.getLogger(__name__)
NAME = "hub-ingest"
"""Its certificate's name, and its session at the broker."""
IN_FLIGHT = 500
"""Messages the broker may send before one is acknowledged; as many share a commit."""
LIVE_SECONDS = 30
"""For how long a box is asked to measure live at a time, and asked again while somebody looks."""
_ASK_AGAIN, _PRUNE_EVERY, _TICK = 15.0, 3600.0, 0.5

Publish = Callable[[str, bytes], None]
"""``(topic, payload)``, QoS 1."""


class Ingester:
    """What is done with messages: everything but the network."""

    def __init__(
        self, store: ReportStore, publish: Publish, *, now: Callable[[], float] = time.time, news: Callable[[], int] = lambda: 0
    ) -> None:
        self.store, self._publish, self._now, self._news = store, publish, now, news
        self._asked: dict[str, float] = {}
        self._told = 0

    def take(self, messages: list[tuple[str, bytes, bool]]) -> None:
        """Commit (topic, payload, retained) together, then tell the watermarks. Raises sqlite3.Error, having kept none."""
        arrived, marks = self._now(), dict[tuple[str, bytes], message.Ack]()
        with self.store.transaction():
            for topic, payload, retained in messages:
                box, leaf = _parts(topic)
                try:
                    ack = self._take_one(box, leaf, payload, arrived, retained=retained)
                except BadInput:
                    self.store.refuse(box, "malformed", arrived)
                else:
                    if ack is not None:
                        marks[box, ack.journal] = ack
        for (box, _), ack in marks.items():
            self._publish(f"campbox/v1/{box}/down/ack", message.encode(ack))
        # Views for people's own MQTT dashboards (campbox/view/...) belong here, after the commit.

    def tend(self) -> None:
        """Ask the boxes that somebody looks at to measure live; tell all that are there of newly signed content."""
        now = self._now()
        if (published := self._news()) != self._told:
            self._told = published
            for box in self.store.online():
                self._tell_news(box)
        for box in self.store.watched(now):
            if now - self._asked.get(box, 0.0) >= _ASK_AGAIN:
                self._asked[box] = now
                self._publish(f"campbox/v1/{box}/down/command", message.encode(message.Command(LIVE_SECONDS)))

    def _tell_news(self, box: str) -> None:
        if self._told:
            self._publish(f"campbox/v1/{box}/down/command", message.encode(message.Command(published=self._told)))

    def _take_one(self, box: str, leaf: str, payload: bytes, arrived: float, *, retained: bool) -> message.Ack | None:
        if leaf == "t":
            told = message.decode_telemetry(payload, BY_NUMBER, room(len(payload)))
            if self._is_other(box, told.box, arrived):
                return None
            if isinstance(told, message.Live):
                self.store.take_live(told, arrived, arrived)
                return None
            self.store.take_batch(told, [date(row, told.sent, arrived) for row in told.rows], arrived)
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
    levels = [*topic.split("/", 4), "", ""]
    return levels[2], levels[4]


class Service:
    """The network around an Ingester: paho's thread receives, the main thread commits and acknowledges."""

    def __init__(self, config: HubConfig, layout: Layout) -> None:
        self._queue, self._fresh = Queue[paho.MQTTMessage](), threading.Event()
        self._db = connect(store_file(layout))
        self._store = ReportStore(self._db, config.smallest_count)
        self._ready = layout.service_run("ingest") / "ready"
        keys = layout.data / "hub" / "authority"
        # A session that lasts: what comes while ingest restarts waits at the broker.
        client = paho.Client(
            CallbackAPIVersion.VERSION2, NAME, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True
        )
        client.tls_set(str(keys / "ca.pem"), str(keys / "ingest.pem"), str(keys / "ingest-key.pem"))
        client.tls_insecure_set(True)  # the broker is on this machine; its certificate carries the hub's public name
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = lambda _client, _data, arrived: self._queue.put(arrived)
        client.connect_async("127.0.0.1", config.mqtt_port, 60)
        news = News(layout)
        self._client = client
        self._ingester = Ingester(self._store, lambda topic, payload: self._send(topic, payload), news=news.version)

    def run(self) -> None:
        """Until told to stop."""
        self._client.loop_start()
        tended = pruned = 0.0
        while True:
            waiting = self._waiting()
            if self._fresh.is_set():
                self._fresh.clear()
                self._store.forget_who_is_online()  # before the births that the broker kept, which stand in the queue
            if waiting:
                self._ingester.take([(m.topic, bytes(m.payload), m.retain) for m in waiting])
                for taken in waiting:
                    self._client.ack(taken.mid, taken.qos)
            now = time.monotonic()
            if now - tended >= _TICK:
                tended = now
                self._ingester.tend()
            if now - pruned >= _PRUNE_EVERY:
                pruned = now
                with self._store.transaction():
                    prune(self._db, time.time())

    def stop(self) -> None:
        """Say goodbye; what was not committed stays unacknowledged."""
        self._client.disconnect()
        self._client.loop_stop()
        self._db.close()

    def _waiting(self) -> list[paho.MQTTMessage]:
        found: list[paho.MQTTMessage] = []
        with contextlib.suppress(Empty):
            found.append(self._queue.get(timeout=_TICK))
            while len(found) < IN_FLIGHT:
                found.append(self._queue.get_nowait())
        return found

    def _send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            log.warning("the broker refuses: %s", code)
            return
        self._fresh.set()
        client.subscribe("campbox/v1/+/up/#", qos=1)

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        # Not before: until the broker has granted it, it keeps nothing for us (MQTT 3.1.1 section 3.8.4).
        if any(code.is_failure for code in codes):
            log.warning("the broker refuses what boxes say: %s", codes)
            return
        self._ready.write_text("ready\n")


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
