"""Enrolment end to end: the real agent as its own user, real TLS on the loopback address, cut short wherever it can be."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.run import run
from provisioning.authority import certificates
from provisioning.authority.store import Store
from provisioning.enrolment import TICKET_LIFE
from provisioning.lab.pace import patient
from tests.real.deadly import killer
from tests.real.enrolment_place import Box, Hub
from tests.real.open_folder import open_folder

pytestmark = [
    pytest.mark.net,
    pytest.mark.loopback,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the agent runs as its own user"),
]


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder("enrol") as folder:
        yield folder


@pytest.fixture
def hub(place: Path) -> Iterator[Hub]:
    made = Hub(place / "hub")
    yield made
    made.server.shutdown()


def test_a_box_enrols_and_its_token_is_gone_everywhere(place: Path, hub: Hub) -> None:
    identity = hub.ticket()
    box = Box(place / "box", identity)
    assert box.run() == 0
    box.assert_enrolled(hub)
    assert run(["grep", "-rlF", identity["token"], str(place)], check=False).stdout == ""
    assert run(["grep", "-rlF", identity["pin"], str(place)]).stdout != ""


def test_an_enrolled_box_does_not_ask_again(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket())
    box.run()
    before = (box.layout.identity_dir / "cert.pem").read_bytes()
    hub.reached["/ca.pem"].clear()
    assert box.run() == 0
    assert (box.layout.identity_dir / "cert.pem").read_bytes() == before
    assert not hub.reached["/ca.pem"].is_set()


def test_a_certificate_of_nine_months_is_renewed_with_the_key_alone(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket())
    box.run()
    certificate = box.layout.identity_dir / "cert.pem"
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    before = certificates.as_pem(certificates.issue(hub.layout, "north-1", key, time.time() - 270 * 86_400))
    certificate.write_text(before)  # a file of this second
    assert box.run() == 0
    assert certificate.read_text() != before
    box.assert_enrolled(hub)


def test_a_hub_with_another_pin_gets_no_token(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket() | {"pin": "sha256:" + "0" * 64})
    assert box.run() == 0
    assert box.told["state"] == "refused" and "pin" in box.told["why"]
    assert not hub.reached["/enrol/v1"].is_set()
    assert "cert.pem" not in box.names() and "token" in box.names()


def test_a_hub_under_a_name_that_is_not_its_own_gets_no_token(place: Path) -> None:
    hub = Hub(place / "hub", names=())
    box = Box(place / "box", hub.ticket(host="127.0.0.1"))
    assert box.run() == 0
    assert box.told["state"] == "refused" and "prove itself" in box.told["why"]
    assert not hub.reached["/enrol/v1"].is_set()
    hub.server.shutdown()


def test_a_clock_before_the_hubs_certificate_waits_with_its_token_and_completes_once_it_is_right(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a box that was switched off for long: later than this software, earlier than the hub's certificate."""
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "BACKDATE", datetime.timedelta(days=-3))
        early = Hub(place / "early")
    box = Box(place / "box", early.ticket())
    assert box.run() == 0
    assert box.told["state"] == "waiting" and "not valid at this box's time" in box.told["why"]
    assert not early.reached["/enrol/v1"].is_set() and "token" in box.names() and "cert.pem" not in box.names()
    early.server.shutdown()
    hub = Hub(place / "hub")
    box.give(hub.ticket())
    assert box.run() == 0
    box.assert_enrolled(hub)
    hub.server.shutdown()


def test_an_expired_token_is_refused_with_its_reason_and_a_new_card_helps(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket(now=time.time() - TICKET_LIFE - 60))
    assert box.run() == 0
    assert box.told["state"] == "refused" and "expired" in box.told["why"]
    assert box.run() == 0  # not yet due again: it asks nobody
    box.give(hub.ticket())
    box.run()
    box.assert_enrolled(hub)


def test_a_copied_card_is_refused_and_the_operator_hears_of_it(place: Path, hub: Hub) -> None:
    identity = hub.ticket()
    first, copy = Box(place / "first", identity), Box(place / "copy", identity)
    first.run()
    copy.run()
    first.assert_enrolled(hub)
    assert copy.told["state"] == "refused" and "used before" in copy.told["why"]
    assert [(alarm.box, alarm.kind) for alarm in Store(hub.layout).alarms()] == [("north-1", "used-token-another-key")]


def test_without_a_network_it_waits_quietly_and_less_and_less_often(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket() | {"hub": {"host": "localhost", "port": 1}})
    assert box.run() == 0
    assert box.told["state"] == "waiting" and "answer" in box.told["why"]
    patience = json.loads((box.layout.service_run("enrol") / "patience.json").read_text())
    assert box.run() == 0
    assert json.loads((box.layout.service_run("enrol") / "patience.json").read_text()) == patience


@pytest.mark.parametrize("path", ["/ca.pem", "/enrol/v1"])
def test_killed_while_the_hub_answers_it_completes_with_the_same_key(place: Path, hub: Hub, path: str) -> None:
    box = Box(place / "box", hub.ticket())
    hub.hold[path] = threading.Event()
    process = box.start()
    assert hub.reached[path].wait(patient(60))  # with /enrol/v1 the hub has used the ticket up, and the box never hears of it
    process.send_signal(signal.SIGKILL)
    process.wait()
    key = (box.layout.identity_dir / "key.pem").read_bytes()
    assert "token" in box.names() and "cert.pem" not in box.names()
    hub.hold.pop(path).set()
    assert box.run() == 0
    box.assert_enrolled(hub)
    assert (box.layout.identity_dir / "key.pem").read_bytes() == key


KILLER = f"""
{killer("replace", "unlink", "fsync")}
from provisioning import box_key, hub_link, joining
joining.run()
"""


def test_killed_before_any_single_deed_on_the_disk_it_completes(place: Path, hub: Hub) -> None:
    """Kills the agent before its first, second, ... call that changes the disk, until one run is not killed any more."""
    survived = False
    for step in range(1, 200):
        box = Box(place / f"box-{step}", hub.ticket(f"box-{step}"))
        code = box.run(sys.executable, "-c", KILLER, str(step))
        assert code in (0, -signal.SIGKILL)
        survived = code == 0
        with contextlib.suppress(FileNotFoundError):
            (box.layout.service_run("enrol") / "patience.json").unlink()
        assert box.run() == 0
        box.assert_enrolled(hub)
        if survived:
            assert step > 15
            break
    assert survived
    assert Store(hub.layout).alarms() == []
