"""The desk's pages with two people: what one writes the other approves, and nothing else gets through."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from securesystemslib.signer import CryptoSigner

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import layers, notices, snapshot
from content_cache.needs import stable_id
from content_cache.publish import corrections, delegates, delegation, desk_file, publisher
from content_cache.publish.importers.report import Entry, Imported, Report
from telemetry.dashboard import admin, people
from telemetry.dashboard.app import create_app
from tests.content_cache.data import PROJECT
from tests.content_cache.publish.test_corrections import CLINIC, camp, with_note

HASH = "b" * 64
PASSWORDS = {"amal": "the well by the gate", "bilal": "four blue lanterns"}


def prepare(folder: Path, *, empty: bool = False) -> Layout:
    """A hub's files: two people, and a catalogue."""
    layout = Layout.under(folder, PROJECT)
    admin.prepare(layout, HubConfig("hub.test"))
    publisher.ensure(layout)
    if not empty:
        publish(layout)
    for name, password in PASSWORDS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(admin.PASSWORD_VARIABLE, password)
            people.add(layout, name)
    return layout


def publish(layout: Layout) -> None:
    """As if it had just been imported."""
    made, report = camp(), Report({"en": 1}, (Entry("en", 1, "1", "kept", None),))
    imported = Imported(made.records, made.translations, report, "en", ("en", "ar"), "A test", sample=False)
    publisher.publish(layout, imported, site="camp-1", timezone="Asia/Amman")


class Hub:
    """A hub with two people who have logged in."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.app = create_app(self.layout, HubConfig("hub.test"))
        self.app.testing = True
        self.amal, self.bilal = self.person("amal"), self.person("bilal")

    def person(self, name: str) -> FlaskClient:
        client = self.app.test_client()
        assert client.post("/login", data={"user": name, "password": PASSWORDS[name]}).status_code == 302
        return client

    def board(self) -> notices.Board:
        content = desk_file.published_board(self.layout)
        return notices.read(content) if content else notices.Board()

    def waiting(self) -> str:
        return next(item.id for item in desk_file.load(self.layout).items if item.state == "waiting")


@pytest.fixture(autouse=True, scope="module")
def _quick_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(admin._COST, "n", 2)
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    prepare(folder)
    return folder


@pytest.fixture
def hub(tmp_path: Path, prepared: Path) -> Hub:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Hub(Layout.under(tmp_path, PROJECT))


def form(**changed: str) -> dict[str, str]:
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    usual = {
        "source": "Camp management", "priority": "urgent", "written": "en", "text-en": "No water today.",
        "text-ar": "لا ماء اليوم.", "text-fr": "", "until": until.strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    return usual | changed


def test_a_notice_stands_once_the_other_person_has_approved_it(hub: Hub) -> None:
    assert hub.amal.post("/notices", data=form()).status_code == 303 and hub.board().notices == ()
    assert "No water today." in hub.bilal.get("/notices").text
    answer = hub.bilal.post(f"/desk/{hub.waiting()}/approve")
    assert answer.status_code == 303 and answer.location == "/notices"
    (one,) = hub.board().notices
    assert (one.texts, one.source, one.priority) == ({"en": "No water today.", "ar": "لا ماء اليوم."}, "Camp management", "urgent")


def test_who_wrote_it_sees_no_button_and_is_refused(hub: Hub) -> None:
    hub.amal.post("/notices", data=form())
    assert f"/desk/{hub.waiting()}/approve" not in hub.amal.get("/notices").text
    answer = hub.amal.post(f"/desk/{hub.waiting()}/approve")
    assert answer.status_code == 409 and "who wrote it cannot approve it" in answer.text and hub.board().notices == ()
    assert f"/desk/{hub.waiting()}/approve" in hub.bilal.get("/notices").text


def test_a_notice_taken_back_is_gone_at_once(hub: Hub) -> None:
    hub.amal.post("/notices", data=form())
    id = hub.waiting()
    hub.bilal.post(f"/desk/{id}/approve")
    assert hub.amal.post(f"/desk/{id}/end").status_code == 303 and hub.board().notices == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": "2020-01-01T10:00"}, {"until": "soon"}, {"until": "2999-01-01T10:00"}, {"written": "fr"}, {"priority": "loud"},
        {"source": ""}, {"text-en": "x" * 400}, {"text-<b>": "x"},
    ],
)  # fmt: skip
def test_a_wrong_form_comes_back_with_what_was_written(hub: Hub, wrong: dict[str, str]) -> None:
    answer = hub.amal.post("/notices", data=form(**wrong))
    assert answer.status_code == 400 and "Not done:" in answer.text and "لا ماء اليوم." in answer.text and "<b>:" not in answer.text
    assert desk_file.load(hub.layout).items == ()


def test_the_end_is_written_in_the_sites_time(hub: Hub) -> None:
    local = form()["until"]
    hub.amal.post("/notices", data=form(until=local))
    kept = desk_file.load(hub.layout).items[0].content["expires"]
    told, meant = (datetime.datetime.fromisoformat(text) for text in (kept, f"{local}:00+03:00"))
    assert told == meant


def test_numbers_of_the_hub_need_two_people_and_are_never_invented(hub: Hub) -> None:
    answer = hub.amal.post("/notices/numbers", data={"number-police": "+999 555 0100"})
    assert answer.status_code == 400 and "invented" in answer.text
    hub.amal.post("/notices/numbers", data={"number-police": "191", "number-fire": ""})
    hub.bilal.post(f"/desk/{hub.waiting()}/approve")
    assert [(one.kind, one.number) for one in hub.board().numbers] == [("police", "191")]


def correction(**changed: Any) -> dict[str, Any]:
    usual = {
        "status": "active", "alert-en": "Moved to block 7.", "alert-ar": "مغلق", "days-0": ["SU", "MO"], "opens-0": "09:00",
        "closes-0": "17:00",
    }  # fmt: skip
    return usual | changed


def test_a_correction_names_what_became_stale_and_goes_out_once_approved(hub: Hub) -> None:
    page = hub.amal.get(f"/catalogue-admin/services/{CLINIC}").text
    assert "Closed on Monday." in page and 'value="08:00"' in page
    assert hub.amal.post(f"/catalogue-admin/services/{CLINIC}", data=correction()).status_code == 303
    before = publisher.current(hub.layout)
    assert "out of date, not shown: ar" in hub.bilal.get("/catalogue-admin/services").text
    assert hub.amal.post(f"/desk/{hub.waiting()}/approve").status_code == 409
    assert hub.bilal.post(f"/desk/{hub.waiting()}/approve").location == "/catalogue-admin/services"
    after = publisher.current(hub.layout)
    assert before and after and after.serial == before.serial + 1
    made = snapshot.read(publisher.read_current(hub.layout))
    service = corrections.find(made, CLINIC)
    assert service and corrections.current(made, service).alerts == {"en": "Moved to block 7."}
    assert corrections.current(made, service).hours == (corrections.Hours("MO,SU", "09:00", "17:00"),)
    assert "Moved to block 7." in hub.amal.get(f"/catalogue-admin/services/{CLINIC}").text


def test_who_writes_and_who_approves_new_hours_see_the_words_that_go_with_the_old(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.content_cache.publish.test_desk_views.camp", with_note)
    publish(hub.layout)
    page = hub.amal.get(f"/catalogue-admin/services/{CLINIC}").text
    assert "Women only" in page and "للنساء فقط" in page
    hub.amal.post(f"/catalogue-admin/services/{CLINIC}", data=correction())
    waiting = hub.bilal.get("/catalogue-admin/services").text
    assert "goes with the hours before" in waiting and "Women only" in waiting and "في رمضان" in waiting
    hub.bilal.post(f"/desk/{hub.waiting()}/approve")
    made = snapshot.read(publisher.read_current(hub.layout))
    assert not [t for t in made.translations if t.text == "للنساء فقط"]


def test_a_correction_outlives_an_import_and_taken_back_leaves_no_trace(hub: Hub) -> None:
    before = snapshot.read(publisher.read_current(hub.layout)).records
    hub.amal.post(f"/catalogue-admin/services/{CLINIC}", data=correction())
    id = hub.waiting()
    hub.bilal.post(f"/desk/{id}/approve")
    publish(hub.layout)
    corrected = corrections.find(snapshot.read(publisher.read_current(hub.layout)), CLINIC)
    assert corrected and corrected.values["alert"] == "Moved to block 7."
    hub.bilal.post(f"/desk/{id}/end")
    after = snapshot.read(publisher.read_current(hub.layout))
    key = lambda one: (one.entity, one.id)  # noqa: E731
    assert sorted(after.records, key=key) == sorted(before, key=key)


def test_nothing_is_told_of_a_service_that_is_not_there(hub: Hub) -> None:
    for address in (f"/catalogue-admin/services/{stable_id('service', 'z')}", "/catalogue-admin/services/x"):
        assert hub.amal.get(address).status_code == 404 and hub.amal.post(address).status_code == 404


def test_a_held_catalogue_is_shown_with_a_button_and_released_by_a_person(hub: Hub) -> None:
    latest = {
        "catalogue_version": 3,
        "catalogue_services": 60,
        "catalogue_state": "held",
        "catalogue_held": HASH,
        "catalogue_why": "50 gone",
    }
    hub.app.config["CAMPBOX_BOXES"] = lambda: [{"box": "camp-1", "site": "", "latest": latest, "silent": False}]
    page = hub.amal.get("/catalogue-admin").text
    assert "50 gone" in page and f'value="{HASH}"' in page and "/boxes/camp-1" in page
    assert hub.amal.post("/catalogue-admin/release", data={"hash": HASH}).status_code == 303
    assert hub.board().released == (HASH,) and "Released by amal" in hub.amal.get("/catalogue-admin").text
    assert hub.amal.post("/catalogue-admin/release", data={"hash": "../x"}).status_code == 400


def test_strangers_and_other_sites_forms_change_nothing(hub: Hub) -> None:
    hub.amal.post("/notices", data=form())
    id = hub.waiting()
    for address in ("/notices", "/notices/numbers", f"/desk/{id}/approve", f"/desk/{id}/end", "/catalogue-admin/release"):
        assert hub.app.test_client().post(address, data=form()).status_code == 401
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert hub.bilal.post(address, data=form(), headers=headers).status_code == 403
    assert [item.state for item in desk_file.load(hub.layout).items] == ["waiting"] and hub.board().released == ()


def test_pages_run_no_scripts_and_what_people_wrote_is_text(hub: Hub) -> None:
    hub.amal.post("/notices", data=form(**{"text-en": "<script>alert(1)</script>", "source": "<img src=x>"}))
    hub.amal.post(f"/catalogue-admin/services/{CLINIC}", data=correction(**{"alert-en": "<script>alert(2)</script>"}))
    for address in ("/notices", "/catalogue-admin/services", f"/catalogue-admin/services/{CLINIC}", "/catalogue-admin"):
        page = hub.bilal.get(address)
        assert "<script" not in page.text and "<img src=x" not in page.text and not re.search(r"\son\w+=|style=", page.text)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_hub_without_a_catalogue_has_notices_all_the_same(tmp_path: Path) -> None:
    hub = Hub(prepare(tmp_path, empty=True))
    assert "Nothing is published yet" in hub.amal.get("/catalogue-admin/services").text
    hub.amal.post("/notices", data=form())
    assert hub.bilal.post(f"/desk/{hub.waiting()}/approve").status_code == 303 and len(hub.board().notices) == 1
    assert json.loads(desk_file.published_board(hub.layout) or b"{}")["format"] == 1


def test_an_organisation_is_vetted_by_two_people_and_either_takes_it_back(hub: Hub) -> None:
    def days() -> list[str]:
        published = snapshot.read(publisher.read_current(hub.layout))
        return [str(one.values["value"]) for one in published.records if one.values.get("link_type") == "vetted"]

    organisation = next(one.id for one in camp().records if one.entity == "organization")
    address = f"/catalogue-admin/organisations/{organisation}"
    assert f'action="{address}"' in hub.amal.get("/catalogue-admin/organisations").text
    assert hub.amal.post(address).status_code == 303 and days() == []
    assert hub.amal.post(f"/desk/{hub.waiting()}/approve").status_code == 409 and days() == []
    answer = hub.bilal.post(f"/desk/{hub.waiting()}/approve")
    assert (answer.status_code, answer.location) == (303, "/catalogue-admin/organisations") and len(days()) == 1
    publish(hub.layout)
    assert len(days()) == 1, "lost by the next import"
    (item,) = desk_file.load(hub.layout).of("vetting", "live")
    assert "approved by bilal" in hub.amal.get("/catalogue-admin/organisations").text
    assert hub.amal.post(f"/desk/{item.id}/end").status_code == 303 and days() == []
    assert hub.amal.post(f"/catalogue-admin/organisations/{stable_id('organization', 'nobody')}").status_code == 400


def test_who_signs_for_himself_stands_on_the_page_and_his_end_on_every_page(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    key = CryptoSigner.generate_ed25519()
    organisation = next(one.id for one in camp().records if one.entity == "organization")
    with publisher.opened(hub.layout) as repository:
        delegation.allow(repository, organisation, key.public_key)
    page = hub.amal.get("/catalogue-admin/organisations").text
    assert key.public_key.keyid in page and "1 of 1" in page and "nothing yet" in page and layers.target(organisation) in page
    assert "Alarm:" not in hub.amal.get("/").text
    ending = delegates.Delegate(organisation, "r", ("k",), 1, (), 1, publisher.now() + datetime.timedelta(days=9, hours=1))
    monkeypatch.setattr(publisher, "roles", lambda _layout: [ending])
    assert "9 days left" in hub.amal.get("/catalogue-admin/organisations").text
    assert "ends in 9 days: ask it to sign again" in hub.amal.get("/").text


def test_a_damaged_repository_does_not_close_every_page(hub: Hub) -> None:
    newest = max(
        publisher.Place.of(hub.layout).repository.glob("metadata/*.targets.json"), key=lambda path: int(path.name.split(".")[0])
    )
    newest.write_text("{")
    assert hub.amal.get("/").status_code == 200
