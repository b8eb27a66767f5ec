"""T8: ingest's connection at a broker in memory, held to what paho and mosquitto are held to (tests/real/test_hub_link.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from telemetry.dashboard import hub_link
from telemetry.dashboard.hub_link import HubLink
from telemetry.dashboard.inbox import BOX_MESSAGES, NO_ROOM, QOS0_BYTES
from tests.fakes.paho import REFUSED, FakeMosquitto
from tests.telemetry import hearing


class FakePlace:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broker = FakeMosquitto()
        monkeypatch.setattr(hub_link.paho, "Client", self.broker.client_class)

    def link(self) -> HubLink:
        if self.broker.connected:
            self.broker.cut()
        made = HubLink(1, Path("/nowhere"), lambda: None)
        made.start()
        return made

    def publish(self, box: str, leaf: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.broker.publish(f"campbox/v1/{box}/up/{leaf}", payload, qos=qos, retain=retain)

    def cut(self) -> None:
        self.broker.cut()
        self.broker.connect()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> FakePlace:
    return FakePlace(monkeypatch)


@pytest.mark.parametrize("body", hearing.WHOLE, ids=lambda body: body.__name__)
def test_between_ingest_and_broker(place: FakePlace, body: Callable[[hearing.Place], None]) -> None:
    body(place)


def test_a_broker_that_forgot_everything_takes_nothing_back_that_waits_here(place: FakePlace) -> None:
    """It would not bring it again."""
    link = place.link()
    place.publish("camp-one", "t", b"1")
    place.broker.restart()
    place.broker.connect()
    assert [message.payload for message in link.take(0)] == [b"1"]


def test_h3_a_flood_of_qos_0_is_bounded_and_counted(place: FakePlace) -> None:
    link = place.link()
    for _ in range(2_000):
        place.publish("camp-one", "t", bytes(100_000), qos=0)
    assert place.broker.client is not None and link.state().waiting <= BOX_MESSAGES
    for box in range(500):
        place.publish(f"camp-{box}", "t", bytes(100_000), qos=0)
    assert link.state().waiting * 100_000 <= QOS0_BYTES
    dropped = link.dropped()
    assert sum(dropped.values()) + link.state().waiting == 2_500
    assert ("camp-499", NO_ROOM) in dropped and link.dropped() == {}


def test_h3_what_finds_no_room_is_not_brought_for_ever(place: FakePlace) -> None:
    link = place.link()
    for n in range(BOX_MESSAGES + 5):
        place.publish("camp-one", "t", bytes([n]))
    assert len(place.broker.unacknowledged) == link.state().waiting == BOX_MESSAGES


def test_h33_since_when_there_is_no_broker_is_known(place: FakePlace) -> None:
    link = HubLink(1, Path("/nowhere"), lambda: None)
    assert link.state().away_clock is not None
    link.start()
    assert link.state().away_clock is None and link.state().connection == 1
    place.broker.cut()
    first = link.state().away_clock
    assert first is not None
    place.broker.connect()
    assert link.state().away_clock is None and link.state().connection == 2


def test_a_broker_that_refuses_is_no_connection(place: FakePlace) -> None:
    said: list[str] = []
    link = HubLink(1, Path("/nowhere"), lambda: said.append("ready"))
    assert place.broker.client is not None
    place.broker.client.on_connect(place.broker.client, None, None, REFUSED, None)
    place.broker.client.on_subscribe(place.broker.client, None, 1, [REFUSED], None)
    assert link.state().away_clock is not None and said == []


def test_h33_a_connection_on_which_nothing_was_granted_is_none(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a hub whose broker refuses it all that boxes say would be called well, and every box silent."""
    link = place.link()
    place.broker.cut()
    away = link.state().away_clock
    client = place.broker.client
    assert away is not None and client is not None
    with monkeypatch.context() as patched:
        patched.setattr(place.broker, "subscribe", lambda: client.on_subscribe(client, None, 1, [REFUSED], None))
        place.broker.connect()
    assert link.state().away_clock == away and link.state().connection == 2
    place.broker.cut()
    place.broker.connect()
    assert link.state().away_clock is None
