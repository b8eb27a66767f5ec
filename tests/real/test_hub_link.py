"""T8, H2, H3: ingest's connection at a real mosquitto; what holds of it holds of the fake (tests/telemetry/dashboard)."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTErrorCode

from telemetry.dashboard import heartbeat
from telemetry.dashboard.hearing import Hearing
from telemetry.dashboard.hearing import verdict as hearing_of
from telemetry.dashboard.hub_link import HubLink
from telemetry.dashboard.inbox import BOX_MESSAGES
from telemetry.metrics import BY_NAME
from tests.real.open_folder import open_folder
from tests.real.telemetry_hub import Hub
from tests.telemetry import delivery, hearing
from tests.telemetry.delivery import BOOT, LOAD, ONE, OTHER, until

pytestmark = [pytest.mark.net, pytest.mark.loopback]


class RealPlace:
    """mosquitto as the hub configures it; ingest's connection within the test."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._links: list[HubLink] = []

    def link(self) -> HubLink:
        granted: list[bool] = []
        keys = self.hub.layout.data / "hub" / "authority"
        made = HubLink(self.hub.config.mqtt_port, keys, lambda: granted.append(True))
        if self._links:
            self._vanish(self._links[-1])
        self._links.append(made)
        made.start()
        until(lambda: bool(granted), "its topics are granted")
        return made

    def publish(self, box: str, leaf: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        with self.hub.client(box) as client:
            client.publish(f"campbox/v1/{box}/up/{leaf}", payload, qos=qos, retain=retain).wait_for_publish(60)
            if qos == 0:  # nobody answers it: but what comes after it on the same connection is answered after it
                client.publish(f"campbox/v1/{box}/up/forbidden", b"", qos=1).wait_for_publish(60)

    def cut(self) -> None:
        connection = self._links[-1]._client.socket()
        assert connection is not None
        connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        for link in self._links:
            link.stop()

    @staticmethod
    def _vanish(link: HubLink) -> None:
        """Gone without a goodbye, and it does not come back."""
        link._client.reconnect_delay_set(3_600, 3_600)
        link._client._thread_terminate = True
        with contextlib.suppress(OSError):
            if (connection := link._client.socket()) is not None:
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with open_folder("hub-link") as folder:
        made = Hub(folder)
        try:
            made.start_broker()
            yield made
        finally:
            made.stop()


@pytest.mark.parametrize("body", hearing.WHOLE, ids=lambda body: body.__name__)
def test_between_ingest_and_broker(hub: Hub, body: Callable[[hearing.Place], None]) -> None:
    place = RealPlace(hub)
    try:
        body(place)
    finally:
        place.stop()


def resident(pid: int) -> int:
    """Bytes in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def flood(hub: Hub, topic: str, *, qos: int, retain: bool, times: int = 2_000) -> None:
    """100 kB each; a broker that hangs up is connected to again, as whoever wants to hurt would."""
    sent = 0
    while sent < times:
        with contextlib.suppress(OSError, RuntimeError, ValueError), hub.client(OTHER) as client:
            for _ in range(min(100, times - sent)):
                sent += 1
                told = client.publish(topic.format(sent), bytes(100_000), qos=qos, retain=retain)
                if told.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
                    break
            told.wait_for_publish(20)


def served(hub: Hub, sequence: int) -> None:
    """An honest box is heard."""
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (sequence, {LOAD: 1})))
    until(lambda: (BOOT, sequence) in hub.reader().keys(ONE), "the honest box is heard")


def test_h2_no_box_fills_the_brokers_memory_with_topics_of_its_own(hub: Hub) -> None:
    hub.start_ingest()
    served(hub, 1)
    before = resident(hub.processes["mosquitto"].pid)
    flood(hub, f"campbox/v1/{OTHER}/up/junk/{{}}", qos=1, retain=True)
    served(hub, 2)
    assert resident(hub.processes["mosquitto"].pid) - before < 20_000_000
    assert (OTHER, "unknown-topic") not in delivery.refusals(hub), "the broker itself refuses them"


def test_h2_leaves_are_exact_and_the_honest_ones_open(hub: Hub) -> None:
    hub.start_ingest()
    for topic in ("up/junk", "up/t/more", "up", "up/", "up/birth/1", "down/ack", "down/command", "other"):
        hub.publish(OTHER, f"campbox/v1/{OTHER}/{topic}", b"junk")
    served(hub, 1)
    assert delivery.refusals(hub) == {}
    for leaf in ("t", "result", "birth", "death"):
        hub.publish(OTHER, f"campbox/v1/{OTHER}/up/{leaf}", b"junk")
    served(hub, 2)
    until(lambda: delivery.refusals(hub).get((OTHER, "malformed")) == 4, "all four are heard")


def test_h3_a_flood_of_qos_0_neither_fills_ingest_nor_delays_another_box(hub: Hub) -> None:
    hub.start_ingest()
    served(hub, 1)
    before = resident(hub.processes["ingest"].pid)
    flood(hub, f"campbox/v1/{OTHER}/up/t", qos=0, retain=False)
    served(hub, 2)
    assert resident(hub.processes["ingest"].pid) - before < 60_000_000
    counted = delivery.refusals(hub)
    assert counted.get((OTHER, "over-budget"), 0) > 0 and not any(box == ONE for box, _ in counted)
    assert BOX_MESSAGES < 2_000 and BY_NAME["load"].number == LOAD


def test_h3_the_same_while_ingest_is_held_by_a_locked_store(hub: Hub) -> None:
    hub.start_ingest()
    served(hub, 1)
    before = {name: resident(hub.processes[name].pid) for name in ("ingest", "mosquitto")}
    hub.reports.execute("BEGIN IMMEDIATE")
    for qos in (0, 1):
        flood(hub, f"campbox/v1/{OTHER}/up/t", qos=qos, retain=False, times=700)
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (2, {LOAD: 1})))
    grown = {name: resident(hub.processes[name].pid) - size for name, size in before.items()}
    hub.reports.execute("ROLLBACK")
    until(lambda: (BOOT, 2) in hub.reader().keys(ONE), "what the honest box said meanwhile is kept")
    assert all(size < 90_000_000 for size in grown.values()), grown


def test_h33_the_running_service_says_when_it_hears_nothing_and_why(hub: Hub) -> None:
    """Locked, without a broker, dead: each by what happens, and well again where it can be."""

    def verdict() -> Hearing:
        return hearing_of(heartbeat.read(hub.layout), time.monotonic())

    assert "no sign of life" in verdict().reason
    hub.start_ingest()
    served(hub, 1)
    until(lambda: verdict().hears, "it hears")
    hub.reports.execute("BEGIN IMMEDIATE")
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (2, {LOAD: 1})))
    until(lambda: "the store refuses: database is locked" in verdict().reason, "it says that the store is locked")
    hub.reports.execute("ROLLBACK")
    until(lambda: verdict().hears and (BOOT, 2) in hub.reader().keys(ONE), "it goes on, and has lost nothing")
    hub.kill("mosquitto")
    until(lambda: "no connection to the broker" in verdict().reason, "it says that there is no broker")
    hub.start_broker()
    until(lambda: verdict().hears, "it has found the broker again")
    hub.kill("ingest")
    until(lambda: "does not run" in verdict().reason, "it is dead")
