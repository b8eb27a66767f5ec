"""E Ingest's connection to the broker: paho, a session that lasts, TLS with ingest's own certificate.

paho's thread only puts what came into the inbox; the thread of ingest takes it out, and acknowledges it after its commit. What the
inbox has no room for is acknowledged to the broker at once, or it would be brought for ever; to its box it is not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from telemetry.dashboard.inbox import Arrived, Inbox

log = logging.getLogger(__name__)
NAME = "hub-ingest"
"""Its certificate's name, and its session at the broker."""
IN_FLIGHT = 500
"""Messages the broker may send before one is acknowledged; as many share a commit."""
SHARE_BYTES = 1_000_000
"""Bytes that share a commit: other boxes wait no longer than these take."""
ANSWERS_WAITING = 5_000
"""Acknowledgements to boxes that wait for the broker; more are dropped, and their boxes send again."""
_TIDY_EVERY = 60.0


@dataclass(frozen=True)
class State:
    """``connection`` counts connections made; ``away_clock`` (monotonic) and ``away_at`` (since 1970) since when there is none.

    One on which the broker has not granted what boxes say is none: nothing comes by it.
    """

    connection: int
    away_clock: float | None
    away_at: float
    waiting: int


class HubLink:
    """The connection. ``ready`` is called when the broker has granted what boxes say."""

    def __init__(self, port: int, keys: Path, ready: Callable[[], object], inbox: Inbox | None = None) -> None:
        self._inbox, self._ready = inbox or Inbox(), ready
        self._change = threading.Condition()
        self._connection, self._tidied = 0, time.monotonic()
        self._away: tuple[float, float] | None = (time.monotonic(), time.time())
        # A session that lasts: what comes while ingest restarts waits at the broker.
        client = paho.Client(
            CallbackAPIVersion.VERSION2, NAME, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True
        )
        client.tls_set(str(keys / "ca.pem"), str(keys / "ingest.pem"), str(keys / "ingest-key.pem"))
        client.tls_insecure_set(True)  # the broker is on this machine; its certificate carries the hub's public name
        client.reconnect_delay_set(1, 5)
        client.max_queued_messages_set(ANSWERS_WAITING)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe, client.on_message = self._subscribed, self._arrived
        client.connect_async("127.0.0.1", port, 60)
        self._client = client

    def start(self) -> None:
        """Begin to connect, and go on trying."""
        self._client.loop_start()

    def take(self, timeout: float) -> list[Arrived]:
        """What shares the next commit; nothing when nothing may be served within ``timeout`` seconds."""
        with self._change:
            found = self._inbox.take(time.monotonic(), IN_FLIGHT, SHARE_BYTES)
            if not found and self._change.wait(timeout):
                found = self._inbox.take(time.monotonic(), IN_FLIGHT, SHARE_BYTES)
            return found

    def acknowledge(self, taken: Iterable[Arrived]) -> None:
        """To the broker: it need not bring these again."""
        for message in taken:
            # Numbers are the connection's own: on another one the same number may stand for what is not committed.
            if message.connection == self._connection:
                self._client.ack(message.number, message.qos)

    def publish(self, topic: str, payload: bytes) -> None:
        """QoS 1."""
        self._client.publish(topic, payload, qos=1)

    def dropped(self) -> Counter[tuple[str, str]]:
        """By (box, reason), what found no room since the last question."""
        with self._change:
            found, self._inbox.dropped = self._inbox.dropped, Counter()
            if (now := time.monotonic()) - self._tidied >= _TIDY_EVERY:
                self._tidied = now
                self._inbox.forget(now)
            return found

    def state(self) -> State:
        """How it is now."""
        with self._change:
            away_clock, away_at = self._away or (None, 0.0)
            return State(self._connection, away_clock, away_at, self._inbox.waiting)

    def stop(self) -> None:
        """Say goodbye; what was not committed stays unacknowledged."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: paho.Client, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            log.warning("the broker refuses: %s", code)
            return
        with self._change:
            self._connection += 1
            if flags.session_present:
                self._inbox.clear()  # the broker brings again what was not acknowledged
        client.subscribe("campbox/v1/+/up/#", qos=1)

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, _code: ReasonCode, _properties: Any) -> None:
        with self._change:
            if self._away is None:
                self._away = (time.monotonic(), time.time())

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        # Not before: until the broker has granted it, it keeps nothing for us (MQTT 3.1.1 section 3.8.4).
        if any(code.is_failure for code in codes):
            log.warning("the broker refuses what boxes say: %s", codes)
            return
        with self._change:
            self._away = None
        self._ready()

    def _arrived(self, client: paho.Client, _data: Any, came: paho.MQTTMessage) -> None:
        box = f"{came.topic}///".split("/")[2]
        with self._change:
            message = Arrived(box, came.topic, bytes(came.payload), came.retain, came.qos, came.mid, self._connection)
            kept = self._inbox.put(message, time.monotonic())
            self._change.notify()
        if not kept:
            client.ack(came.mid, came.qos)
