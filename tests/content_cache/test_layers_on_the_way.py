"""What organisations signed comes through the same door as the catalogue: hours, volume, people first, on at the byte."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from appliance import facts
from appliance.config import SiteConfig
from content_cache import layers, line
from content_cache.allowance import Line
from content_cache.carrier import Answer
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Source
from content_cache.folder_carrier import Folder
from content_cache.publish import delegation
from content_cache.refresh import Sync
from content_cache.sources import kept
from tests.content_cache.signed_place import NOW, Hub
from tests.content_cache.site import place, site
from tests.content_cache.test_layers import CATALOGUE, CLINIC, OWN, SCHOOL, clinic

LONG = "Closed for repairs until the water is back. " * 440


class Metered:
    """The hub over the uplink: everything that comes is counted; after ``most`` bytes of layers nothing more of them comes."""

    def __init__(self, folder: Path, place: str = "hub") -> None:
        self.true, self.place, self.name, self.metered = Folder(folder), place, place, place == "hub"
        self.asked, self.came, self.most = list[str](), 0, 10**6
        self.told: Callable[[int], None] = lambda octets: None

    @contextlib.contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        self.asked.append(path.rpartition(".")[0].rpartition("/")[2] + headers.get("Range", ""))
        with self.true.get(path, headers) as answer:
            yield dataclasses.replace(answer, body=self._counted(path, answer.body))

    def _counted(self, path: str, body: Iterator[bytes]) -> Iterator[bytes]:
        for whole in body:
            piece = whole[: self.most] if "/orgs/" in path else whole
            self.most -= len(piece) if "/orgs/" in path else 0
            self.came += len(piece)
            self.told(len(piece))
            yield piece
            if piece != whole:
                return

    @property
    def layers(self) -> list[str]:
        """Questions for a layer's file."""
        return [one for one in self.asked if ".services" in one]


class Box:
    """A box that holds the hub's catalogue of two services, with nobody's layer over it."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.layout, self.hub, self.wires = place(folder), hub, [Metered(hub.folder)]
        self.root = (hub.folder / "metadata" / "1.root.json").read_bytes()
        self.config: SiteConfig = site()

    def configure(self, **catalogue: Any) -> None:
        self.config = dataclasses.replace(self.config, catalogue=dataclasses.replace(self.config.catalogue, **catalogue))

    def look(self) -> dict[str, Any]:
        for wire in self.wires:
            wire.asked.clear()
        sources = [Source(wire, self.root, kept(self.layout), lambda seconds: None) for wire in self.wires]
        run = Sync(self.config, self.layout, sources)
        run.taking.sleep = lambda seconds: None  # type: ignore[method-assign]
        for wire in self.wires:
            wire.told = run.ledger.came if wire.metered else lambda octets: None
        run.run()
        return facts.read(self.layout, "sync")

    def alert(self, service: str = CLINIC) -> str:
        found = Store(self.layout.service_data("content") / FILE).service(service)
        return str(found.document.get("alert", "")) if found else "no such service"


@pytest.fixture(autouse=True)
def _nobody_online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "look", lambda layout, own: None)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    made = Hub(tmp_path / "hub")
    made.publish(0, CATALOGUE)
    return made


@pytest.fixture
def key(hub: Hub) -> CryptoSigner:
    made = CryptoSigner.generate_ed25519()
    delegation.allow(hub.at(), OWN, made.public_key)
    return made


@pytest.fixture
def box(tmp_path: Path, hub: Hub) -> Box:
    made = Box(tmp_path / "box", hub)
    assert made.look()["state"] == "updated" and made.alert() == ""
    return made


def say(hub: Hub, key: CryptoSigner, alert: str, hours: int = 0) -> None:
    content = (json.dumps(clinic(alert=alert)) + "\n").encode()
    signed = delegation.sign(OWN, content, key, NOW + datetime.timedelta(hours=hours))
    delegation.accept(hub.at(), OWN, signed, content, CATALOGUE)


def test_outside_the_hours_no_byte_of_a_layer_comes_over_the_uplink_and_the_one_there_stays(
    box: Box, hub: Hub, key: CryptoSigner
) -> None:
    say(hub, key, "Closed on Monday")
    assert box.look()["state"] == "updated" and box.alert() == "Closed on Monday"
    say(hub, key, "Closed on Tuesday", 1)
    box.configure(hours=_closed())
    told = box.look()
    assert (told["state"], box.wires[0].layers, box.alert()) == ("later", [], "Closed on Monday") and "hours" in told["why"]
    box.configure(hours=())
    assert box.look()["state"] == "updated" and box.alert() == "Closed on Tuesday"


def test_a_layer_is_counted_in_the_months_volume_and_not_begun_where_it_could_not_be_finished(
    box: Box, hub: Hub, key: CryptoSigner
) -> None:
    say(hub, key, LONG)
    box.configure(monthly_mb=0.02)
    told = box.look()
    assert (told["state"], box.wires[0].layers, box.alert()) == ("later", [], "") and "volume" in told["why"]
    before = told["budget_left"]
    box.configure(monthly_mb=1.0)
    told = box.look()
    assert (told["state"], box.alert()) == ("updated", LONG) and told["budget_left"] <= before + 980_000 - len(LONG)


def test_a_layer_stands_back_for_people(box: Box, hub: Hub, key: CryptoSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    say(hub, key, LONG)
    busy = iter(range(10_000))
    monkeypatch.setattr(line, "look", lambda layout, own: Line(next(busy), next(busy) * 10**7, own, 1_000, 5))
    told = box.look()
    assert (told["state"], told["why"], box.alert()) == ("pausing", "people need the link", "")
    monkeypatch.setattr(line, "look", lambda layout, own: None)
    assert box.look()["state"] == "updated" and box.alert() == LONG


def test_a_broken_layer_goes_on_at_the_byte_in_the_next_run(box: Box, hub: Hub, key: CryptoSigner) -> None:
    say(hub, key, LONG)
    box.wires[0].most = 4_000
    told = box.look()
    assert (told["state"], box.alert()) == ("offline", "") and box.wires[0].layers[1].endswith("bytes=4000-")
    box.wires[0].most = 10**6
    assert box.look()["state"] == "updated" and box.alert() == LONG
    assert [one.rpartition("bytes=")[2] for one in box.wires[0].layers] == ["4000-"]


def test_what_is_allowed_comes_though_a_layer_must_wait(box: Box, hub: Hub, key: CryptoSigner) -> None:
    """A large layer does not keep a small patch from a box whose volume is nearly used up."""
    say(hub, key, "Closed on Monday")
    box.look()
    say(hub, key, LONG, 1)
    newer = [
        dataclasses.replace(one, values={**one.values, "alert": "Holiday"}) if one.id == SCHOOL else one
        for one in CATALOGUE.records
    ]
    hub.publish(0, dataclasses.replace(CATALOGUE, records=tuple(newer)))
    box.configure(monthly_mb=0.02)
    told = box.look()
    assert told["state"] == "later" and "volume" in told["why"]
    assert (told["version"], box.alert(SCHOOL), box.alert()) == (2, "Holiday", "Closed on Monday")
    box.configure(monthly_mb=None)
    assert (box.look()["state"], box.alert()) == ("updated", LONG)


def test_an_older_layer_that_no_longer_fits_is_left_out_while_the_newer_one_waits(box: Box, hub: Hub, key: CryptoSigner) -> None:
    """The catalogue has given the service to others: what was signed before speaks of their service now."""
    say(hub, key, "Closed on Monday")
    assert box.look()["state"] == "updated" and box.alert() == "Closed on Monday"
    say(hub, key, LONG, 1)
    others = next(one.values["organization_id"] for one in CATALOGUE.records if one.id == SCHOOL)
    given = [
        dataclasses.replace(one, values={**one.values, "organization_id": others, "alert": "Ours"}) if one.id == CLINIC else one
        for one in CATALOGUE.records
    ]
    hub.publish(0, dataclasses.replace(CATALOGUE, records=tuple(given)))
    box.configure(monthly_mb=0.02)
    told = box.look()
    assert (told["state"], told["version"], box.alert()) == ("later", 2, "Ours")


def test_what_a_revoked_key_signed_is_laid_no_more_while_the_new_keys_word_waits(box: Box, hub: Hub, key: CryptoSigner) -> None:
    say(hub, key, "Send money to this number")
    assert box.look()["state"] == "updated"
    other = CryptoSigner.generate_ed25519()
    delegation.allow(hub.at(), OWN, other.public_key)
    say(hub, other, "Open again", 1)
    box.configure(hours=_closed())
    assert (box.look()["state"], box.alert()) == ("later", "")


def test_a_neighbour_brings_a_layer_at_any_hour(tmp_path: Path, box: Box, hub: Hub, key: CryptoSigner) -> None:
    say(hub, key, "Closed on Monday")
    box.configure(hours=_closed())
    box.wires.insert(0, Metered(hub.folder, "neighbour"))
    told = box.look()
    assert (told["state"], told["source"], box.alert()) == ("updated", "neighbour", "Closed on Monday")
    assert not box.wires[1].layers


def test_a_neighbour_finds_the_layer_at_this_box(tmp_path: Path, box: Box, hub: Hub, key: CryptoSigner) -> None:
    say(hub, key, "Closed on Monday")
    box.look()
    other = Box(tmp_path / "other", hub)
    other.wires = [Metered(box.layout.service_data("content") / "repository", "neighbour")]
    assert (other.look()["state"], other.alert()) == ("updated", "Closed on Monday")


def test_signed_metadata_of_an_organisation_has_a_size_before_it_is_read(box: Box, hub: Hub, key: CryptoSigner) -> None:
    say(hub, key, "Closed on Monday")
    role = hub.at().delegated[0]
    path = hub.newest(role)
    path.write_bytes(path.read_bytes() + b" " * layers.LARGEST_ROLE)
    before = box.wires[0].came
    assert box.look()["state"] in ("refused", "offline") and box.wires[0].came - before < layers.LARGEST_ROLE + 40_000


def _closed() -> tuple[tuple[int, int], ...]:
    """Hours of one minute, twelve hours from now: the site's time zone is three hours ahead of UTC at most."""
    now = datetime.datetime.now(datetime.UTC)
    minute = (now.hour * 60 + now.minute + 3 * 60 + 12 * 60) % 1440
    return ((minute, (minute + 1) % 1440),)
