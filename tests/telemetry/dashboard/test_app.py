"""The hub's pages: who gets in, what they show, what they never show."""

from __future__ import annotations

import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.layout import Layout
from telemetry.dashboard.auth import local_path
from telemetry.dashboard.report_store import ReportStore
from telemetry.message import Batch, Death, Row
from telemetry.metrics import BY_NAME, METRICS, Fewer
from telemetry.result import Line, Result
from tests.telemetry.dashboard.conftest import PASSWORD, BoxId, report

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = ("/", "/boxes/camp-1", "/incidents")


def rules(app: Flask) -> list[str]:
    """Every path of the application, its variables filled in."""
    return sorted({re.sub(r"<[^>]*>", "x", rule.rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())})


def test_without_login_nothing_but_the_door_is_open(app: Flask, stranger: FlaskClient) -> None:
    open_ = {path for path in rules(app) if stranger.get(path).status_code not in (401, 302)}
    # The published catalogue is for everybody; all else of the hub is not.
    assert {path for path in open_ if not path.startswith(("/static/", "/enrol/", "/hsds"))} <= {"/login", "/healthz", "/ca.pem"}
    assert {"/login", "/healthz"} <= open_


def test_a_browser_is_led_to_the_door_and_back(stranger: FlaskClient, store: ReportStore) -> None:
    report(store)
    led = stranger.get("/boxes/camp-1?x=1", headers=BROWSER)
    assert led.status_code == 302 and led.location == "/login?next=/boxes/camp-1?x%3D1"
    assert stranger.post(led.location, data={"user": "admin", "password": PASSWORD}).location == "/boxes/camp-1?x=1"
    assert stranger.get("/boxes/camp-1").status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/boxes", "/metrics", "/api/v1/openapi.json"])
def test_a_program_is_asked_for_basic_and_let_in_with_it(stranger: FlaskClient, path: str) -> None:
    asked = stranger.get(path)
    assert asked.status_code == 401 and asked.headers["WWW-Authenticate"].startswith("Basic")
    assert stranger.get(path, auth=("admin", PASSWORD)).status_code == 200
    assert stranger.get(path, auth=("admin", PASSWORD)).status_code == 200  # the second time from memory
    for pair in (("admin", "wrong"), ("root", PASSWORD), ("", ""), ("admin", "")):
        assert stranger.get(path, auth=pair).status_code == 401


@pytest.mark.parametrize("form", [{}, {"user": "admin"}, {"user": "admin", "password": "no"}, {"user": "x", "password": PASSWORD}])
def test_a_wrong_password_is_told_and_opens_nothing(stranger: FlaskClient, form: dict[str, str]) -> None:
    answer = stranger.post("/login", data=form)
    assert answer.status_code == 401 and "do not go together" in answer.text
    assert stranger.get("/", headers=BROWSER).status_code == 302


def test_the_cookie_is_kept_from_scripts_other_sites_and_over_tls_from_plain_http(stranger: FlaskClient) -> None:
    form = {"user": "admin", "password": PASSWORD}
    plain = stranger.post("/login", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    tls = stranger.post("/login", data=form, headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "Secure" in tls


def test_logging_out_ends_it_and_so_does_time(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert operator.get("/").status_code == 200
    later = time.time() + 12 * 3600 + 1
    monkeypatch.setattr("telemetry.dashboard.auth.time.time", lambda: later)
    assert operator.get("/", headers=BROWSER).status_code == 302
    monkeypatch.undo()
    assert operator.post("/logout").status_code == 302
    assert operator.get("/", headers=BROWSER).status_code == 302


def test_a_changed_password_ends_old_sessions(operator: FlaskClient, layout: Layout) -> None:
    from telemetry.dashboard import admin

    account = layout.data / "hub" / "admin.json"
    key = admin.load(layout).session_key
    account.unlink()
    admin.ensure(layout)
    text = account.read_text()
    import base64

    new_key = base64.b64encode(admin.load(layout).session_key).decode()
    account.write_text(text.replace(new_key, base64.b64encode(key).decode()))  # even with the same signing key
    assert operator.get("/", headers=BROWSER).status_code == 302


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_another_site_cannot_make_a_browser_change_anything(operator: FlaskClient, headers: dict[str, str]) -> None:
    assert operator.post("/logout", headers=headers).status_code == 403
    assert operator.get("/").status_code == 200
    assert operator.post("/logout", headers={"Origin": "http://localhost"}).status_code == 302


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/boxes/a?b=c", "/boxes/a?b=c"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("boxes", "/"),
    ],
)
def test_the_door_leads_nowhere_else(path: str, leads: str) -> None:
    assert local_path(path) == leads


def test_boxes_enrol_without_login(stranger: FlaskClient) -> None:
    assert stranger.post("/enrol/v1", json={}, headers={"Origin": "https://elsewhere.example"}).status_code not in (302, 401, 403)


def test_the_overview_shows_what_an_operator_asks_first(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1", people=57)
    report(store, "camp-2", people=Fewer(10), why="the signature is wrong", site="<script>alert(1)</script>")
    text = operator.get("/").text
    for words in ("camp-1", "North Gate", "57 people", "fewer than 10", "2.5 of 10.0 Mbit/s", "the signature is wrong", "just now"):
        assert words in text, words
    assert "<script>alert" not in text and "&lt;script&gt;" in text


def test_h25_the_incidents_name_who_sends_more_than_its_share(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1")
    assert "more than its share" not in operator.get("/incidents").text
    with store.transaction():
        store.refuse("camp-1", "over-budget", time.time() - 60)
        store.refuse("camp-2", "over-budget", time.time() - 7_200)
    text = operator.get("/incidents").text
    assert text.count("it sends more than its share") == 1 and "North Gate" in text


def test_an_empty_hub_says_so(operator: FlaskClient) -> None:
    assert "No box has reported yet" in operator.get("/").text
    assert "Nothing needs anybody" in operator.get("/incidents").text


def test_many_boxes_are_shown_in_pages(operator: FlaskClient, store: ReportStore) -> None:
    with store.transaction():
        for n in range(101):
            report(store, f"camp-{n:03}")
    first, second = operator.get("/").text, operator.get("/?page=2").text
    assert first.count("<tr>") == 101 and "/?page=2" in first
    assert "camp-100" in second and "camp-099" not in second and 'rel="next"' not in second
    assert operator.get("/?page=-3").status_code == operator.get("/?page=x").status_code == 200


def test_a_box_shows_every_value_its_day_and_what_is_wrong(operator: FlaskClient, store: ReportStore) -> None:
    report(store, why="the hash is wrong")
    text = operator.get("/boxes/camp-1").text
    for metric in METRICS:
        assert metric.purpose in text
    assert "Catalogue refused: the hash is wrong" in text and '<svg class="line"' in text
    assert 'data-events="/events?box=camp-1"' in text
    assert operator.get("/boxes/no-such-box").status_code == 404


@pytest.mark.parametrize(
    ("told", "said"), [([Fewer(10), Fewer(10)], None), ([57, Fewer(10)], None), ([57, Fewer(10), 31, Fewer(10)], "up to 57 people")]
)
def test_a_count_too_small_to_be_told_is_not_drawn_as_nobody(
    operator: FlaskClient, store: ReportStore, told: list[int | Fewer], said: str | None
) -> None:
    report(store, people=Fewer(10))
    now, number = time.time(), BY_NAME["people_online"].number
    rows = tuple(Row(10 + n, 200 + n, int(now), "synced", {number: value}) for n, value in enumerate(told))
    store.take_batch(Batch(BoxId("camp-1"), b"b" * 16, b"j" * 8, rows), [now + n for n in range(len(rows))], now)
    text = operator.get("/boxes/camp-1").text
    (line,) = re.findall(r"people online</th>.*?</tr>", text, re.S)
    assert "to 0" not in line and "highest 0" not in line
    assert ("up to" in line) is (said is not None) and (said or "") in line


def test_the_self_test_stands_line_by_line_on_the_boxs_page_and_marks_the_overview(
    operator: FlaskClient, store: ReportStore
) -> None:
    report(store)
    assert "has not told" in operator.get("/boxes/camp-1").text and "not known" in operator.get("/").text
    lines = (Line("power", None, "no sensor", ""), Line("uplink", False, "nothing <is> plugged in", "Plug it in."))
    now = time.time()
    store.take_result(Result(BoxId("camp-1"), b"b" * 16, b"r" * 8, 1, 60, int(now), "synced", lines), now, now)
    page = operator.get("/boxes/camp-1").text
    assert "nothing &lt;is&gt; plugged in" in page and page.count("Plug it in.") == 2, "in its line, and as an incident"
    assert "not here" in page and "Plug it in." in operator.get("/incidents").text
    row = Row(9, 160, int(now), "synced", {BY_NAME["selftest_failed"].number: 1})
    store.take_batch(Batch(BoxId("camp-1"), b"b" * 16, b"j" * 8, (row,)), [now + 1], now)
    assert '<a href="/boxes/camp-1">1 failed</a>' in operator.get("/").text
    told = operator.get("/api/v1/boxes").get_json()["boxes"][0]["selftest"]
    assert [check["ok"] for check in told["checks"]] == [None, False]


def test_a_silent_box_is_an_incident_and_its_values_look_old(operator: FlaskClient, store: ReportStore) -> None:
    report(store)
    store.take_death(Death(BoxId("camp-1"), b"s" * 8), time.time())
    store._db.execute("UPDATE boxes SET last_seen = last_seen - 1000")
    assert "no report" in operator.get("/incidents").text
    assert 'class="stale"' in operator.get("/").text and "out of touch" in operator.get("/").text


def test_the_api_tells_the_same(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1", people=Fewer(10))
    report(store, "camp-2")
    answer = operator.get("/api/v1/boxes?limit=1").json
    assert answer is not None and answer["total"] == 2 and len(answer["boxes"]) == 1
    assert answer["boxes"][0]["latest"]["people_online"] == {"fewer_than": 10}
    assert operator.get("/api/v1/boxes?limit=99999&offset=-5").status_code == 200
    description = operator.get("/api/v1/openapi.json").json
    assert description is not None and description["openapi"] == "3.1.0"
    assert set(answer["boxes"][0]) == set(description["paths"]["/api/v1/boxes"]["get"]["responses"]["200"]["content"][
        "application/json"]["schema"]["properties"]["boxes"]["items"]["properties"])  # fmt: skip


def test_prometheus_gets_its_text(operator: FlaskClient, store: ReportStore) -> None:
    report(store)
    answer = operator.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert 'campbox_people_online{box="camp-1"} 57' in answer.text


@pytest.mark.parametrize("path", [*PAGES, "/login", "/nowhere"])
def test_no_page_runs_a_script_or_style_of_its_own_and_none_is_kept(operator: FlaskClient, store: ReportStore, path: str) -> None:
    report(store)
    answer = operator.get(path, headers=BROWSER)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_a_wrong_path_is_told_in_words(operator: FlaskClient) -> None:
    page = operator.get("/nowhere", headers=BROWSER)
    assert page.status_code == 404 and "Back to the boxes" in page.text
    assert operator.get("/api/v1/nowhere").mimetype == "text/plain"


@pytest.mark.parametrize("at", [-4.6e18, 4.6e18, 1e300, -1.0])
def test_h11_a_date_that_cannot_be_makes_no_page_fail(operator: FlaskClient, store: ReportStore, at: float) -> None:
    report(store)
    lines = (Line("hub", False, "x", "y"),)
    store.take_result(Result(BoxId("camp-1"), b"b" * 16, b"j" * 8, 1, 0, 0, "none", lines), at, time.time())
    store._db.execute("UPDATE boxes SET first_seen = ?, last_seen = ?, measured = ?", (at, at, at))
    for path in (*PAGES, "/api/v1/boxes", "/metrics"):
        assert operator.get(path, headers=BROWSER).status_code == 200, path
