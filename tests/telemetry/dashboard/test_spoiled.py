"""One spoiled row, file or header costs what it holds, and never the pages, the login or the ingest of all others."""

from __future__ import annotations

import json
import time

import pytest
from flask.testing import FlaskClient

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry.dashboard.heartbeat import beat_file
from telemetry.dashboard.report_store import ReportStore, store_file
from telemetry.dashboard.retention import passing
from telemetry.result import Line, Result
from tests.telemetry.dashboard.conftest import PASSWORD, report

PAGES = ("/", "/boxes/camp-1", "/boxes/camp-2", "/incidents", "/metrics", "/api/v1/boxes")
HUGE = "9" * 400
VALUES = (
    "CAST(x'22fffe' AS TEXT)", "x'fffe'", "'abc'", "''", "9e999", "-9e999", "9223372036854775807",
    f"""'{{"uptime":{"9" * 5000}}}'""", """'{"temperature":"x","link_rate_down":"x","traffic_down":1}'""",
    f"""'{{"disk_use":{HUGE},"people_online":{{"fewer_than":{HUGE}}}}}'""", """'{"at":"x","checks":5}'""",
    """'{"at":1e999,"checks":[{}]}'""", """'{"at":1,"checks":[5,null,{"name":1},{"name":"a","what":"b","mend":"c","ok":"d"}]}'""",
    """'{"at":null,"checks":null}'""", f"""'{{"at":{HUGE},"checks":[]}}'""",
)  # fmt: skip


@pytest.mark.parametrize("value", range(len(VALUES)))
def test_r5_a_spoiled_row_of_a_box_stops_no_page_no_ingest_and_no_retention(
    operator: FlaskClient, store: ReportStore, value: int
) -> None:
    for column in ("site", "software", "first_seen", "last_seen", "online", "measured", "latest", "selftest"):
        if column == "latest" and not VALUES[value].startswith("'{"):
            continue  # SQLite itself refuses it, for the column that is made from it
        for box in ("camp-1", "camp-2"):
            report(store, box)
        store._db.execute(f"UPDATE boxes SET {column} = {VALUES[value]} WHERE box = 'camp-1'")
        for path in PAGES:
            assert operator.get(path).status_code == 200, (column, path)
        with store.transaction():
            line = Line("gate", True, "it answers", "")
            store.take_result(Result(BoxId("camp-1"), b"b" * 16, b"j" * 8, 1, 5, 0, "none", (line,)), 1.0, time.time())
        assert sum(passing(store._db, time.time() + 500 * 86_400)) > 0, column
        store._db.execute("DELETE FROM boxes")


def test_r5_what_is_whole_in_a_self_test_is_still_shown(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1")
    whole = {"name": "gate", "what": "it does not answer", "mend": "start it", "ok": False}
    told = json.dumps({"at": time.time(), "checks": [5, whole, {**whole, "ok": "no"}]})
    store._db.execute("UPDATE boxes SET selftest = ?", (told,))
    assert operator.get("/api/v1/boxes").get_json()["boxes"][0]["selftest"]["checks"] == [whole]


def test_r5_spoiled_reports_and_refusals_are_passed_over(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1")
    columns = "box, boot, sequence, at, uptime, wall, trust, body"
    store._db.execute(f"INSERT INTO reports ({columns}) VALUES ('camp-1', x'00', 1, 'soon', 0, 0, 'none', x'a0')")
    store._db.execute("INSERT INTO refusals VALUES ('camp-1', 'over-budget', 'many', 9e999), ('camp-1', x'ff', 2, 1.0)")
    for path in PAGES:
        assert operator.get(path).status_code in (200, 404), path


ODD_FILES = (
    f'{{"a":{HUGE}}}', '{"a":NaN}', '{"a":1e999}', '{"a":{"b":1}}', "[]", "null", "5", '{"second":5}', '{"second":{}}',
    '{"second":{"salt":"!","digest":5}}', '{"second":{"salt":"\u00e9","digest":"x"}}', "", "[[[[", "[" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("content", ODD_FILES)
def test_h12_an_odd_file_of_ended_sessions_closes_no_page_and_revives_none(
    layout: Layout, operator: FlaskClient, stranger: FlaskClient, content: str
) -> None:
    (layout.data / "hub" / "ended-sessions.json").write_text(content)
    cookie = operator.get_cookie("campbox_hub")
    assert cookie is not None and operator.get("/").status_code == 200
    assert operator.post("/logout").status_code == 302
    stranger.set_cookie("campbox_hub", cookie.value)
    assert stranger.get("/").status_code == 401


def test_h12_a_session_whose_end_cannot_be_read_stays_ended(layout: Layout, operator: FlaskClient) -> None:
    with operator.session_transaction() as held:
        id = held["id"]
    for end in (HUGE, "NaN", "null", '"x"', "[]"):
        (layout.data / "hub" / "ended-sessions.json").write_text(f'{{"{id}": {end}}}')
        assert operator.get("/").status_code == 401, end


@pytest.mark.parametrize("content", ODD_FILES)
def test_r5_an_odd_file_of_people_keeps_the_operator_in_and_strangers_out(
    layout: Layout, stranger: FlaskClient, content: str
) -> None:
    (layout.data / "hub" / "people.json").write_text(content)
    for user in ("second", "nobody"):
        assert stranger.post("/login", data={"user": user, "password": PASSWORD}).status_code in (401, 503)
    assert stranger.post("/login", data={"user": "admin", "password": PASSWORD}).status_code == 302


def test_r5_an_account_that_cannot_be_read_is_told_in_words(layout: Layout, stranger: FlaskClient) -> None:
    for content in ("{}", '{"user":"admin","salt":5,"digest":"","session_key":""}', "["):
        (layout.data / "hub" / "admin.json").write_text(content)
        answer = stranger.post("/login", data={"user": "admin", "password": PASSWORD})
        assert answer.status_code == 503 and "cannot" in answer.text and "restore it" in answer.text


@pytest.mark.parametrize("number", [HUGE, "NaN", "1e999", "-1e999", "1e308"])
def test_h33_a_sign_of_life_with_an_impossible_number_is_none(layout: Layout, operator: FlaskClient, number: str) -> None:
    told = json.loads(beat_file(layout).read_text())
    for name in told.keys() - {"refused"}:
        beat_file(layout).write_text(json.dumps({**told, name: "odd"}).replace('"odd"', number))
        assert operator.get("/healthz").status_code == 503, name
        assert operator.get("/incidents").status_code == 200, name


@pytest.mark.parametrize("place", ["a folder", "a link to nowhere"])
def test_h33_a_store_that_cannot_be_opened_is_told_with_the_reason(layout: Layout, operator: FlaskClient, place: str) -> None:
    file = store_file(layout)
    file.unlink()
    file.mkdir() if place == "a folder" else file.symlink_to("/nowhere/store.sqlite")
    answer = operator.get("/healthz")
    assert answer.status_code == 503 and "the store cannot be read: unable to open" in answer.text
    assert operator.get("/").status_code == 503


@pytest.mark.parametrize("header", ["Basic \u00e9", "Basic \u00ff\u00fe==", "basic  !", "Basic", "Basic " + "A" * 100_000])
def test_h5_a_password_header_that_nobody_can_read_is_no_password(stranger: FlaskClient, header: str) -> None:
    for path in ("/", "/metrics", "/nowhere"):
        assert stranger.get(path, headers={"Authorization": header}).status_code == 401
    assert stranger.get("/healthz", headers={"Authorization": header}).status_code == 200
