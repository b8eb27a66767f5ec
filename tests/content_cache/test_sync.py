"""One run of sync against a hub that is honest, absent or hostile: the old catalogue stays, the reason is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from appliance import facts
from appliance.errors import Refused, Unreachable
from appliance.layout import Layout
from content_cache import snapshot
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Offer
from content_cache.refresh import Sync
from content_cache.snapshot import Catalogue
from content_cache.sync import PATIENCE, due, wait_for_enrolment
from tests.content_cache.data import many
from tests.content_cache.site import place, site


class FakeHub:
    """Stands for ``fetch.Source``: offers one catalogue, or fails in a given way."""

    def __init__(self) -> None:
        self.serial, self.content, self.problem, self.claims = 0, b"", None, {}
        self.fetched, self.notices = 0, None

    def publish(self, catalogue: Catalogue, **claims: Any) -> None:
        self.serial += 1
        self.content = zstandard.compress(snapshot.write(catalogue))
        self.claims = {"services": catalogue.count("service"), "sample": catalogue.header.sample} | claims

    def __call__(self, *_place: object) -> FakeHub:
        return self

    def offer(self) -> Offer | None:
        if self.problem is not None:
            raise self.problem
        if not self.content:
            return None
        usual = {
            "name": "c.zst", "serial": self.serial, "sha256": f"{hash(self.content)}", "length": len(self.content),
            "date": "2026-11-20T08:00:00Z", "target": None,
        }  # fmt: skip
        return Offer(**(usual | self.claims))

    def fetch(self, offer: Offer) -> bytes:
        self.fetched += 1
        return self.content

    def forget_files(self, keep: Offer) -> None:
        pass

    def small(self, name: str, limit: int) -> bytes | None:
        return self.notices


class Box:
    """A box that is enrolled with a fake hub."""

    def __init__(self, folder: Path, *, sample: bool = False) -> None:
        self.layout, self.hub, self.config = place(folder), FakeHub(), site(sample=sample)
        (self.layout.identity_dir / "catalogue.json").write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
        (self.layout.identity_dir / "root.json").write_text("{}")

    def sync(self, *, ask: bool = True) -> dict[str, Any]:
        if ask:
            (self.layout.service_run("sync") / "now").touch()
        if due(self.config, self.layout):
            Sync(self.config, self.layout, self.hub).run()  # type: ignore[arg-type]
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


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
        "asked": 0,
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
    box.hub.publish(many(6))
    told = box.sync()
    assert told["state"] == "refused" and told["why"].startswith("held") and told["services"] == 10
    assert box.hub.fetched == before


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
    box.hub.serial = 0
    box.hub.publish(many(11))
    assert "rollback" in box.sync()["why"] and box.services == 12


@pytest.mark.parametrize("content", [b"junk", zstandard.compress(b"{}\n"), zstandard.compress(snapshot.write(many(9))[:-200])])
def test_a_catalogue_that_is_not_whole_is_refused(box: Box, content: bytes) -> None:
    box.hub.publish(many(12))
    box.hub.content = content
    assert box.sync()["state"] == "refused" and box.services == 10


def test_a_lost_store_is_filled_again(box: Box) -> None:
    (box.layout.service_data("content") / FILE).unlink()
    assert box.sync()["state"] == "updated" and box.services == 10


def test_a_refused_offer_is_not_looked_at_every_minute(box: Box) -> None:
    box.hub.publish(many(1))
    box.sync()
    box.hub.publish(many(12))
    assert box.sync(ask=False)["state"] == "refused"


def test_a_full_disk_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise Refused("cannot store the catalogue: No space left on device")

    monkeypatch.setattr("content_cache.refresh.build", full)
    box.hub.publish(many(12))
    assert "No space" in box.sync()["why"] and box.services == 10


def test_facts_have_the_fields_telemetry_sends(box: Box) -> None:
    told = facts.read(Layout.under(box.layout.etc.parent, box.layout.code), "sync")
    assert {field: type(value) for field, value in told.items()} == {
        "state": str, "why": str, "version": int, "services": int, "snapshot_date": str, "sample": bool, "asked": int,
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
