"""What the box says of itself to technicians: the lines of its self-test, before, during and after it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance import clock, facts
from captive_portal.app import create_app
from tests.captive_portal.site import LAYOUT, SITE
from tests.fakes.gate import FakeGate

LINES: list[dict[str, Any]] = [
    {"name": "power", "ok": None, "what": "no sensor", "mend": ""},
    {"name": "portal", "ok": True, "what": "a phone is led to it", "mend": ""},
    {"name": "uplink", "ok": False, "what": "nothing is <plugged> in", "mend": "Plug the modem in."},
]
HOST = {"Host": "camp.internal", "X-Real-IP": "10.44.0.9"}


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def client(gate: FakeGate, tmp_path: Path) -> FlaskClient:
    layout = dataclasses.replace(LAYOUT, run=tmp_path)
    layout.facts_dir.mkdir()
    return create_app(SITE, layout, gate).test_client()


def publish(tmp_path: Path, state: str, lines: list[dict[str, Any]]) -> None:
    told = {"state": state, "at": int(clock.now().uptime) - 130, "seconds": 2.0, "checks": lines}
    facts.publish(dataclasses.replace(LAYOUT, run=tmp_path), "selftest", told)


def test_before_the_first_self_test_the_page_says_so(client: FlaskClient) -> None:
    assert "has not run yet" in client.get("/status", headers=HOST).text
    told = client.get("/status.json", headers=HOST).json
    assert told is not None and told["selftest"] is None


def test_every_line_stands_there_with_what_to_do(client: FlaskClient, tmp_path: Path) -> None:
    publish(tmp_path, "failed", LINES)
    page = client.get("/status", headers=HOST).text
    for words in ("power: not here", "portal: ok", "uplink: failed", "To do: Plug the modem in.", "Looked at 2 min ago"):
        assert words in page
    assert "nothing is &lt;plugged&gt; in" in page
    told = client.get("/status.json", headers=HOST).json
    assert told is not None and told["selftest"]["checks"] == LINES and told["selftest"]["seconds_ago"] >= 130


def test_a_page_while_it_runs_and_once_all_is_well(client: FlaskClient, tmp_path: Path) -> None:
    publish(tmp_path, "running", LINES[:1])
    assert "still running" in client.get("/status", headers=HOST).text
    publish(tmp_path, "passed", LINES[:2])
    page = client.get("/status", headers=HOST).text
    assert "All is well." in page and "still running" not in page


def test_the_page_is_plain_and_knows_nobody(client: FlaskClient, gate: FakeGate, tmp_path: Path) -> None:
    publish(tmp_path, "passed", LINES[:2])
    answer = client.get("/status", headers={**HOST, "Accept-Language": "ar"})
    assert answer.status_code == 200 and 'dir="rtl"' in answer.text and 'lang="en" dir="ltr"' in answer.text
    assert "<script" not in answer.text and "10.44.0.9" not in answer.text
    assert gate.asked == [{"do": "facts"}]
    assert answer.headers["Cache-Control"] == "no-store"


SYNC: dict[str, Any] = {
    "state": "pausing", "why": "people need the link", "version": 3, "services": 60, "snapshot_date": "2026-11-20T08:00:00Z",
    "sample": False, "held": "", "expired": False, "source": "hub",
    "done": 12_000, "total": 20_000, "budget_left": None, "asked": 7,
}  # fmt: skip


def test_before_the_first_look_there_is_no_catalogue_and_no_stick(client: FlaskClient) -> None:
    told = client.get("/status.json", headers=HOST).json
    assert told is not None and told["catalogue"] is None and told["stick"] is None
    assert "Catalogue</h2>" not in client.get("/status", headers=HOST).text


def test_what_the_catalogue_waits_for_and_how_far_it_came_stands_there(client: FlaskClient, tmp_path: Path) -> None:
    layout = dataclasses.replace(LAYOUT, run=tmp_path)
    facts.publish(layout, "sync", SYNC)
    page = client.get("/status", headers=HOST).text
    for words in ("pausing: people need the link, 12 of 20 kB", "60 services of 2026-11-20, from the hub"):
        assert words in page
    assert "volume" not in page and "expired" not in page
    facts.publish(layout, "sync", {**SYNC, "expired": True, "budget_left": 4_560_000, "source": "usb"})
    facts.publish(layout, "stick", {"state": "copying", "why": "", "done": 1_000, "total": 5_000})
    page = client.get("/status", headers=HOST).text
    for words in ("nothing older is taken", "4.6 MB", "from the stick", "copying, 1 of 5 kB"):
        assert words in page
    told = client.get("/status.json", headers=HOST).json
    assert told is not None and told["catalogue"]["budget_left"] == 4_560_000 and told["stick"]["total"] == 5_000
    assert "asked" not in told["catalogue"]


ODD: tuple[Any, ...] = (
    None, 5, -1, 10**400, float("nan"), float("inf"), True, "", "\ud800", "x" * 10_000, [], [[]], {}, {"a": 1},
    [5, None, {"name": 1}], [{"name": "a", "ok": [], "what": "b", "mend": "c"}],
    [{"name": "\ud800", "ok": True, "what": "b", "mend": ""}],
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_r5_no_fact_closes_the_status_page(client: FlaskClient, tmp_path: Path, odd: Any) -> None:
    layout = dataclasses.replace(LAYOUT, run=tmp_path)
    whole: dict[str, dict[str, Any]] = {
        "sync": {"state": "current", "why": "", "services": 60, "snapshot_date": "2026-11-20", "source": "hub", "expired": False,
                 "done": 1, "total": 2, "budget_left": 5_000_000},
        "stick": {"state": "reading", "why": "", "done": 1, "total": 2},
        "selftest": {"state": "failed", "at": 1, "checks": LINES},
        "gate": {"uplink": "down", "why": "portal"},
    }  # fmt: skip
    for service, told in whole.items():
        for name in told:
            for spoiled in ({**told, name: odd}, {one: value for one, value in told.items() if one != name}):
                facts.publish(layout, service, {"state": "current"})
                layout.facts(service).write_text(json.dumps(spoiled))
                for path in ("/status", "/status.json"):
                    assert client.get(path, headers=HOST).status_code == 200, (service, name, path)
        facts.publish(layout, service, told)


def test_r5_whole_lines_stand_beside_spoiled_ones(client: FlaskClient, tmp_path: Path) -> None:
    publish(tmp_path, "failed", [{"name": "odd"}, *LINES, {**LINES[0], "ok": "yes"}])
    told = client.get("/status.json", headers=HOST).json
    assert told is not None and told["selftest"]["checks"] == LINES


DATES = ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z", "0000-01-01", "")


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("name", ["date", "expires"])
def test_r5_a_notice_with_an_impossible_day_hides_no_page(client: FlaskClient, tmp_path: Path, name: str, date: str) -> None:
    told = {"texts": {"en": "Water \ud800 at noon"}, "written": "en", "priority": "info", "source": "WASH \udfff"}
    dates = {"date": "2026-11-22T08:00:00Z", "expires": "2999-11-22T08:00:00Z"}
    facts_file = dataclasses.replace(LAYOUT, run=tmp_path).facts("notices")
    facts_file.write_text(json.dumps({"notices": [{**told, **dates, name: date}, {**told, **dates}, 5, None]}))
    for path in ("/en/", "/ar/", "/en/emergency"):
        assert client.get(path, headers=HOST).status_code == 200
    assert "Water ? at noon" in client.get("/en/", headers=HOST).text
    odd: tuple[object, ...] = (None, 5, "x", {})
    for listed in odd:
        facts_file.write_text(json.dumps({"notices": listed, "numbers": listed}))
        assert client.get("/en/", headers=HOST).status_code == 200
