"""paho's client and mosquitto behind it, in memory, as far as ingest uses them; held to the real two by tests/telemetry/hearing.py.

Nothing happens by itself: a test publishes, cuts and connects; callbacks run at once, in the thread of the test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

CODE, REFUSED = SimpleNamespace(is_failure=False), SimpleNamespace(is_failure=True)


class FakeMosquitto:
    """Sessions that last, at most ``in_flight`` messages of QoS 1 unacknowledged; QoS 0 goes round that."""

    def __init__(self, in_flight: int = 500) -> None:
        self.in_flight = in_flight
        self.client: FakeClient | None = None
        self.connected = self.session = self.subscribed = False
        self.queue: deque[tuple[str, bytes, bool]] = deque()
        self.unacknowledged: dict[int, tuple[str, bytes, bool]] = {}
        self.retained: dict[str, bytes] = {}
        self.told: list[tuple[str, bytes]] = []
        self._numbers = 0

    def client_class(self, *arguments: Any, **named: Any) -> FakeClient:
        """In place of ``paho.Client``."""
        self.client = FakeClient(self, *arguments, **named)
        return self.client

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """As a box."""
        if retain:
            self.retained[topic] = payload
        if not self.subscribed:
            return
        if qos == 0:
            if self.connected:
                self._deliver(topic, payload, retained=False, qos=0, mid=0)
            return
        self.queue.append((topic, payload, False))
        self._feed()

    def connect(self) -> None:
        """The client connects, or connects again."""
        assert self.client is not None and not self.connected
        self.connected, present, self.session = True, self.session, True
        again = list(self.unacknowledged.items())
        self.client.on_connect(self.client, None, SimpleNamespace(session_present=present), CODE, None)
        for mid, (topic, payload, retained) in again:
            self._deliver(topic, payload, retained=retained, qos=1, mid=mid)
        self._feed()

    def cut(self) -> None:
        """The connection breaks."""
        assert self.client is not None
        self.connected = False
        self.client.on_disconnect(self.client, None, SimpleNamespace(), REFUSED, None)

    def restart(self) -> None:
        """It forgets everything: it keeps nothing on disk."""
        if self.connected:
            self.cut()
        self.session = self.subscribed = False
        self.queue.clear()
        self.unacknowledged.clear()
        self.retained.clear()
        self._numbers = 0

    def subscribe(self) -> None:
        """Grant, then bring what is retained."""
        assert self.client is not None
        self.subscribed = True
        self.client.on_subscribe(self.client, None, 1, [CODE], None)
        for topic, payload in self.retained.items():
            self.queue.append((topic, payload, True))
        self._feed()

    def acknowledge(self, mid: int) -> None:
        """PUBACK."""
        self.unacknowledged.pop(mid, None)
        self._feed()

    def _feed(self) -> None:
        while self.connected and self.queue and len(self.unacknowledged) < self.in_flight:
            self._numbers += 1
            topic, payload, retained = self.unacknowledged[self._numbers] = self.queue.popleft()
            self._deliver(topic, payload, retained=retained, qos=1, mid=self._numbers)

    def _deliver(self, topic: str, payload: bytes, *, retained: bool, qos: int, mid: int) -> None:
        assert self.client is not None
        self.client.on_message(self.client, None, SimpleNamespace(topic=topic, payload=payload, retain=retained, qos=qos, mid=mid))


class FakeClient:
    """What HubLink calls of paho.Client. A method that it does not have is missed as an AttributeError."""

    on_connect: Callable[..., Any]
    on_disconnect: Callable[..., Any]
    on_subscribe: Callable[..., Any]
    on_message: Callable[..., Any]

    def __init__(self, broker: FakeMosquitto, _version: Any, client_id: str, **named: Any) -> None:
        assert client_id == "hub-ingest" and named["manual_ack"] is True and named["clean_session"] is False
        self._broker = broker

    def tls_set(self, _authority: str, _certificate: str, _key: str) -> None: ...

    def tls_insecure_set(self, _value: bool) -> None: ...

    def reconnect_delay_set(self, _least: int, _most: int) -> None: ...

    def max_queued_messages_set(self, _most: int) -> None: ...

    def connect_async(self, _host: str, _port: int, _keepalive: int) -> None: ...

    def loop_start(self) -> None:
        self._broker.connect()

    def loop_stop(self) -> None: ...

    def disconnect(self) -> None:
        if self._broker.connected:
            self._broker.cut()

    def subscribe(self, topic: str, qos: int = 0) -> None:
        assert topic == "campbox/v1/+/up/#" and qos == 1
        self._broker.subscribe()

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        assert qos == 1
        self._broker.told.append((topic, payload))

    def ack(self, mid: int, qos: int) -> None:
        if qos == 1 and self._broker.connected:
            self._broker.acknowledge(mid)
