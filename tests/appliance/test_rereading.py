"""A renewed certificate is told to whoever uses it, once, by its content; nobody is started again who can read it while running."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import rereading, supervisor
from appliance.layout import Layout
from appliance.services import SERVICES, Service
from appliance.supervisor import Supervisor

READERS = [service for service in SERVICES if service.rereads]


class Process:
    """Runs, and remembers what it was told."""

    pid = 4_194_305

    def __init__(self) -> None:
        self.told = list[int]()

    def poll(self) -> int | None:
        return None

    def send_signal(self, number: int) -> None:
        self.told.append(number)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    for folder in (made.log, made.etc / "tls", made.data / "hub" / "authority"):
        folder.mkdir(parents=True)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    return now


def started(service: Service, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> tuple[Supervisor, Process]:
    process = Process()
    monkeypatch.setattr(supervisor, "spawn", lambda argv, **more: process)
    monkeypatch.setattr(Supervisor, "command", lambda self, service: ["true"])
    made = Supervisor([service], layout, python="python")
    made._try_launch(made.children[service.name])
    if (ready := service.ready_path(layout)) is not None:
        Path(ready).parent.mkdir(parents=True, exist_ok=True)
        Path(ready).touch()
    return made, process


def test_whoever_holds_a_certificate_is_named() -> None:
    assert {service.name for service in READERS} == {"nginx", "mosquitto", "ingest", "hub-nginx"}


@pytest.mark.parametrize("service", READERS, ids=lambda service: service.name)
def test_r4_a_new_certificate_is_told_once_by_its_content(
    service: Service, layout: Layout, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [Path(path) for path in service.rereads_paths(layout)]
    for path in paths:
        path.write_text("old")
    made, process = started(service, layout, monkeypatch)
    for path in paths:
        os.utime(path, (5, 5))
    clock[0] += rereading.PACE
    made.tick()
    assert process.told == [], "a touch is no change"
    wanted = getattr(signal, f"SIG{service.rereads_at}")
    for number, path in enumerate(paths, 1):
        times = path.stat()
        path.write_text("new")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        clock[0] += rereading.PACE
        for _ in range(3):
            made.tick()
            clock[0] += rereading.PACE
        assert process.told == [wanted] * number


def test_r4_a_service_that_is_not_ready_yet_is_told_when_it_is(
    layout: Layout, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it has set up what the signal means, it would end by it."""
    [broker] = [service for service in SERVICES if service.name == "mosquitto"]
    made, process = started(broker, layout, monkeypatch)
    ready = Path(broker.ready_path(layout) or "")
    ready.unlink()
    Path(broker.rereads_paths(layout)[0]).write_text("new")
    clock[0] += 5 * rereading.PACE
    made.tick()
    assert process.told == []
    ready.touch()
    made.tick()
    assert process.told == [signal.SIGHUP]


def test_what_cannot_be_read_counts_as_empty(tmp_path: Path) -> None:
    missing, empty, folder = tmp_path / "missing", tmp_path / "empty", tmp_path
    empty.touch()
    assert rereading.content([str(missing)]) == rereading.content([str(empty)]) == rereading.content([str(folder)])
    assert rereading.content([str(missing), str(empty)]) != rereading.content([str(empty)])


def test_services_without_certificates_are_left_alone(layout: Layout, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    plain: Any = replace(READERS[0], rereads=())
    made, process = started(plain, layout, monkeypatch)
    clock[0] += 100 * rereading.PACE
    made.tick()
    assert process.told == []
