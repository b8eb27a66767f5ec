"""What the announcer does as certificates come and go: dnsmasq's file, the advertisements, and the fact for the other services."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance import clock, facts
from appliance.announce import certificate, service
from appliance.announce.advert import INTERVAL
from appliance.announce.air import EVERYBODY, NOBODY
from appliance.announce.offer import Certificate
from appliance.announce.service import LOOK_AGAIN, LOOK_EVERY, TO_ALL_EVERY, Announcer, Wanted
from appliance.errors import CommandFailed, MissingComponent, NotSo, Unreachable
from appliance.layout import Layout
from appliance.moment import BUILT, Moment
from tests.captive_portal.site import PROJECT

NAME = "portal.example.org"
URL = f"https://{NAME}/api/captive"


class _Air:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.asking: list[str | None] = []
        self.socket = None

    def send(self, message: bytes, to: str = EVERYBODY) -> None:
        assert URL.encode() in message
        self.sent.append(to)

    def solicitor(self) -> str | None:
        return self.asking.pop(0)


class Box:
    """An announcer whose front shows ``der``, valid until ``ends``."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.layout = Layout.under(root, PROJECT)
        for folder in (self.layout.facts_dir, self.layout.service_run("announce"), self.layout.service_run("dnsmasq-captive")):
            folder.mkdir(parents=True)
        (self.layout.service_run("dnsmasq-captive") / "pid").write_text("4711\n")
        self.wall, self.der, self.ends = float(BUILT), b"one", math.inf
        self.told: list[tuple[int, int]] = []
        self.air = _Air()
        self.it = Announcer(self.layout, Wanted("br-lan", "10.44.0.1", NAME, URL), self.air)  # type: ignore[arg-type]
        monkeypatch.setattr(clock, "now", lambda: Moment(self.wall, 1.0, "synced"))
        monkeypatch.setattr(certificate, "shown", self._shown)
        monkeypatch.setattr(certificate, "described", lambda der: Certificate(0, self.ends, (NAME,)))
        monkeypatch.setattr("os.kill", lambda pid, number: self.told.append((pid, int(number))))

    def _shown(self, address: str, name: str) -> Any:
        assert (address, name) == ("10.44.0.1", NAME)
        if not self.der:
            raise Unreachable("no certificate")
        return self.der

    def turn(self, now: float) -> None:
        if now >= self.it.look_due:
            self.it.look(now)
        self.it.judge(now)

    @property
    def options(self) -> str:
        return (self.layout.service_run("announce") / "options.conf").read_text()

    @property
    def fact(self) -> object:
        return facts.read(self.layout, "announce")["offered"]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    return Box(tmp_path, monkeypatch)


def test_all_three_are_offered_and_withdrawn_as_the_certificate_expires(box: Box) -> None:
    box.ends = BUILT + 30
    box.turn(0)
    assert f"114,{URL}\n" in box.options and f"option6:103,{URL}\n" in box.options and box.fact is True
    assert box.air.sent == [EVERYBODY] and box.told == [(4711, 1)]
    assert box.it.pause(0) == pytest.approx(30)
    box.wall += 30
    box.turn(30)
    assert URL not in box.options and box.fact is False and box.told == [(4711, 1)] * 2
    box.air.asking = ["fe80::1"]
    box.it.answer(31)
    assert box.air.sent == [EVERYBODY], "no advertisement after the end"


def test_a_new_certificate_brings_them_back(box: Box) -> None:
    box.ends = BUILT + 30
    box.turn(0)
    box.wall += 30
    box.turn(30)
    box.der, box.ends = b"two", math.inf
    box.turn(LOOK_EVERY)
    assert box.fact is True and URL in box.options and len(box.told) == 3


def test_nothing_is_told_twice(box: Box) -> None:
    for second in range(5):
        box.turn(second)
    assert len(box.told) == 1 and box.air.sent == [EVERYBODY]


def test_everybody_is_told_again_as_often_as_by_dnsmasq(box: Box) -> None:
    box.turn(0)
    box.turn(INTERVAL - 1)
    assert len(box.air.sent) == 1
    box.turn(INTERVAL)
    assert len(box.air.sent) == 2


def test_until_the_front_shows_one_nothing_is_offered_and_it_is_looked_for_often(box: Box) -> None:
    box.der = b""
    box.turn(0)
    assert box.fact is False and box.it.pause(0) == LOOK_AGAIN
    box.der = b"one"
    box.turn(LOOK_AGAIN)
    assert box.fact is True and box.it.pause(LOOK_AGAIN) == LOOK_EVERY


def test_a_front_that_restarts_withdraws_nothing(box: Box) -> None:
    box.turn(0)
    box.der = b""
    box.turn(LOOK_EVERY)
    assert box.fact is True and len(box.told) == 1


def test_a_phone_is_answered_alone_and_one_without_an_address_with_everybody_but_not_often(box: Box) -> None:
    box.turn(0)
    box.air.sent.clear()
    box.air.asking = ["fe80::1", None, NOBODY, NOBODY, NOBODY]
    for second in (10, 10, 10, 11, 10 + TO_ALL_EVERY):
        box.it.answer(second)
    assert box.air.sent == ["fe80::1", EVERYBODY, EVERYBODY]


def test_whoever_asks_without_end_is_not_answered_without_end(box: Box) -> None:
    box.turn(0)
    box.air.asking = ["fe80::1"] * 1_000
    for _ in range(1_000):
        box.it.answer(10)
    assert len(box.air.sent) <= 1 + service.AT_ONCE


def test_who_reads_the_fact_can_trust_that_dnsmasq_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box, known = Box(tmp_path, monkeypatch), list[object]()
    monkeypatch.setattr("os.kill", lambda pid, number: known.append(facts.read(box.layout, "announce").get("offered")))
    box.turn(0)
    assert known == [None] and box.fact is True


def test_r7_whatever_fails_unforeseen_is_one_turn_and_offering_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns, pauses = list[int](), list[float]()

    class _Box(Announcer):
        def __init__(self, *_: Any) -> None: ...

        def turn(self) -> None:
            turns.append(1)
            if len(turns) > 5:
                raise SystemExit(0)
            raise OSError(100, "Network is down: 10.44.0.7")

    layout = Layout.under(tmp_path, PROJECT)
    layout.conf.mkdir(parents=True)
    wanted = {"interface": "br-lan", "address": "10.44.0.1", "name": NAME, "url": URL}
    (layout.conf / service.CONF).write_text(json.dumps(wanted))
    monkeypatch.setattr(service, "Announcer", _Box)
    monkeypatch.setattr(service, "Air", lambda interface: None)
    monkeypatch.setattr(service, "start_logging", lambda: None)
    monkeypatch.setattr(time, "sleep", pauses.append)
    for name, value in layout.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        service.main()
    assert len(turns) == 6 and len(pauses) == 5 and pauses == sorted(pauses)
    assert "announcing failed: OSError at" in caplog.text and "10.44" not in caplog.text


def test_r7_what_could_not_be_told_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(tmp_path, monkeypatch)
    box.it.look(0.0)
    folder = box.layout.service_run("announce")
    folder.rename(folder.with_name("away"))
    with pytest.raises(NotSo):
        box.it.judge(0.0)
    folder.with_name("away").rename(folder)
    box.it.judge(1.0)
    assert box.it.offered is True and (folder / service.OPTIONS).exists() and box.told


class _Refuses:
    """In place of ``run``: a helper that cannot be begun, is not there, or prints something else."""

    def __init__(self, what: Exception | str) -> None:
        self.what = what

    def __call__(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.what, Exception):
            raise self.what
        return SimpleNamespace(stdout=self.what)


WHATS = (
    CommandFailed("cannot be started"), MissingComponent("the program is not here"), "", "{", "[]", '{"begins": 0}',
    '{"begins": "x", "ends": 1, "names": []}', '{"begins": 0, "ends": null, "names": []}',
)  # fmt: skip


@pytest.mark.parametrize("what", WHATS, ids=str)
def test_r7_a_certificate_that_cannot_be_read_keeps_no_old_one_from_being_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: Exception | str
) -> None:
    """R4 as well: the front shows a new certificate, no process can be begun to read it, and the old one ends meanwhile."""
    box, read = Box(tmp_path, monkeypatch), certificate.described
    box.ends = BUILT + 90
    box.turn(0)
    monkeypatch.undo()
    monkeypatch.setattr("os.kill", lambda pid, number: None)
    monkeypatch.setattr(certificate, "shown", lambda address, name: b"another")
    monkeypatch.setattr(certificate, "run", _Refuses(what))
    monkeypatch.setattr(clock, "now", lambda: Moment(box.wall, 1.0, "synced"))
    monkeypatch.setattr(service.select, "select", lambda *_: ([], [], []))
    assert read is not certificate.described
    for second in (60, 120):
        box.wall = BUILT + float(second)
        monkeypatch.setattr(service.time, "monotonic", lambda second=second: float(second))
        box.it.turn()
    assert box.it.offered is False and URL not in box.options and box.fact is False


def test_r7_a_look_that_fails_unforeseen_is_not_the_only_deed_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(tmp_path, monkeypatch)
    box.turn(0)
    monkeypatch.setattr(certificate, "shown", _Refuses(MemoryError()))
    monkeypatch.setattr(service.select, "select", lambda *_: ([1], [], []))
    monkeypatch.setattr(service.time, "monotonic", lambda: LOOK_EVERY + 1)
    with pytest.raises(MemoryError):
        box.it.turn()
    box.air.asking = ["fe80::1"]
    box.it.turn()
    assert box.air.sent[-1] == "fe80::1"
