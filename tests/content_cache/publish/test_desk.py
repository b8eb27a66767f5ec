"""The hub's desk: nothing stands that one person alone has said, and what is taken back is gone."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import BadInput, NotSo, Refused
from appliance.layout import Layout
from content_cache import notices, snapshot
from content_cache.publish import desk, desk_file, desk_signing, publisher
from content_cache.publish.desk import Desk, Item
from content_cache.publish.importers.report import Entry, Imported, Report
from tests.content_cache.data import many
from tests.content_cache.test_notices import WATER
from tests.overtaking import overtaken

NOW, LATER = "2026-11-22T09:00:00Z", "2026-11-24T09:00:00Z"


def item(id: str = "n1", by: str = "amal", **content: Any) -> Item:
    return Item(id, "notice", {**asdict(WATER), "id": f"a1b2c3{id}", **content}, by, NOW)


def correction(id: str, service: str = "s", by: str = "amal") -> Item:
    content = {"service": service, "name": "Clinic", "status": "active", "alerts": {}, "hours": None}
    return Item(id, "correction", content, by, NOW)


def approved(*items: Item) -> Desk:
    made = Desk()
    for one in items:
        made = desk.approve(desk.propose(made, one), one.id, "bilal", NOW)
    return made


def test_what_one_person_wrote_stands_once_a_second_one_approves() -> None:
    waiting = desk.propose(Desk(), item())
    assert desk.board(waiting, NOW).notices == ()
    standing = desk.approve(waiting, "n1", "bilal", NOW)
    assert [one.id for one in desk.board(standing, NOW).notices] == ["a1b2c3n1"]
    assert (standing.items[0].by, standing.items[0].approved_by) == ("amal", "bilal")


def test_the_same_person_cannot_approve_what_they_wrote() -> None:
    with pytest.raises(Refused, match="who wrote it"):
        desk.approve(desk.propose(Desk(), item()), "n1", "amal", NOW)


def test_what_stands_or_has_ended_cannot_be_approved() -> None:
    for made in (approved(item()), desk.end(approved(item()), "n1", "amal", NOW)):
        with pytest.raises(Refused, match="does not wait"):
            desk.approve(made, "n1", "bilal", NOW)
    with pytest.raises(BadInput):
        desk.approve(Desk(), "unknown", "bilal", NOW)


def test_one_person_alone_takes_a_notice_back() -> None:
    ended = desk.end(approved(item()), "n1", "amal", NOW)
    assert desk.board(ended, NOW).notices == () and ended.items[0].ended_by == "amal"
    with pytest.raises(Refused, match="already"):
        desk.end(ended, "n1", "amal", NOW)


def test_what_is_over_is_told_to_no_box_and_cannot_be_approved() -> None:
    assert desk.board(approved(item()), LATER).notices == ()
    with pytest.raises(Refused, match="over"):
        desk.approve(desk.propose(Desk(), item()), "n1", "bilal", LATER)


def test_no_more_notices_than_a_page_bears() -> None:
    full = approved(*(item(f"n{n}") for n in range(notices.MOST_NOTICES)))
    with pytest.raises(Refused, match="take one back"):
        desk.approve(desk.propose(full, item("n9")), "n9", "bilal", NOW)


def test_nobody_fills_the_desk_with_what_waits() -> None:
    made = Desk()
    for n in range(desk.MOST_WAITING):
        made = desk.propose(made, item(f"n{n}"))
    with pytest.raises(Refused, match="wait"):
        desk.propose(made, item("m"))


def test_a_newer_correction_of_a_service_takes_the_place_of_the_older() -> None:
    made = approved(correction("c1", "s"), correction("c2", "t"), correction("c3", "s"))
    assert [one.id for one in made.of("correction", "live")] == ["c3", "c2"]


def test_a_newer_list_of_numbers_takes_the_place_of_the_older() -> None:
    old, new = (Item(f"m{n}", "numbers", {"numbers": [{"kind": "police", "number": n}]}, "amal", NOW) for n in ("191", "911"))
    assert [one.number for one in desk.board(approved(old, new), NOW).numbers] == ["911"]


def test_a_release_is_told_once() -> None:
    made = desk.release(desk.release(Desk(), "a" * 64, "amal", NOW), "a" * 64, "bilal", NOW)
    assert desk.board(made, NOW).released == ("a" * 64,) and made.released[0].by == "amal"


def test_the_desk_is_kept_whole_and_a_damaged_file_is_refused() -> None:
    made = desk.release(approved(item(), correction("c1")), "a" * 64, "amal", NOW)
    assert desk.from_json(desk.to_json(made)) == made
    for damaged in ([], {}, {"items": [{}], "released": []}, {"items": [asdict(item()) | {"state": "loud"}], "released": []}):
        with pytest.raises(BadInput):
            desk.from_json(damaged)


def test_the_past_is_remembered_but_not_for_ever() -> None:
    made = Desk()
    for n in range(desk.MOST_ENDED + 5):
        made = desk.end(desk.propose(made, item(f"n{n}")), f"n{n}", "amal", NOW)
    assert len(made.items) == desk.MOST_ENDED and made.items[0].id == "n5"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(desk_file, "stamp", lambda: NOW)
    made = Layout.under(tmp_path, tmp_path)
    publisher.ensure(made)
    return made


def do(layout: Layout, deed: Any) -> Desk:
    return desk_file.change(layout, deed, lambda before, after: desk_signing.sign(layout, before, after))


def test_what_is_approved_is_signed_and_what_is_over_is_signed_away(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    do(layout, lambda now: desk.propose(now, item()))
    assert desk_file.published_board(layout) is None
    do(layout, lambda now: desk.approve(now, "n1", "bilal", NOW))
    assert b"No water" in (desk_file.published_board(layout) or b"")
    (file,) = (desk_file.folder(layout) / "repository" / "targets").glob("*.notices.json")
    assert file.read_bytes() == desk_file.published_board(layout)
    assert not desk_signing.refresh(layout)
    monkeypatch.setattr(desk_file, "stamp", lambda: LATER)
    assert desk_signing.refresh(layout) and not desk_signing.refresh(layout)
    assert b"No water" not in (desk_file.published_board(layout) or b"")


def test_what_cannot_be_signed_is_not_kept(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    do(layout, lambda now: desk.propose(now, item()))

    def broken(*_: object) -> None:
        raise NotSo("cannot read a signing key")

    monkeypatch.setattr(publisher, "put", broken)
    with pytest.raises(NotSo):
        do(layout, lambda now: desk.approve(now, "n1", "bilal", NOW))
    assert desk_file.load(layout).items[0].state == "waiting"


ODD = [
    ("notice", {}), ("notice", 5), ("notice", None), ("notice", {**asdict(WATER), "expires": None}),
    ("notice", {**asdict(WATER), "texts": "x"}), ("numbers", {"numbers": 5}), ("numbers", {"numbers": [5]}),
    ("numbers", {"numbers": [{"kind": "police"}]}), ("correction", {"service": "s"}), ("vetting", {"organisation": 5, "day": None}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), ODD)
def test_r5_a_file_with_an_odd_thing_is_told_whole_and_no_page_stops_half_way(kind: desk.Kind, content: Any) -> None:
    kept = desk.to_json(approved(item()))
    with pytest.raises(BadInput, match="form"):
        desk.from_json({**kept, "items": [*kept["items"], asdict(Item("n2", kind, content, "amal", NOW, "live"))]})
    with pytest.raises(BadInput, match="form"):
        desk.from_json({**kept, "items": [{**kept["items"][0], "at": 5}]})
    with pytest.raises(BadInput, match="form"):
        desk.from_json({**kept, "released": [{"hash": None, "by": "amal", "at": NOW}]})
    assert desk.from_json(kept) == approved(item())


def test_r8_what_is_taken_back_while_the_timer_looks_does_not_come_back(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (item("n1"), item("n2", expires="2026-11-30T09:00:00Z")):
        do(layout, lambda now, one=one: desk.approve(desk.propose(now, one), one.id, "bilal", NOW))
    monkeypatch.setattr(desk_file, "stamp", lambda: LATER)
    with overtaken(monkeypatch, desk_file, "load", lambda: desk_signing.refresh(layout)):
        do(layout, lambda now: desk.end(now, "n2", "amal", LATER))
    assert notices.read(desk_file.published_board(layout) or b"").notices == ()


def test_r8_what_is_approved_while_an_import_waits_is_in_what_the_import_publishes(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = many(2)
    entries = tuple(Entry("en", n, str(n), "kept", None) for n in (1, 2))
    imported = Imported(made.records, made.translations, Report({"en": 2}, entries), "en", ("en",), "A test", sample=False)

    def publish() -> None:
        publisher.publish(layout, imported, site="camp-1", timezone="Asia/Amman")

    publish()
    service = next(one.id for one in made.records if one.entity == "service")
    closed = correction("c1", service)
    closed = replace(closed, content={**closed.content, "status": "temporarily closed"})
    signed, done, write_json = threading.Event(), threading.Event(), desk_file.write_json

    def slowly(*arguments: Any) -> None:
        signed.set()
        done.wait(0.5)
        write_json(*arguments)

    do(layout, lambda now: desk.propose(now, closed))
    monkeypatch.setattr(desk_file, "write_json", slowly)

    def importing() -> None:
        signed.wait(10)
        publish()
        done.set()

    beside = threading.Thread(target=importing)
    beside.start()
    do(layout, lambda now: desk.approve(now, "c1", "bilal", NOW))
    beside.join()
    published = snapshot.read(publisher.read_current(layout))
    assert {one.values["status"] for one in published.records if one.id == service} == {"temporarily closed"}
