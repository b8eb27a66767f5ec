"""Certificates that end while everything runs: the real agent and the real broker, with a life of seconds. Nothing is restarted."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.layout import Layout
from appliance.lifetime import dates
from appliance.moment import Moment
from appliance.values import BoxId
from provisioning.authority import certificates, desk
from provisioning.authority.store import Store
from provisioning.enrolment import Asked, Issue, Ticket, decide
from provisioning.lab.pace import patient
from telemetry import agent as agent_module
from telemetry import opening
from telemetry.agent import Agent
from telemetry.outbox import Outbox
from tests.real.open_folder import open_folder
from tests.real.telemetry_hub import Hub
from tests.telemetry.delivery import ONE, StubStation, until

pytestmark = [pytest.mark.net, pytest.mark.loopback]


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
    # What came but is not acknowledged yet stands in both.
    kept = {number for _, number in hub.reader().keys(ONE)}
    kept |= {number for (number,) in outbox._db.execute("SELECT sequence FROM rows")}
    (last,) = outbox._db.execute("SELECT seq FROM sqlite_sequence").fetchone()
    assert kept == set(range(min(kept), last + 1)), "and none is missing"
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


def shown(hub: Hub) -> int:
    """The serial number of the certificate that the broker shows."""
    pem = ssl.get_server_certificate(("127.0.0.1", hub.config.mqtt_port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def hang_up(hub: Hub) -> None:
    """What the supervisor does when the content of a file of ``rereads`` has changed."""
    hub.processes["mosquitto"].send_signal(signal.SIGHUP)


def test_r4_the_broker_shows_its_renewed_certificate_and_nobody_is_thrown_out(hub: Hub, root: Path) -> None:
    layout, outbox = box_layout(hub, root), Outbox(root / "outbox.sqlite")
    station = running(layout, outbox)
    until(lambda: len(hub.reader().keys(ONE)) >= 1, "the first report arrives", station.step)
    before, now = shown(hub), time.time()
    certificates.prepare(hub.layout, hub.config, Moment(now + 500 * 86_400, 5.0, "synced"))
    hang_up(hub)
    until(lambda: shown(hub) != before, "the new one is shown", station.step)
    arrived = len(hub.reader().keys(ONE))
    until(lambda: len(hub.reader().keys(ONE)) > arrived, "reports go on arriving", station.step)
    assert station.connected
    station.stop()


def enrolled(hub: Hub, layout: Layout, ticket: str) -> None:
    """The key in ``layout`` shows a new ticket of the box, as the desk answers it."""
    store = Store(hub.layout)
    store.add_ticket(ticket, Ticket(ONE, "north", time.time(), time.time() + 3600))
    key = serialization.load_pem_private_key((layout.identity_dir / "key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = hashlib.sha256(public).hexdigest()
    decision = store.judge(ticket, Asked(ONE, fingerprint, with_token=True), time.time(), decide)
    assert isinstance(decision, Issue)
    made = certificates.issue(hub.layout, ONE, key.public_key(), time.time())
    store.remember_certificate(f"{made.serial_number:x}", ONE, fingerprint, time.time())
    (layout.identity_dir / "cert.pem").write_text(certificates.as_pem(made))
    desk.revoke(hub.layout)


def test_claim_the_old_ones_key_ends(hub: Hub, root: Path) -> None:
    """A card was copied and the wrong device came first: a new ticket, used by the right one, throws the other out for good."""
    first, second = box_layout(hub, root / "a"), box_layout(hub, root / "b")
    key = ec.generate_private_key(ec.SECP256R1())
    pkcs8 = serialization.PrivateFormat.PKCS8
    (second.identity_dir / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption())
    )
    enrolled(hub, first, "1" * 64)
    wrong = running(first, Outbox(root / "wrong.sqlite"))
    until(lambda: len(hub.reader().keys(ONE)) >= 1, "the first device reports", wrong.step)
    enrolled(hub, second, "2" * 64)
    hang_up(hub)
    right = running(second, Outbox(root / "right.sqlite"))
    until(lambda: right.connected, "the second comes in", right.step)
    until(lambda: not wrong.connected, "and takes the first one's place", wrong.step)
    outbox = wrong.outbox
    until(lambda: outbox.count() >= 8, "the first one tries", lambda: (wrong.step(), right.step()))
    assert not wrong.connected and right.connected
    kept = {row.sequence for row in outbox.oldest()[1]}
    assert not kept & {sequence for _, sequence in hub.reader().keys(ONE)}
    wrong.stop()
    right.stop()
