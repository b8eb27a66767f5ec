"""A broker and connections in memory, with the real one's access rules; held to the same tests (tests/telemetry/delivery.py)."""

from __future__ import annotations

from collections import deque

from telemetry.dashboard.broker import LEAVES
from telemetry.dashboard.ingest import Ingester
from telemetry.dashboard.report_store import ReportStore
from telemetry.mqtt import Event


class FakeBroker:
    """Hands what boxes publish to an ingester at once. A forbidden publish is swallowed without a word, as mosquitto does."""

    def __init__(self, store: ReportStore) -> None:
        self.links: dict[str, FakeLink] = {}
        self.down: list[tuple[str, bytes]] = []
        self.ingester = Ingester(store, self._publish_down)
        self.deaf = False

    def publish(self, user: str, topic: str, payload: bytes) -> None:
        """As the box ``user``."""
        if topic in {f"campbox/v1/{user}/up/{leaf}" for leaf in LEAVES} and not self.deaf:
            self.ingester.take([(topic, payload, False)])

    def _publish_down(self, topic: str, payload: bytes) -> None:
        self.down.append((topic, payload))
        _, _, box, _, leaf = topic.split("/")
        if box in self.links:
            self.links[box].events.append(Event("message", leaf, payload))


class FakeLink:
    """A connection of one box; never waits."""

    def __init__(self, broker: FakeBroker, box: str, death: bytes) -> None:
        self.broker, self.box, self.death = broker, box, death
        self.events: deque[Event] = deque()
        self.published: list[tuple[str, bytes]] = []
        self.open = False

    def start(self) -> None:
        self.broker.links[self.box] = self
        self.connect()

    def connect(self) -> None:
        self.open = True
        self.events.append(Event("up"))

    def cut(self) -> None:
        """The line breaks: the broker publishes the will."""
        self.open = False
        self.events.append(Event("down"))
        self.broker.publish(self.box, f"campbox/v1/{self.box}/up/death", self.death)

    def publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        if self.open:
            self.published.append((leaf, payload))
            self.broker.publish(self.box, f"campbox/v1/{self.box}/up/{leaf}", payload)

    def next_event(self, timeout: float) -> Event | None:
        return self.events.popleft() if self.events else None

    def stop(self) -> None:
        self.open = False
