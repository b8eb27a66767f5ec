"""Real versions arrive one after the other over a thin line that flaps and loses, and sync is killed at a byte in each of them.

The default run brings three of the eleven over a quicker line. ``campbox test all`` (or ``CAMPBOX_TRACE=all``) brings all, over
64 kbit/s that flap every 20 s and lose 5 %, and takes six minutes.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import facts
from appliance.files import read_json
from content_cache import targets
from content_cache.catalogue_store import Store
from content_cache.publish import publisher
from content_cache.snapshot import read as read_snapshot
from provisioning.lab.pace import patient
from tests.content_cache.data import real
from tests.content_cache.reader_model import Reader, Seen
from tests.real.hub_repository import Box, Hub
from tests.real.open_folder import open_folder
from tests.real.thin_line import ThinLine, Weather

WHOLE = "CAMPBOX_TEST_ALL" in os.environ or os.environ.get("CAMPBOX_TRACE") == "all"
WEATHER = Weather(64_000, 0.05, up=17, down=3) if WHOLE else Weather(600_000, 0.05, up=2.5, down=0.4, again=0.02, delay=0.005)
VERSIONS = slice(None) if WHOLE else slice(3, 6)
BUDGET = 46_000
"""Bytes of payload of the ten patches (DESIGN section 7)."""
ENTITIES = ("service", "location", "schedule", "phone", "attribute")
GREETING = 3_000
"""Bytes that reach the box before the first of a file in any run."""
pytestmark = [pytest.mark.net, pytest.mark.loopback, pytest.mark.timeout(3_600 if WHOLE else 900)]
PATIENCE = patient(600.0 if WHOLE else 180.0)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("trace") as made:
        yield made


class Watch:
    """A reader that never rests, in a thread of its own."""

    def __init__(self, box: Box) -> None:
        self.store, self.reader, self.wrong = Store(box.file), Reader(), list[str]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.is_set():
            before = self.store.about()
            counts = tuple(self.store.records(entity, 0, 0)[0] for entity in ENTITIES)
            if objection := self.reader.objection(Seen(before, counts, self.store.about())):
                self.wrong.append(objection)
            time.sleep(0.02)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)


def _offer(hub: Hub) -> targets.Offer:
    metadata = hub.repository / "metadata"
    newest = max(metadata.glob("*.targets.json"), key=lambda path: int(path.name.split(".")[0]))
    named = read_json(newest)["signed"]["targets"]
    found = targets.offer((name, t["length"], t["hashes"]["sha256"], t.get("custom", {})) for name, t in named.items())
    assert found is not None
    return found


def _publish(hub: Hub, content: bytes, reader: Reader) -> targets.Offer:
    hub.publish_advisor(content)
    offer = _offer(hub)
    catalogue = read_snapshot(publisher.read_current(hub.layout))
    # Known before it can arrive: from here on the watch may see it.
    reader.published[offer.edition.serial] = (offer.edition.snapshot, tuple(catalogue.count(entity) for entity in ENTITIES))
    return offer


def _kill_at_a_byte(box: Box, line: ThinLine, byte: int) -> bool:
    """One run that is killed as soon as so many bytes have reached the box; whether it was."""
    line.ring_after(byte)
    process = box.start()
    while process.poll() is None and not line.rang.wait(0.002):
        pass
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(patient(60))
    return killed


def _until_it_is_there(box: Box, serial: int) -> int:
    """Runs of the timer until this version is stored; how many."""
    deadline = time.monotonic() + PATIENCE
    runs = 0
    while facts.read(box.layout, "sync").get("version") != serial:
        assert time.monotonic() < deadline, f"version {serial} did not arrive: {facts.read(box.layout, 'sync')}"
        assert box.start().wait(PATIENCE) == 0
        runs += 1
    return runs


def test_real_versions_arrive_over_a_bad_line_though_sync_is_killed_in_each(folder: Path) -> None:
    files = sorted(real("jordan", "history").glob("*.json"))[VERSIONS]
    hub, chance = Hub(folder / "hub"), random.Random(20)
    line = ThinLine(hub.server.server_port, WEATHER, seed=5)
    box = Box(folder / "box", hub)
    box.enrol(hub, url=f"https://localhost:{line.port}/")
    watch = Watch(box)
    patches, killed = 0, 0
    try:
        for number, file in enumerate(files, 1):
            offer, before, began = _publish(hub, file.read_bytes(), watch.reader), line.carried, time.monotonic()
            sent = offer.patches[number - 1].file.length if number > 1 else offer.edition.file.length
            patches += sent if number > 1 else 0
            died = False
            while not died and facts.read(box.layout, "sync").get("version") != number:  # a flap may have ended that run first
                died = _kill_at_a_byte(box, line, chance.randint(1, GREETING + sent))
            killed += died
            assert box.services() in (_services(watch, number - 1), _services(watch, number))
            runs = _until_it_is_there(box, number) + 1
            took, over = time.monotonic() - began, line.carried - before
            print(f"{file.stem}: {sent} bytes of payload, {over} over the line, {runs} runs, killed {died}, {took:.0f} s")
            assert box.services() == _services(watch, number)
    finally:
        watch.end()
        line.close()
        hub.close()
    print(f"{patches} bytes of payload in {len(files) - 1} patches; {line.carried} over the line")
    print(f"{line.flaps} flaps, {line.lost} segments sent twice")
    print(f"{watch.reader.looks} looks of a reader, versions {sorted(watch.reader.versions)}, killed {killed} times")
    assert watch.wrong == [] and watch.reader.looks > 50 and max(watch.reader.versions) == len(files)
    assert killed == len(files), "a run was over before it could be killed"
    assert line.flaps and line.lost
    if WHOLE:
        assert patches <= BUDGET


def _services(watch: Watch, serial: int) -> int:
    """Services of a published version; 0 before the first."""
    return watch.reader.published[serial][1][0] if serial else 0
