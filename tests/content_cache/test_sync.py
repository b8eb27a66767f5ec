"""One run of sync against a hub that is honest, absent or hostile: the old catalogue stays, the reason is told."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from appliance import facts
from appliance.errors import NotSo, Refused, Unreachable
from appliance.layout import Layout
from content_cache import patches, refresh, snapshot
from content_cache.catalogue_store import FILE, Store
from content_cache.layers import Layer
from content_cache.lean import lean
from content_cache.refresh import Sync
from content_cache.sync import PATIENCE, due, wait_for_enrolment
from tests.content_cache import synced
from tests.content_cache.data import many
from tests.content_cache.site import place, site
from tests.content_cache.synced import Box, FakeHub

box, _sources = synced.box, synced.no_network


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
