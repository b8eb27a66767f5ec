"""What dress gives to any site of the box: languages in the path, headers, errors as pages, nothing about people in logs."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient
from flask_babel import gettext as _  # type: ignore[import-untyped]

from appliance.config import parse
from appliance.layout import Layout
from appliance.web.dress import dress
from appliance.web.headers import CONTENT_SECURITY_POLICY, SECURITY_HEADERS

PROJECT = Path(__file__).resolve().parents[3]
SITE = parse((PROJECT / "examples" / "site.toml").read_text())
LAYOUT = Layout.under(Path("/nowhere"), PROJECT)
PAGE = '{% extends "base.html" %}{% block title %}T{% endblock %}{% block main %}<h1>{{ _("Emergency") }}</h1>{% endblock %}'


def _app(sample: bool = False) -> flask.Flask:
    app = flask.Flask("captive_portal", static_folder=None)
    config = dataclasses.replace(SITE, catalogue=dataclasses.replace(SITE.catalogue, sample=sample))

    @app.get("/<lang>/page")
    def page(lang: str) -> str:
        return flask.render_template_string(PAGE)

    @app.get("/<lang>/broken")
    def broken(lang: str) -> str:
        raise RuntimeError("a fault")

    @app.get("/<lang>/kept")
    def kept(lang: str) -> flask.Response:
        return flask.Response(str(_("You")), headers={"Cache-Control": "public, max-age=5"})

    dress(app, config, LAYOUT, domain="portal")
    return app


@pytest.fixture
def client() -> FlaskClient:
    return _app().test_client()


@pytest.mark.parametrize(
    ("tag", "direction", "word"),
    [("ar", "rtl", "الطوارئ"), ("fa-AF", "rtl", "عاجل"), ("fr", "ltr", "Urgence"), ("en", "ltr", "Emergency")],
)
def test_the_address_decides_language_and_direction(client: FlaskClient, tag: str, direction: str, word: str) -> None:
    text = client.get(f"/{tag}/page", headers={"Accept-Language": "fr"}).text
    assert f'<html lang="{tag}" dir="{direction}">' in text
    assert f"<h1>{word}</h1>" in text


@pytest.mark.parametrize("tag", ["uk", "AR", "fa", "..", "en-GB", "x" * 200])
def test_a_language_not_offered_is_not_found(client: FlaskClient, tag: str) -> None:
    assert client.get(f"/{tag}/page").status_code == 404


def test_every_answer_carries_the_strict_headers(client: FlaskClient) -> None:
    for address in ("/en/page", "/en/nothing", "/uk/page", "/static/style.css"):
        headers = client.get(address).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_policy_allows_no_script_and_nothing_from_elsewhere() -> None:
    rules = dict(rule.partition(" ")[::2] for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "http" not in CONTENT_SECURITY_POLICY and "script-src" not in rules


def test_nothing_may_be_stored_unless_a_view_says_so(client: FlaskClient) -> None:
    assert client.get("/en/page").headers["Cache-Control"] == "no-store"
    assert client.get("/en/kept").headers["Cache-Control"] == "public, max-age=5"


def test_the_language_read_last_is_kept_by_the_phone_and_nothing_else_is(client: FlaskClient) -> None:
    assert client.get("/fr/page").headers.getlist("Set-Cookie") == ["language=fr; Path=/; Max-Age=2592000; SameSite=Lax; HttpOnly"]
    for address in ("/fr/nothing", "/static/style.css", "/xx/page"):
        assert "Set-Cookie" not in client.get(address).headers


def test_languages_are_links_to_the_same_page_with_its_arguments_escaped(client: FlaskClient) -> None:
    text = client.get("/ar/page?need=health&q=<script>").text
    assert 'href="/fr/page?need=health&amp;q=' in text
    assert "<script" not in text
    assert text.count('aria-current="true"') == 1


def test_the_page_shows_the_sites_own_name_and_never_ours(client: FlaskClient) -> None:
    text = client.get("/en/page").text
    assert SITE.site.name in text
    assert "campbox" not in text.lower()


def test_sample_content_says_so_on_every_page(client: FlaskClient) -> None:
    assert 'class="sample"' not in client.get("/en/page").text
    sample = _app(sample=True).test_client()
    assert "these services are invented" in sample.get("/en/page").text
    assert "هذه الخدمات غير حقيقية" in sample.get("/ar/nothing").text


def test_a_draft_language_says_that_it_is_one(client: FlaskClient) -> None:
    assert "مسودة" in client.get("/ar/page").text
    assert "draft" not in client.get("/en/page").text


def test_an_error_is_a_page_in_the_readers_language(client: FlaskClient) -> None:
    missing = client.get("/fr/nothing", headers={"Accept-Language": "fr"})
    assert missing.status_code == 404 and "pas ici" in missing.text
    assert client.post("/en/page").status_code == 405


def test_a_page_that_is_not_there_speaks_the_language_of_its_address(client: FlaskClient) -> None:
    answer = client.get("/ar/nothing-here", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert '<html lang="ar" dir="rtl">' in answer.text


def test_a_fault_is_a_page_without_traceback_and_its_log_line_has_no_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = _app().test_client().get("/en/broken?q=planted-search", headers={"User-Agent": "planted-agent"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text and "a fault" not in answer.text
    assert "a fault" in caplog.text
    assert "/en/broken" not in caplog.text and "planted" not in caplog.text


def test_no_page_has_a_script_a_style_or_a_foreign_address_in_it(client: FlaskClient) -> None:
    for address in ("/ar/page", "/en/page", "/fr/nothing"):
        text = client.get(address).text
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", text)
        assert not re.search(r'(?:href|src|action)="(?:https?:)?//', text)


def test_icons_are_hidden_from_screen_readers_and_an_unknown_name_is_an_error() -> None:
    app = _app()
    drawn = str(app.jinja_env.globals["icon"]("user"))  # type: ignore[operator]
    assert 'aria-hidden="true"' in drawn and 'focusable="false"' in drawn
    with pytest.raises(KeyError):
        app.jinja_env.globals["icon"]("no-such-icon")  # type: ignore[operator]
