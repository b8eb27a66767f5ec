"""E The box's connection to the broker: paho, MQTT 3.1.1, QoS 1, TLS with the box's own certificate.

Callbacks only put what came into a queue; the agent's own thread takes it out.
"""

from __future__ import annotations

import random
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from appliance.errors import NotSo
from appliance.trouble import Trouble

KEEPALIVE = 630
"""Seconds: a little over the time of ten rows, so that in ordinary times the reports themselves keep the connection alive."""
UNANSWERED = 60
"""Seconds that sent bytes may stay unacknowledged before the connection counts as gone."""
PAUSE = 4.0
"""Seconds between two looks of the connection's thread while nothing happens; an end waits no longer for it."""
_FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""What ends paho's thread for good, without a word; a host or port that the system does not take is among them."""
_FIRST_WAIT, _LONGEST_WAIT = (1, 4), (60, 180)
"""Seconds: bounds from which each box draws its own waits, so that a camp's boxes do not come back all at once."""


@dataclass(frozen=True)
class Event:
    """What happened: ``up``, ``down`` (the connection) or ``message`` with the last level of its topic and its payload."""

    kind: str
    topic: str = ""
    payload: bytes = b""


@dataclass(frozen=True)
class Endpoint:
    """Where the broker is, and the files that open it: key, certificate and the hub's authority."""

    host: str
    port: int
    folder: Path


class Link(Protocol):
    """What the agent needs of a connection; the tests have one without a network."""

    def start(self) -> None:
        """Begin to connect, and go on trying. Raises NotSo when that cannot be begun."""

    def publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        """Send to ``campbox/v1/<box>/up/<leaf>``; nothing happens while there is no connection."""

    def next_event(self, timeout: float) -> Event | None:
        """What happened next, or None when nothing did within ``timeout`` seconds."""

    def stop(self) -> None:
        """Say goodbye and let go."""


class _Patient(paho.Client):
    """Its thread wakes when there is something to send or to read; between, it need not look up every second."""

    def loop_forever(self, timeout: float = PAUSE, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Until it is told to stop. paho itself goes on after an OSError alone, and ends its thread at anything else."""
        trouble = Trouble()
        while True:
            try:
                return super().loop_forever(PAUSE, retry_first_connection)
            except _FAULTS as error:
                time.sleep(min(PAUSE, trouble.note("the connection to the hub", error)))


class MqttLink:
    """The real one."""

    def __init__(self, box: str, endpoint: Endpoint, death: bytes) -> None:
        self._base, self._endpoint, self._events = f"campbox/v1/{box}", endpoint, Queue[Event](maxsize=1000)
        client = _Patient(CallbackAPIVersion.VERSION2, client_id=box, protocol=MQTTProtocolVersion.MQTTv311, clean_session=True)
        folder = endpoint.folder
        client.tls_set(
            str(folder / "ca.pem"), str(folder / "cert.pem"), str(folder / "key.pem"),
            cert_reqs=ssl.CERT_REQUIRED, tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )  # fmt: skip
        client.will_set(f"{self._base}/up/death", death, qos=1, retain=True)
        client.reconnect_delay_set(random.randint(*_FIRST_WAIT), random.randint(*_LONGEST_WAIT))
        client.max_queued_messages_set(10)  # what waits stands in the outbox, not in memory
        client.on_socket_open = _notice_silence
        client.on_connect, client.on_disconnect, client.on_message = self._connected, self._disconnected, self._arrived
        self._client = client

    def start(self) -> None:
        """Begin to connect, and go on trying with growing waits. Raises NotSo for no address, and where there is no thread."""
        try:
            self._client.connect_async(self._endpoint.host, self._endpoint.port, KEEPALIVE)
            self._client.loop_start()
        except (RuntimeError, ValueError) as error:
            raise NotSo(f"the hub cannot be called: {error}", where=self._endpoint.host, mend="it is tried again") from error

    def publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        """Send to ``up/<leaf>``. Nothing is kept for later: the outbox does that."""
        if self._client.is_connected():
            self._client.publish(f"{self._base}/up/{leaf}", payload, qos=1, retain=retain)

    def next_event(self, timeout: float) -> Event | None:
        """What happened next, or None after ``timeout`` seconds."""
        try:
            return self._events.get(timeout=max(0.0, timeout))
        except Empty:
            return None

    def stop(self) -> None:
        """An orderly end. What was published before goes first; the broker does not publish the will."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            return
        client.subscribe([(f"{self._base}/down/ack", 1), (f"{self._base}/down/command", 1)])
        self._put(Event("up"))

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, _code: ReasonCode, _properties: Any) -> None:
        self._put(Event("down"))

    def _arrived(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._put(Event("message", message.topic.rpartition("/")[2], bytes(message.payload)))

    def _put(self, event: Event) -> None:
        if not self._events.full():
            self._events.put_nowait(event)


def _notice_silence(_client: paho.Client, _data: Any, connection: Any) -> None:
    """A line that swallows packets is noticed when the next report is not acknowledged by TCP, not a quarter of an hour later."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED * 1000)
