"""An HSDS API, honest or hostile: everything is taken once, nothing is endless, and only a whole sweep may remove."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput, CampboxError, Unreachable
from content_cache import snapshot
from content_cache.needs import stable_id
from content_cache.publish.importers import hsds_api_pages
from content_cache.publish.importers.hsds_api import State, import_api
from content_cache.publish.importers.hsds_api_door import HttpDoor
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header
from tests.content_cache.site import client


def service(key: object, **values: Any) -> dict[str, Any]:
    return {"id": stable_id("service", key), "name": f"Clinic {key}", "status": "active", **values}


class FakeApi:
    """An API as the specification describes it; each lie is an argument. ``others``: its further lists by their paths."""

    def __init__(
        self, *services: Any, total: Any = None, size: int = 2, last: Any = None, forget: bool = False, **others: list[Any]
    ) -> None:
        self.services, self.total, self.size, self.last, self.forget = list(services), total, size, last, forget
        self.lists = {"services": self.services, **others}
        self.asked: list[str] = []

    def get(self, path: str, arguments: Mapping[str, str]) -> bytes:
        self.asked.append(f"{path}?{arguments.get('modified_after', '')}" if arguments else path)
        if not arguments:
            return self.one(path)
        after = arguments.get("modified_after", "")
        if path not in self.lists:
            raise Unreachable("HTTP 404", where=path)
        found = [one for one in self.lists[path] if not after or (isinstance(one, dict) and one.get("last_modified", "") >= after)]
        return self.page(found, int(arguments["page"]))

    def one(self, path: str) -> bytes:
        kind, _, wanted = path.partition("/")
        found = next((one for one in self.lists[kind] if isinstance(one, dict) and one.get("id") == wanted), None)
        if found is None or self.forget:
            raise Unreachable("HTTP 404", where=path)
        return json.dumps(found).encode()

    def page(self, found: list[Any], number: int) -> bytes:
        begin = (number - 1) * self.size
        total = len(found) if self.total is None else self.total
        last = begin + self.size >= len(found) if self.last is None else self.last
        contents = found[begin : begin + self.size]
        return json.dumps({"total_items": total, "page_number": number, "last_page": last, "contents": contents}).encode()


class Endless(FakeApi):
    def page(self, found: list[Any], number: int) -> bytes:
        return json.dumps({"total_items": 10**9, "last_page": False, "contents": found[:2]}).encode()


class EverNew(FakeApi):
    def page(self, found: list[Any], number: int) -> bytes:
        return json.dumps({"last_page": False, "contents": [service(f"new {number}")]}).encode()


def bring(door: Any, state: State | None = None) -> tuple[Imported, State]:
    imported, new = import_api(door, state or State(), source="acme")
    assert imported.report.agrees()
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    return imported, new


def names(imported: Imported) -> list[str]:
    return sorted(str(one.values["name"]) for one in imported.records if one.entity == "service")


def said(imported: Imported) -> str:
    return " | ".join(text for one in imported.report.entries for text in (*one.why, *one.notes))


def test_all_pages_and_each_service_whole() -> None:
    phones = [{"id": stable_id("phone", 1), "number": "+999 1"}]
    imported, _ = bring(FakeApi(*(service(n, phones=phones if n == 4 else []) for n in range(5))))
    assert len(names(imported)) == 5 and [one.values["number"] for one in imported.records if one.entity == "phone"] == ["+999 1"]


def test_the_second_time_only_what_changed_is_fetched() -> None:
    old = [service(n, last_modified="2026-01-01T00:00:00Z") for n in range(4)]
    _, state = bring(FakeApi(*old))
    changed = service(2, name="New name", last_modified="2026-02-01T00:00:00Z")
    api = FakeApi(*old[:2], changed, old[3], service(9))
    imported, state = bring(api, State.read(json.loads(json.dumps(state.as_json()))))
    fetched = {one.removeprefix("services/") for one in api.asked if one.startswith("services/")}
    assert {changed["id"], service(9)["id"]} <= fetched and old[0]["id"] not in fetched - {one["id"] for one in old}
    assert "New name" in names(imported) and state.since == "2026-02-01T00:00:00Z"


def test_a_change_without_a_new_date_is_seen_in_the_sweep() -> None:
    _, state = bring(FakeApi(service(1, last_modified="2026-01-01T00:00:00Z")))
    imported, _ = bring(FakeApi(service(1, name="Moved", last_modified="2026-01-01T00:00:00Z")), state)
    assert names(imported) == ["Moved"]


def test_what_is_gone_goes_and_is_named() -> None:
    _, state = bring(FakeApi(service(1), service(2)))
    imported, new = bring(FakeApi(service(1)), state)
    assert names(imported) == ["Clinic 1"] and "gone at the source" in said(imported) and len(new.documents) == 1


@pytest.mark.parametrize(
    ("api", "why"),
    [
        (FakeApi(service(1), total=7), "a total that is not so: 7 announced, 1 found"),
        (Endless(service(1)), "endless pages"), (FakeApi(service(1), {"name": "no id"}), "without an id"),
    ],
)  # fmt: skip
def test_a_sweep_that_contradicts_itself_removes_nothing(api: FakeApi, why: str) -> None:
    _, state = bring(FakeApi(service(1), service(2)))
    imported, new = bring(api, state)
    assert (
        names(imported) == ["Clinic 1", "Clinic 2"] and why in said(imported) and "contradicts itself: it stays" in said(imported)
    )
    assert len(new.documents) == 2


def test_repeated_ids_are_taken_once_and_counted() -> None:
    imported, _ = bring(FakeApi(service(1), service(1), service(2), service(1)))
    assert names(imported) == ["Clinic 1", "Clinic 2"]
    assert said(imported).count("repeated in the list") == 2


def test_pages_without_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_api_pages, "MOST_PAGES", 30)
    door = EverNew()
    imported, _ = bring(door)
    assert len(names(imported)) == 30 and "endless pages: stopped after page 30" in said(imported)
    door = Endless(service(1))
    bring(door)
    assert len(door.asked) < 10


def test_a_last_page_that_comes_too_early_is_not_believed() -> None:
    imported, _ = bring(FakeApi(*(service(n) for n in range(5)), last=True))
    assert len(names(imported)) == 5


def test_a_service_without_a_page_of_its_own_is_taken_from_the_list() -> None:
    imported, _ = bring(FakeApi(service(1), forget=True))
    assert names(imported) == ["Clinic 1"] and "only what the list says" in said(imported)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"contents": 5}', b"null", b"[" * 100_000])
def test_what_is_no_api_is_named_and_changes_nothing(body: bytes) -> None:
    class NoApi:
        def get(self, path: str, arguments: Mapping[str, str]) -> bytes:
            return body

    with pytest.raises(Unreachable):
        import_api(NoApi(), State(), source="acme")


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_api_pages, "MOST_BYTES", 1_000)
    with pytest.raises(BadInput, match="bytes in all"):
        import_api(FakeApi(*(service(n) for n in range(20))), State(), source="acme")


AID = {"id": stable_id("organization", "aid"), "name": "Aid", "description": "Help"}
NEW = {"id": stable_id("organization", "new"), "name": "New here", "description": "Nothing yet"}
TAXONOMY = {"id": stable_id("taxonomy", 1), "name": "Kinds", "description": "Of help", "version": "1"}


def outcomes(imported: Imported, file: str) -> list[str]:
    return [one.outcome for one in imported.report.entries if one.file == file]


def test_an_organisation_without_a_service_is_kept_with_what_hangs_on_it() -> None:
    phone, program = (
        {"id": stable_id("phone", 1), "number": "+999 1"},
        {"id": stable_id("program", 1), "name": "P", "description": "D"},
    )
    listed = [AID, {"id": NEW["id"], "name": "New here", "description": "Nothing yet"}]
    api = FakeApi(service(1, organization=AID), organizations=listed)
    api.lists["organizations"] = [AID, {**NEW, "phones": [phone], "programs": [program]}]
    imported, _ = bring(api)
    assert {one.values["name"] for one in imported.records if one.entity == "organization"} == {"Aid", "New here"}
    assert [one.values["organization_id"] for one in imported.records if one.entity in ("phone", "program")] == [NEW["id"]] * 2
    assert outcomes(imported, "organizations") == ["merged", "kept", "kept", "kept"]
    assert f"organizations/{AID['id']}" not in api.asked


def test_terms_nobody_uses_and_services_at_places_are_accounted_for() -> None:
    term = {"id": stable_id("term", 1), "code": "a", "name": "Ambulance", "description": "", "taxonomy_detail": TAXONOMY}
    place = {"id": stable_id("location", 1), "location_type": "physical", "name": "Gate"}
    there = {"id": stable_id("there", 1), "location": place}
    lone = {
        "id": stable_id("there", 2),
        "location": {**place, "id": stable_id("location", 2)},
        "service": {**service(1), "status": "inactive"},
    }
    api = FakeApi(
        service(1, service_at_locations=[there]), service_at_locations=[there, lone], taxonomies=[TAXONOMY], taxonomy_terms=[term]
    )
    imported, _ = bring(api)
    count = {
        entity: sum(one.entity == entity for one in imported.records) for entity in ("location", "service_at_location", "service")
    }
    assert count == {"location": 2, "service_at_location": 2, "service": 1}
    assert {"Ambulance", "Kinds"} <= {one.values.get("name") for one in imported.records}
    assert outcomes(imported, "taxonomies") == ["kept"] and "same id, other content: status 'inactive' left out" in said(imported)


def test_a_list_that_is_not_offered_is_named_and_loses_nothing_known() -> None:
    _, state = bring(FakeApi(service(1), organizations=[NEW]))
    imported, kept = bring(FakeApi(service(1)), State.read(json.loads(json.dumps(state.as_json()))))
    assert "this list is not offered: organizations (HTTP 404); the 1 known before stay" in said(imported)
    assert "New here" in {one.values.get("name") for one in imported.records} and kept.others["organizations"]
    imported, kept = bring(FakeApi(service(1), organizations=[AID]), kept)
    assert "gone at the source" in said(imported) and set(kept.others["organizations"]) == {AID["id"]}


def test_what_is_amiss_in_another_list_is_told_as_that_of_the_services() -> None:
    imported, _ = bring(FakeApi(service(1), organizations=[AID, AID, {"name": "no id"}], total=9))
    assert sorted(outcomes(imported, "organizations")) == ["kept", "kept", "merged", "refused"]
    assert "a total that is not so: 9 announced, 1 found" in said(imported)


@pytest.mark.parametrize(
    "address", ["ftp://a", "https://", "https://user:x@a.example/", "https://a.example/?x=1", "file:///etc/passwd"]
)
def test_only_addresses_of_apis_are_opened(address: str) -> None:
    with pytest.raises(BadInput, match="not the address"):
        HttpDoor(address)


def test_our_own_api_imports_into_the_same_services(tmp_path: Path) -> None:
    class Own:
        def __init__(self, browser: FlaskClient) -> None:
            self.browser = browser

        def get(self, path: str, arguments: Mapping[str, str]) -> bytes:
            answer = self.browser.get(f"/hsds/{path}", query_string=dict(arguments))
            assert answer.status_code == 200
            return answer.data

    made = import_sample(SAMPLE.read_bytes())
    imported, _ = bring(Own(client(tmp_path, Catalogue(header(), made.records, made.translations))))
    for entity in ("service", "schedule", "location", "address", "phone", "organization", "required_document", "attribute"):
        before = {one.id: dict(one.values) for one in made.records if one.entity == entity}
        after = {one.id: dict(one.values) for one in imported.records if one.entity == entity}
        assert {id: values for id, values in after.items() if id in before} == before, entity


item = st.one_of(st.none(), st.integers(), st.builds(service, st.integers(0, 3)), st.dictionaries(st.just("id"), st.integers()))


@settings(max_examples=40)
@given(
    st.lists(item, max_size=6), st.one_of(st.none(), st.integers(-3, 9), st.text(max_size=3)), st.one_of(st.none(), st.booleans())
)
def test_no_list_breaks_it(items: list[Any], total: Any, last: Any) -> None:
    bring(FakeApi(*items, total=total, last=last, organizations=items), State({stable_id("service", 1): service(1)}, "x"))


@pytest.mark.parametrize(
    "odd", ["http://[", "http://[x]/", "http://\uff0f.com/hsds", "https://a:x/", "https://a:99999999/", "https://a:0/"]
)
def test_h30_an_address_that_is_none_is_told_in_one_line(odd: str) -> None:
    with pytest.raises(BadInput, match="not the address of an API"):
        HttpDoor(odd)


@pytest.mark.parametrize(("meets", "told"), [(ValueError("Invalid IPv6 URL"), Unreachable), (BadInput("too large"), BadInput)])
def test_h30_a_source_that_leads_to_an_address_that_is_none_is_out_of_reach(meets: Exception, told: type[CampboxError]) -> None:
    door = HttpDoor("https://example.org/hsds")

    def refuse(*_: object, **__: object) -> None:
        raise meets

    door.opener.open = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(told):
        door.get("services", {})
