"""A box serves what it has verified: a neighbour takes its catalogue from it, by the same signatures, and trusts it no further."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance import facts
from appliance.layout import Layout
from content_cache import line, sources
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Source
from content_cache.publish import publisher
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.publisher import Place
from content_cache.refresh import Sync
from content_cache.taking import REPOSITORY
from tests.content_cache.carried import Carried
from tests.content_cache.data import PROJECT, many
from tests.content_cache.site import place, site


class Signed:
    """A hub that signs for real, as files."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout.under(folder, PROJECT)
        publisher.ensure(self.layout)
        self.folder = Place.of(self.layout).repository
        self.root = (self.folder / "metadata" / "root.json").read_bytes()

    def publish(self, services: int) -> None:
        made = many(services)
        report = Report({"en": 1}, (Entry("en", 1, "1", "kept", None),))
        imported = Imported(made.records, made.translations, report, "en", ("en",), "A test", sample=False)
        publisher.publish(self.layout, imported, site="camp-1", timezone="Asia/Amman")


class Box:
    """A box that asks whoever it is told to."""

    def __init__(self, folder: Path, hub: Signed) -> None:
        self.layout, self.root = place(folder), hub.root
        self.content = self.layout.service_data("content")

    @property
    def repository(self) -> Path:
        return self.content / REPOSITORY

    def sync(self, *carriers: Carried) -> dict[str, object]:
        there = [Source(carrier, self.root, sources.kept(self.layout), sleep=lambda seconds: None) for carrier in carriers]
        Sync(site(), self.layout, there).run()
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.content / FILE).about()
        return about.services if about else 0


@pytest.fixture(autouse=True)
def _no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "look", lambda layout, own: None)


def _neighbour(box: Box) -> Carried:
    return Carried(folder=box.repository, place="neighbour", metered=False)


@pytest.fixture
def hub(tmp_path: Path) -> Signed:
    made = Signed(tmp_path / "hub")
    publisher.put(made.layout, "notices.json", b'{"format":1,"numbers":[{"kind":"police","number":"911"}]}', {"kind": "notices"})
    made.publish(5)
    return made


def test_versions_pass_from_box_to_box_without_the_hub(hub: Signed, tmp_path: Path) -> None:
    near, far = Box(tmp_path / "near", hub), Box(tmp_path / "far", hub)
    for count, services in enumerate((5, 7, 8), 1):
        if count > 1:
            hub.publish(services)
        assert near.sync(Carried(folder=hub.folder))["state"] == "updated"
        told = far.sync(_neighbour(near))
        assert (told["state"], told["version"], told["source"], far.services) == ("updated", count, "neighbour", services)
        assert facts.read(far.layout, "notices")["numbers"] == [{"kind": "police", "number": "911"}]
    # Of catalogues only what leads to the current one is kept.
    assert {path.name.split(".", 1)[1] for path in (near.repository / "targets").iterdir()} == {"patch-2-3.zst", "notices.json"}


def test_what_the_neighbour_does_not_have_comes_from_the_hub(hub: Signed, tmp_path: Path) -> None:
    near, late = Box(tmp_path / "near", hub), Box(tmp_path / "late", hub)
    near.sync(Carried(folder=hub.folder))
    hub.publish(7)
    near.sync(Carried(folder=hub.folder))
    told = late.sync(_neighbour(near), Carried(folder=hub.folder))
    assert (told["state"], told["source"], late.services) == ("updated", "hub", 7)


def test_a_neighbour_that_lies_is_refused_and_the_hub_asked(hub: Signed, tmp_path: Path) -> None:
    near, far = Box(tmp_path / "near", hub), Box(tmp_path / "far", hub)
    near.sync(Carried(folder=hub.folder))
    for path in (near.repository / "targets").iterdir():
        path.write_bytes(path.read_bytes()[::-1])
    told = far.sync(_neighbour(near), Carried(folder=hub.folder))
    assert (told["state"], told["source"], far.services) == ("updated", "hub", 5)
    stamp = near.repository / "metadata" / "timestamp.json"
    document = json.loads(stamp.read_bytes())
    document["signed"]["version"] += 9
    stamp.write_text(json.dumps(document))
    told = far.sync(_neighbour(near), Carried(folder=hub.folder))
    assert (told["state"], told["why"], far.services) == ("refused", "a signature is wrong", 5)


def test_a_look_without_news_changes_no_file(hub: Signed, tmp_path: Path) -> None:
    near = Box(tmp_path / "near", hub)
    near.sync(Carried(folder=hub.folder))
    before = {path: path.stat().st_mtime_ns for path in near.repository.rglob("*")}
    assert near.sync(Carried(folder=hub.folder))["state"] == "current"
    assert {path: path.stat().st_mtime_ns for path in near.repository.rglob("*")} == before


def test_metadata_that_breaks_off_is_asked_for_again_without_what_came(hub: Signed, tmp_path: Path) -> None:
    carrier = Carried(folder=hub.folder, cuts=[99_999, 99_999, 100])
    assert Box(tmp_path / "box", hub).sync(carrier)["state"] == "updated"
    assert sum(path == "metadata/timestamp.json" for path, _ in carrier.asked) == 2


def test_a_hub_that_does_not_answer_at_all_is_asked_once(hub: Signed, tmp_path: Path) -> None:
    carrier = Carried(folder=hub.folder, down=True)
    assert Box(tmp_path / "box", hub).sync(carrier)["state"] == "offline" and len(carrier.asked) == 1
