"""Certificates that end while everything runs: the real agent and the real broker, with a life of seconds. Nothing is restarted."""

from __future__ import annotations

import datetime
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.layout import Layout
from appliance.lifetime import dates
from appliance.values import BoxId
from provisioning.authority import certificates
from provisioning.lab.pace import patient
from telemetry import agent as agent_module
from telemetry import opening
from telemetry.agent import Agent
from telemetry.outbox import Outbox
from tests.real.open_folder import open_folder
from tests.real.telemetry_hub import Hub
from tests.telemetry.delivery import ONE, StubStation, until

pytestmark = pytest.mark.net


@pytest.fixture
def root() -> Iterator[Path]:
    with open_folder("renewal") as folder:
        yield folder


@pytest.fixture
def hub(root: Path) -> Iterator[Hub]:
    made = Hub(root)
    try:
        made.start_broker()
        made.start_ingest()
        yield made
    finally:
        made.stop()


def box_layout(hub: Hub, root: Path) -> Layout:
    """A box that enrolment has just served."""
    layout = Layout.under(root / "box", root)
    shutil.copytree(hub.identity(ONE), layout.identity_dir)
    (layout.identity_dir / "mqtt.json").write_text(json.dumps({"host": "127.0.0.1", "port": hub.config.mqtt_port}))
    return layout


def certificate(hub: Hub, layout: Layout, seconds: float) -> str:
    """For the key that the box has, good for so long from now."""
    key = serialization.load_pem_private_key((layout.identity_dir / "key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    leaf = certificates.Leaf("", ONE, ExtendedKeyUsageOID.CLIENT_AUTH)
    now, life = datetime.datetime.now(datetime.UTC), datetime.timedelta(seconds=seconds)
    return certificates.as_pem(certificates._sign(certificates.folder(hub.layout), leaf, key.public_key(), now, life))


def running(layout: Layout, outbox: Outbox) -> Agent:
    """The agent as its service makes it, measuring every second."""
    connect, identity = opening.connector(layout, BoxId(ONE)), lambda: opening.identity(layout)
    return Agent(BoxId(ONE), "North Gate", StubStation(outbox, 1), connect, identity=identity)


def test_r4_the_running_agent_uses_a_renewed_certificate(hub: Hub, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own ends, the broker starts anew and asks every box for its certificate again: this one still comes in."""
    monkeypatch.setattr(agent_module, "_LOOK_AT_IDENTITY", 0.2)
    layout = box_layout(hub, root)
    path = layout.identity_dir / "cert.pem"
    path.write_text(certificate(hub, layout, patient(10)))
    ends = dates(path.read_bytes())[1]
    outbox = Outbox(root / "outbox.sqlite")
    station = running(layout, outbox)
    until(lambda: len(hub.reader().keys(ONE)) >= 1, "the first report arrives", station.step)
    first = station.link
    path.write_text(certificate(hub, layout, 86_400))
    until(lambda: station.link is not first and station.connected, "the new certificate is in use", station.step)
    until(lambda: time.time() > ends, "the old one has ended", station.step)
    hub.kill("mosquitto")
    hub.start_broker()
    until(lambda: not station.connected, "the end of the broker is noticed", station.step)
    arrived = len(hub.reader().keys(ONE))
    until(lambda: len(hub.reader().keys(ONE)) > arrived, "reports arrive again", station.step)
    assert len(hub.reader().keys(ONE)) + outbox.count() == outbox._db.execute("SELECT seq FROM sqlite_sequence").fetchone()[0] - (
        hub.reader().keys(ONE)[0][1] - 1
    ), "and none is missing"
    station.stop()


def test_r4_the_broker_does_refuse_a_certificate_that_has_ended(hub: Hub, root: Path) -> None:
    """Without this the test above could not fail."""
    layout = box_layout(hub, root)
    path = layout.identity_dir / "cert.pem"
    path.write_text(certificate(hub, layout, 1))
    until(lambda: time.time() > dates(path.read_bytes())[1] + 1, "it has ended")
    outbox = Outbox(root / "outbox.sqlite")
    station = running(layout, outbox)
    until(lambda: "certificate" in hub.words() or outbox.count() > 5, "the broker has refused", station.step)
    assert hub.reader().keys(ONE) == [] and not station.connected
    path.write_text(certificate(hub, layout, 86_400))
    until(lambda: len(hub.reader().keys(ONE)) > 0, "and the renewed one is taken at once", station.step)
    station.stop()
