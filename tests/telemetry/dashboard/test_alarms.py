"""What the authority is alarmed about stands on every page, and no stranger reads it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from provisioning.authority import certificates
from telemetry.dashboard.app import ALARMS
from telemetry.dashboard.report_store import ReportStore
from tests.telemetry.dashboard.conftest import report


@pytest.mark.parametrize("path", ["/", "/boxes/camp-1", "/incidents"])
def test_an_alarm_is_seen_on_every_page_and_by_no_stranger(
    app: Flask, operator: FlaskClient, stranger: FlaskClient, store: ReportStore, path: str
) -> None:
    report(store, "camp-1", people=57)
    assert "Alarm:" not in operator.get(path).text
    app.config[ALARMS].append(lambda: [("camp-1: the card was <copied>", "/enrolments")])
    assert 'Alarm:</strong> camp-1: the card was &lt;copied&gt; <a href="/enrolments">' in operator.get(path).text
    for closed in ("/login", path, "/nowhere"):
        assert "copied" not in stranger.get(closed, headers={"Accept": "text/html"}, follow_redirects=True).text


def test_the_authority_tells_its_alarms_to_the_pages(app: Flask) -> None:
    packages = {tell.__module__.partition(".")[0] for tell in app.config[ALARMS]}
    assert packages == {"provisioning", "content_cache"}


@pytest.mark.parametrize("path", ["/", "/incidents", "/enrolments", "/notices", "/catalogue-admin"])
def test_every_page_of_the_navigation_opens_and_marks_where_one_is(app: Flask, operator: FlaskClient, path: str) -> None:
    certificates.prepare(app.config["CAMPBOX_LAYOUT"], app.config["CAMPBOX_HUB"])
    answer = operator.get(path)
    assert answer.status_code == 200 and f'<a href="{path}" aria-current="page">' in answer.text


def test_a_page_below_one_of_the_navigation_marks_that_one(operator: FlaskClient, store: ReportStore) -> None:
    report(store, "camp-1", people=57)
    assert '<a href="/" aria-current="true">' in operator.get("/boxes/camp-1").text
    assert '<a href="/catalogue-admin" aria-current="true">' in operator.get("/catalogue-admin/services").text
