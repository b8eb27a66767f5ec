"""What must hold between ingest's connection and the broker, whichever stands there: paho and mosquitto, or the fakes of both."""

from __future__ import annotations

from typing import Protocol

from telemetry.dashboard.hub_link import IN_FLIGHT, HubLink
from telemetry.dashboard.inbox import Arrived
from tests.telemetry.delivery import until


class Place(Protocol):
    """A broker, and ways to be ingest and a box there."""

    def link(self) -> HubLink:
        """A new process of ingest that has connected and been granted its topics; an older one is gone without a goodbye."""

    def publish(self, box: str, leaf: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """As a box; returns when the broker has it."""

    def cut(self) -> None:
        """Break the connection of the newest link; it comes back by itself, at once."""


def heard(link: HubLink, count: int) -> list[Arrived]:
    """Wait for so many messages."""
    found = list[Arrived]()

    def more() -> bool:
        found.extend(link.take(0.05))
        return len(found) >= count

    until(more, f"{count} messages come", lambda: None)
    return found


def payloads(found: list[Arrived]) -> list[bytes]:
    return sorted(message.payload for message in found)


def what_is_not_acknowledged_comes_again_and_nothing_else(place: Place) -> None:
    link = place.link()
    for payload in (b"1", b"2"):
        place.publish("camp-one", "t", payload)
    first, _second = sorted(heard(link, 2), key=lambda message: message.payload)
    link.acknowledge([first])
    place.publish("camp-one", "t", b"3")
    assert payloads(heard(link, 1)) == [b"3"]
    again = place.link()
    assert payloads(heard(again, 2)) == [b"2", b"3"]


def what_comes_while_nobody_hears_waits_at_the_broker(place: Place) -> None:
    place.link().stop()
    place.publish("camp-one", "t", b"1")
    place.publish("camp-one", "t", b"lost", qos=0)
    assert payloads(heard(place.link(), 1)) == [b"1"]


def an_acknowledgement_on_another_connection_is_none(place: Place) -> None:
    link = place.link()
    place.publish("camp-one", "t", b"1")
    taken = heard(link, 1)
    before = link.state().connection
    place.cut()
    until(lambda: link.state().connection > before, "it connects again")
    again = heard(link, 1)
    assert payloads(again) == [b"1"] and again[0].connection > taken[0].connection
    link.acknowledge(taken)
    assert payloads(heard(place.link(), 1)) == [b"1"]


def births_that_the_broker_keeps_come_to_whoever_subscribes(place: Place) -> None:
    place.publish("camp-one", "birth", b"born", retain=True)
    came = heard(place.link(), 1)
    assert [(message.box, message.payload, message.retained) for message in came] == [("camp-one", b"born", True)]


def qos_1_is_held_back_by_the_broker_and_qos_0_by_nothing_but_the_inbox(place: Place) -> None:
    link = place.link()
    for n in range(IN_FLIGHT + 20):
        place.publish(f"camp-{n:04}", "t", b"one")
    until(lambda: link.state().waiting == IN_FLIGHT, "as many come as may")
    place.publish("camp-zero", "t", b"zero", qos=0)
    until(lambda: link.state().waiting == IN_FLIGHT + 1, "QoS 0 comes beside them")
    taken = heard(link, IN_FLIGHT + 1)
    assert [message.box for message in taken if message.qos == 0] == ["camp-zero"]
    link.acknowledge(taken)
    assert len(heard(link, 20)) == 20


WHOLE = (
    what_is_not_acknowledged_comes_again_and_nothing_else,
    what_comes_while_nobody_hears_waits_at_the_broker,
    an_acknowledgement_on_another_connection_is_none,
    births_that_the_broker_keeps_come_to_whoever_subscribes,
    qos_1_is_held_back_by_the_broker_and_qos_0_by_nothing_but_the_inbox,
)
