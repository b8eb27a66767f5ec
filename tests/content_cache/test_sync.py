"""One run of sync against a hub that is honest, absent or hostile: the old catalogue stays, the reason is told."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from appliance import facts
from appliance.errors import NotSo, Refused, Unreachable
from appliance.layout import Layout
from appliance.moment import BUILT, Moment, Trust
from content_cache import base_file, fetching, layers, line, mirror, patches, refresh, snapshot, sync, taking
from content_cache.allowance import Line
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Older, Trusted
from content_cache.layers import Layer, Signed
from content_cache.lean import lean
from content_cache.refresh import Sync
from content_cache.snapshot import Catalogue
from content_cache.sync import PATIENCE, due, wait_for_enrolment
from content_cache.targets import Edition, File, Offer, Patch
from tests.content_cache.carried import Carried, signed
from tests.content_cache.data import many
from tests.content_cache.site import place, site


class FakeHub:
    """Stands for ``fetch.Source``: offers one catalogue and patches to it, or fails in a given way. Its files are real."""

    def __init__(self) -> None:
        self.carrier, self.problem, self.notices = Carried(), None, None
        self.editions: list[tuple[Edition, bytes]] = []
        self.patches: dict[int, Patch] = {}
        self.laid: list[Layer] = []

    @property
    def place(self) -> str:
        return self.carrier.place

    @property
    def fetched(self) -> list[str]:
        """Names of the files it was asked for."""
        return [path.rpartition(".")[0].rpartition(".")[2] for path, _ in self.carrier.asked]

    def publish(self, catalogue: Catalogue, **claims: Any) -> Edition:
        canonical, serial = snapshot.write(catalogue), len(self.editions) + 1
        usual = {
            "file": self._stored("full.zst", patches.pack(lean(canonical))), "serial": serial, "size": len(canonical),
            "snapshot": hashlib.sha256(canonical).hexdigest(), "services": catalogue.count("service"),
            "sample": catalogue.header.sample, "date": catalogue.header.date,
        }  # fmt: skip
        self.patches = {
            one.serial: Patch(self._stored("patch.zst", patches.diff(lean(base), lean(canonical))), one.serial, serial)
            for one, base in self.editions
        }
        self.editions.append((Edition(**(usual | claims)), canonical))
        return self.editions[-1][0]

    def _stored(self, name: str, content: bytes) -> File:
        file = signed(content, name=name)
        self.carrier.files[mirror.address(file.name, file.sha256)] = content
        return file

    def spoil(self, name: str, content: bytes | None) -> None:
        """Files of this name hold something else, which is what was signed, or are gone."""
        edition = self.editions[-1][0]
        if content is None:
            self.carrier.files = {path: kept for path, kept in self.carrier.files.items() if not path.endswith(name)}
        elif name == "full.zst":
            self.editions[-1] = (dataclasses.replace(edition, file=self._stored(name, content)), b"")
        else:
            file = self._stored(name, content)
            self.patches = {base: dataclasses.replace(patch, file=file) for base, patch in self.patches.items()}

    def offer(self) -> Offer | None:
        if self.problem is not None:
            raise self.problem
        return Offer(self.editions[-1][0], self.patches) if self.editions else None

    def layers(self) -> list[Signed]:
        return [self._signed(layer) for layer in self.laid]

    def _signed(self, layer: Layer) -> Signed:
        file = self._stored(layers.target(layer.organisation), layer.untrusted)
        return Signed(layers.role(layer.organisation, "0" * 8), layer.organisation, file)

    def small(self, name: str, limit: int) -> bytes | None:
        return self.notices


SOURCES: dict[Layout, list[Any]] = {}


class Box:
    """A box that is enrolled with a fake hub."""

    def __init__(self, folder: Path, *, sample: bool = False) -> None:
        self.layout, self.hub, self.config = place(folder), FakeHub(), site(sample=sample)
        self.sources: list[Any] = [self.hub]
        SOURCES[self.layout] = self.sources

    @property
    def folder(self) -> Path:
        return self.layout.service_data("content")

    def configure(self, **catalogue: Any) -> None:
        """Change the section [catalogue] of its site file."""
        self.config = dataclasses.replace(self.config, catalogue=dataclasses.replace(self.config.catalogue, **catalogue))

    def sync(self, *, ask: bool = True) -> dict[str, Any]:
        if ask:
            (self.layout.service_run("sync") / "now").touch()
        if due(self.config, self.layout):
            Sync(self.config, self.layout).run()
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


@pytest.fixture(autouse=True)
def _sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """No box of these tests has a network; those made by ``Box`` have the sources it says."""
    real = refresh.sources.sources
    monkeypatch.setattr(refresh.sources, "sources", lambda config, layout, came: SOURCES.get(layout) or real(config, layout, came))
    monkeypatch.setattr(taking.Taking, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(line, "look", lambda layout, own: None)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    made.hub.publish(many(10))
    assert made.sync()["state"] == "updated"
    return made


def test_a_new_catalogue_is_stored_and_told(box: Box) -> None:
    box.hub.publish(many(12))
    told = box.sync()
    assert told == {
        "state": "updated", "why": "", "version": 2, "services": 12, "snapshot_date": "2026-11-20T08:00:00Z", "sample": False,
        "held": "", "expired": False, "source": "hub", "done": 0, "total": 0, "budget_left": None, "asked": 0,
    }  # fmt: skip
    assert box.services == 12 and box.sync()["state"] == "current"


def test_a_box_that_is_not_enrolled_waits(tmp_path: Path) -> None:
    layout = place(tmp_path)
    outcome = Sync(site(), layout).run()
    assert outcome is not None and outcome.state == "waiting" and facts.read(layout, "sync")["services"] == 0


def test_a_new_box_looks_as_soon_as_it_is_enrolled_not_a_minute_later(tmp_path: Path) -> None:
    layout, slept = place(tmp_path), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            (layout.identity_dir / "root.json").write_text("{}")

    assert wait_for_enrolment(layout, sleep) and len(slept) == 3


def test_it_waits_for_enrolment_no_longer_than_until_its_next_run(tmp_path: Path) -> None:
    slept = list[float]()
    assert not wait_for_enrolment(place(tmp_path), slept.append) and sum(slept) == PATIENCE < 60


def test_a_hub_without_a_catalogue_is_waited_for(tmp_path: Path) -> None:
    assert Box(tmp_path).sync()["state"] == "waiting"


def test_it_does_nothing_before_its_time(box: Box) -> None:
    box.hub.publish(many(12))
    assert box.sync(ask=False)["version"] == 1 and box.services == 10


def test_after_a_start_it_looks_at_once_because_what_it_told_is_gone(box: Box) -> None:
    box.layout.facts("sync").unlink()
    told = box.sync(ask=False)
    assert (told["state"], told["services"]) == ("current", 10)


def test_after_a_start_without_a_line_it_tells_what_the_box_holds(box: Box) -> None:
    box.layout.facts("sync").unlink()
    box.hub.problem = Unreachable("the hub does not answer")
    told = box.sync(ask=False)
    assert (told["state"], told["services"]) == ("offline", 10)


def test_a_broken_record_of_the_last_run_means_look_now(box: Box) -> None:
    (box.layout.service_data("content") / "sync.json").write_text("[not json")
    box.hub.publish(many(12))
    assert box.sync(ask=False)["state"] == "updated"


@pytest.mark.parametrize(
    ("problem", "state"),
    [(Unreachable("the hub does not answer"), "offline"), (Refused("a signature is wrong"), "refused")],
)
def test_what_goes_wrong_at_the_hub_is_told_and_the_old_one_stays(box: Box, problem: Exception, state: str) -> None:
    box.hub.problem = problem  # type: ignore[assignment]
    told = box.sync()
    assert (told["state"], told["why"], told["version"]) == (state, str(problem), 1) and box.services == 10


def test_a_catalogue_that_shrinks_is_held_before_it_is_fetched(box: Box) -> None:
    before = box.hub.fetched
    edition = box.hub.publish(many(6))
    told = box.sync()
    assert told["state"] == "held" and told["why"].startswith("held: 4 of 10") and told["services"] == 10
    assert told["held"] == edition.snapshot and box.hub.fetched == before


def test_what_a_person_has_released_is_taken_also_when_it_shrinks(box: Box) -> None:
    edition = box.hub.publish(many(6))
    box.hub.notices = json.dumps({"format": 1, "released": ["0" * 64]}).encode()
    assert box.sync()["state"] == "held"
    box.hub.notices = json.dumps({"format": 1, "released": [edition.snapshot]}).encode()
    told = box.sync()
    assert (told["state"], told["held"], box.services) == ("updated", "", 6)


def test_a_catalogue_with_as_many_others_in_their_place_is_held_too(box: Box) -> None:
    """Counting alone let all services be exchanged for invented ones."""
    others = many(20)
    gone = {one.id for one in others.records if one.entity == "service"} & {one.id for one in many(4).records}
    assert len(gone) == 4
    left = tuple(one for one in others.records if not gone & {one.id, *map(str, one.values.values())})
    edition = box.hub.publish(dataclasses.replace(others, records=left, translations=()))
    told = box.sync()
    assert edition.services == 16 and told["state"] == "held" and told["why"].startswith("held: 4 of 10") and box.services == 10
    assert told["held"] == edition.snapshot
    box.hub.notices = json.dumps({"format": 1, "released": [edition.snapshot]}).encode()
    assert box.sync()["state"] == "updated" and box.services == 16


def test_a_lie_about_the_number_of_services_does_not_help(box: Box) -> None:
    box.hub.publish(many(1), services=10)
    assert box.sync()["why"].startswith("held") and box.services == 10


@pytest.mark.parametrize("claims", [{}, {"sample": False}])
def test_invented_content_is_refused_by_a_real_site(box: Box, claims: dict[str, Any]) -> None:
    box.hub.publish(many(30, sample=True), **claims)
    told = box.sync()
    assert told["state"] == "refused" and "invented" in told["why"] and box.services == 10


def test_invented_content_is_taken_by_a_demo_and_gives_way_to_real(tmp_path: Path) -> None:
    demo = Box(tmp_path, sample=True)
    demo.hub.publish(many(30, sample=True))
    assert demo.sync()["sample"] is True
    demo.hub.publish(many(5))
    assert demo.sync()["sample"] is False and demo.services == 5


def test_an_older_serial_is_refused(box: Box) -> None:
    box.hub.publish(many(12))
    box.sync()
    box.hub.editions.clear()
    box.hub.publish(many(11))
    assert "rollback" in box.sync()["why"] and box.services == 12


@pytest.mark.parametrize("content", [b"junk", zstandard.compress(b"{}\n"), patches.pack(lean(snapshot.write(many(9))))])
def test_a_catalogue_that_is_not_what_was_signed_is_refused(box: Box, content: bytes) -> None:
    box.hub.publish(many(12))
    box.hub.spoil("full.zst", content)
    box.hub.patches.clear()
    assert box.sync()["state"] == "refused" and box.services == 10


def test_a_patch_is_fetched_where_there_is_a_base(box: Box) -> None:
    box.hub.publish(many(12))
    box.sync()
    assert box.hub.fetched == ["full", "patch"]


@pytest.mark.parametrize("content", [None, b"junk", patches.pack(lean(snapshot.write(many(9))))])
def test_a_patch_that_does_not_lead_there_gives_way_to_the_whole_in_the_same_run(box: Box, content: bytes | None) -> None:
    box.hub.publish(many(12))
    box.hub.spoil("patch.zst", content)
    told = box.sync()
    assert told["state"] == "updated" and box.hub.fetched[-1] == "full" and box.services == 12


def test_a_base_that_was_lost_or_damaged_costs_a_whole_file(box: Box) -> None:
    (base,) = box.folder.glob("base.*")
    base.write_bytes(base.read_bytes()[:-3])
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated" and box.hub.fetched == ["full", "full"]


def test_a_base_in_the_form_of_another_campbox_stops_nothing(box: Box) -> None:
    next(box.folder.glob("base.*")).unlink()
    base_file.keep(box.folder, 1, b"a form that nobody knows")
    assert box.sync()["state"] == "current"
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated" and box.services == 12


def test_only_the_current_base_and_no_part_is_kept(box: Box) -> None:
    box.hub.publish(many(12))
    box.sync()
    assert [path.name.split(".")[1] for path in box.folder.glob("base.*")] == ["2"] and not list((box.folder / "parts").iterdir())


@pytest.mark.parametrize("lost", [None, b"", b"not a database"])
def test_a_lost_store_is_built_anew_from_the_base_without_a_line(box: Box, lost: bytes | None) -> None:
    store = box.folder / FILE
    store.unlink() if lost is None else store.write_bytes(lost)
    box.hub.problem = Unreachable("the hub does not answer")
    told = box.sync()
    assert (told["state"], told["version"], told["services"]) == ("offline", 1, 10) and box.hub.fetched == ["full"]


def test_after_everything_was_lost_it_is_fetched_again(box: Box) -> None:
    (box.folder / FILE).unlink()
    next(box.folder.glob("base.*")).unlink()
    assert box.sync()["state"] == "updated" and box.services == 10


def test_a_broken_transfer_goes_on_at_the_byte_in_the_next_run(box: Box) -> None:
    box.hub.publish(many(300))
    carrier, file = box.hub.carrier, box.hub.patches[1].file
    carrier.sent, carrier.cuts = 0, [file.length // 2, 0, 0, 0]
    told = box.sync()
    assert (told["state"], told["total"]) == ("offline", 0) and box.services == 10
    assert box.sync()["state"] == "updated" and carrier.sent == file.length and box.services == 300


def test_hours_keep_the_catalogue_and_not_the_notices(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "2026-12-01T12:00:00+00:00")
    box.configure(hours=((22 * 60, 6 * 60),))
    box.hub.publish(many(12))
    box.hub.notices = b'{"format":1,"numbers":[{"kind":"police","number":"911"}]}'
    told = box.sync()
    assert told["state"] == "later" and "hours" in told["why"] and box.services == 10
    assert facts.read(box.layout, "notices")["numbers"]
    _at(monkeypatch, "2026-12-01T20:00:00+00:00")  # 23:00 in Amman
    assert box.sync()["state"] == "updated"


def _at(monkeypatch: pytest.MonkeyPatch, date: str, trust: Trust = "synced") -> None:
    wall = datetime.datetime.fromisoformat(date).timestamp()
    for module in (refresh, fetching, sync):
        monkeypatch.setattr(module.clock, "now", lambda floor=BUILT: Moment(wall, 100.0, trust))


def test_a_months_volume_is_not_exceeded_and_a_stick_still_helps(box: Box) -> None:
    box.configure(monthly_mb=0.000_1)
    box.hub.publish(many(300))
    told = box.sync()
    assert told["state"] == "later" and "volume" in told["why"] and told["budget_left"] == 100 and box.services == 10
    stick = FakeHub()
    stick.editions, stick.patches, stick.carrier = box.hub.editions, box.hub.patches, dataclasses.replace(box.hub.carrier)
    stick.carrier.place, stick.carrier.metered = "usb", False
    box.sources.insert(0, stick)
    told = box.sync()
    assert (told["state"], told["source"], told["budget_left"]) == ("updated", "usb", 100) and box.services == 300


def test_while_people_need_the_link_it_pauses_and_says_so(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter(range(10_000))
    monkeypatch.setattr(line, "look", lambda layout, own: Line(next(busy), next(busy) * 10**7, own, 1_000, 5))
    box.hub.publish(many(12))
    monkeypatch.setattr("content_cache.allowance.SOON", 0)
    told = box.sync()
    assert (told["state"], told["why"]) == ("pausing", "people need the link") and box.services == 10
    assert not (box.folder / "parts" / "room").exists()
    assert json.loads((box.folder / "sync.json").read_text())["paused"] > 0
    monkeypatch.setattr(line, "look", lambda layout, own: None)
    assert box.sync()["state"] == "updated"
    assert json.loads((box.folder / "sync.json").read_text())["paused"] == 0


def test_expired_metadata_is_told_and_what_is_newer_is_taken_all_the_same(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh.fetch, "trusted", lambda folder: Trusted(BUILT - 100.0, 0.0))
    told = box.sync()
    assert (told["state"], told["expired"]) == ("expired", True) and "expired" in told["why"] and box.services == 10
    box.hub.publish(many(12))
    assert box.sync()["state"] == "expired" and box.services == 12
    box.hub.problem = Unreachable("gone")
    told = box.sync()
    assert (told["state"], told["expired"]) == ("offline", True)


def test_a_clock_from_1970_does_not_make_signed_dates_future(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "1970-01-01T00:00:00+00:00", "none")
    monkeypatch.setattr(refresh.fetch, "trusted", lambda folder: Trusted(BUILT + 100.0, BUILT + 200.0))
    assert box.sync()["expired"] is True


def test_the_last_time_that_was_compared_is_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "2027-01-01T00:00:00+00:00")
    box.sync()
    kept = json.loads((box.folder / "sync.json").read_text())["saved"]
    assert kept == datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC).timestamp()
    _at(monkeypatch, "2026-12-01T00:00:00+00:00", "floor")
    assert Sync(box.config, box.layout).moment.wall == kept


def test_an_older_stick_is_passed_over_politely(box: Box) -> None:
    stick = FakeHub()
    stick.problem = Older("older than what this box has already seen (rollback)")  # type: ignore[assignment]
    stick.carrier.place = "usb"
    box.sources.insert(0, stick)
    assert box.sync()["state"] == "current"
    box.sources.remove(box.hub)
    assert Sync(box.config, box.layout, [stick]).run().state == "older"  # type: ignore[list-item]
    assert facts.read(box.layout, "sync")["state"] == "current" and box.services == 10


def test_what_a_stick_was_refused_for_is_told_though_the_hub_is_well(box: Box) -> None:
    stick = FakeHub()
    stick.problem, stick.carrier.place = Refused("a signature is wrong"), "usb"  # type: ignore[assignment]
    box.sources.insert(0, stick)
    told = box.sync()
    assert (told["state"], told["why"]) == ("refused", "a signature is wrong")
    box.hub.publish(many(12))
    told = box.sync()
    assert (told["state"], told["why"]) == ("updated", "a signature is wrong") and box.services == 12


def _layer(name: str, owner: str | None = None) -> Layer:
    """What Test Aid says of its clinic number one."""
    made = [one for one in many(1).records if one.entity == "service"][0]
    organisation = str(made.values["organization_id"])
    return Layer(owner or organisation, json.dumps({"e": "service", **made.values, "name": name}).encode() + b"\n")


def test_an_organisations_own_words_are_laid_over_it_and_change_without_fetching_it_again(box: Box) -> None:
    for number, name in enumerate(("Clinic by the well", "Clinic by the gate"), 1):
        box.hub.laid = [_layer(name)]
        told = box.sync()
        assert (told["state"], told["version"], told["services"]) == ("updated", 1, 10), number
        assert Store(box.folder / FILE).search(name, 0, 1)[1][0].document["name"] == name
        assert box.hub.fetched == ["full", *["services"] * number]
    assert box.sync()["state"] == "current" and box.hub.fetched == ["full", "services", "services"]


def test_an_organisation_that_signs_for_anothers_is_refused_and_the_old_one_stays(box: Box) -> None:
    box.hub.laid = [_layer("Mine now", owner="00000000-0000-4000-8000-000000000000")]
    box.hub.publish(many(12))
    told = box.sync()
    assert told["state"] == "refused" and "may not sign for" in told["why"] and box.services == 10


def test_a_disk_that_is_full_at_the_end_hides_nothing_of_what_was_found(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise NotSo("cannot write: No space left on device")

    monkeypatch.setattr(refresh, "write_json", full)
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated" and box.services == 12


def test_two_looks_do_not_meet(box: Box) -> None:
    with refresh._alone(box.folder) as first:
        assert first
        assert Sync(box.config, box.layout).run().why == "another look is under way"
    assert box.sync()["state"] == "current"


def test_a_held_offer_is_not_looked_at_every_minute(box: Box) -> None:
    box.hub.publish(many(1))
    box.sync()
    box.hub.publish(many(12))
    assert box.sync(ask=False)["state"] == "held"


def test_a_full_disk_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise Refused("cannot store the catalogue: No space left on device")

    monkeypatch.setattr("content_cache.taking.build", full)
    box.hub.publish(many(12))
    assert "No space" in box.sync()["why"] and box.services == 10


def test_facts_have_the_fields_telemetry_sends(box: Box) -> None:
    told = facts.read(Layout.under(box.layout.etc.parent, box.layout.code), "sync")
    assert {field: type(value) for field, value in told.items()} == {
        "state": str, "why": str, "version": int, "services": int, "snapshot_date": str, "sample": bool, "asked": int,
        "held": str, "expired": bool, "source": str, "done": int, "total": int, "budget_left": type(None),
    }  # fmt: skip


def test_when_the_hub_tells_of_something_new_the_box_looks_at_once_and_once(box: Box) -> None:
    assert not due(box.config, box.layout)
    facts.publish(box.layout, "look", {"published": 7})
    assert due(box.config, box.layout)
    assert box.sync(ask=False)["asked"] == 7 and not due(box.config, box.layout)


def test_what_could_not_be_asked_stays_asked(box: Box) -> None:
    facts.publish(box.layout, "look", {"published": 7})
    box.hub.problem = Unreachable("gone")
    assert box.sync(ask=False)["asked"] == 0 and due(box.config, box.layout)


def test_notices_arrive_also_with_a_catalogue_that_is_not_taken(box: Box) -> None:
    box.hub.notices = b'{"format":1,"numbers":[{"kind":"police","number":"911"}]}'
    box.hub.publish(many(2))
    box.sync()
    assert facts.read(box.layout, "notices")["numbers"] == [{"kind": "police", "number": "911"}] and box.services == 10
