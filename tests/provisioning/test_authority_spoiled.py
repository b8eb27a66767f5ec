"""What is spoiled in the authority's folder is told to whoever asks, and ends nothing of others."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import DictLoader

from appliance.errors import NotSo
from appliance.layout import Layout
from provisioning.authority import certificates, desk
from provisioning.authority.store import Store
from provisioning.enrolment import day, words_of
from tests.provisioning.test_authority import HUB, ask, client, key, layout, new_token

__all__ = ["client", "layout"]


def spoil(path: Path, how: str) -> None:
    path.unlink()
    if how == "a folder":
        path.mkdir()
    elif how != "gone":
        path.write_bytes({"empty": b"", "noise": b"x" * 100, "no text": b"\xff\xfe" * 50}[how])


@pytest.mark.parametrize("how", ["empty", "noise", "no text", "a folder", "gone"])
@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_r7_an_authority_that_cannot_be_read_answers_not_ready(client: FlaskClient, layout: Layout, name: str, how: str) -> None:
    token = new_token(layout)
    spoil(certificates.folder(layout) / name, how)
    status, told = ask(client, key(), token)
    assert status == 503 and told["error"] == "not-ready" and told["mend"]


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "crl.pem"])
def test_r7_the_timer_that_renews_says_what_cannot_be_read(layout: Layout, name: str) -> None:
    for how in ("a folder", "noise"):
        certificates.prepare(layout, HUB)
        path = certificates.folder(layout) / name
        whole = path.read_bytes()
        spoil(path, how)
        try:
            certificates.prepare(layout, HUB)
            desk.revoke(layout)
        except NotSo as error:
            assert str(path.parent) in error.where and error.mend
        if path.is_dir():
            path.rmdir()
        path.write_bytes(whole)


def test_r5_a_spoilt_number_keeps_no_other_certificate_off_the_list(layout: Layout) -> None:
    store = Store(layout)
    store.alarms()
    with sqlite3.connect(store.path) as db:
        db.execute("INSERT INTO ticket VALUES ('h', 'north-1', 's', 1, 2, 'new', 1, 0)")
        for serial in ("zz", "", "1" * 5000, "-5", "0x1f", "1f"):
            db.execute("INSERT INTO certificate VALUES (?, 'north-1', 'old', 1)", (serial,))
    assert store.superseded() == {0x1F}


def test_r5_an_alarm_and_dates_of_another_version_close_no_page(client: FlaskClient, layout: Layout) -> None:
    store = Store(layout)
    store.alarms()
    with sqlite3.connect(store.path) as db:
        db.execute("INSERT INTO alarm VALUES ('north-1', 'unheard-of', 9e999, ?, 1)", (time.time(),))
        db.execute("INSERT INTO ticket VALUES ('h', 'south-1', 's', -9e999, 1e300, 'k', 1e18, 0)")
    loader = DictLoader({"base.html": "{% block main %}{% endblock %}"})
    client.application.jinja_loader = loader
    page = client.get("/enrolments")
    assert page.status_code == 200 and words_of("unheard-of").what in page.text


@pytest.mark.parametrize("seconds", [1e300, -1e300, float("nan"), float("inf"), 1e18])
def test_h18_a_moment_that_no_calendar_has_is_a_dash(seconds: float) -> None:
    assert day(seconds) == "-"
