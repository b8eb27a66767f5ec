"""A personal form is offered over HTTPS alone where the box holds a certificate, and with a warning where it holds none."""

from __future__ import annotations

from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from appliance import facts
from appliance.layout import Layout
from appliance.web.dress import dress
from appliance.web.private import ANNOUNCE, unprotected
from tests.captive_portal.site import PROJECT, SITE, with_api

WARNING, SEALED = "Others nearby could read this.", {"X-Forwarded-Proto": "https"}
PAGE = """{% from "macros.html" import personal with context %}
{% call personal() %}<form method="post"><input name="code"></form>{% endcall %}"""
SEARCH = """{% from "macros.html" import in_the_air with context %}<form><input name="q"></form>{{ in_the_air() }}"""
KEEPS_NOTHING = "This box keeps no record of it."


def _site(root: Path, *, name: bool, offered: bool) -> FlaskClient:
    layout = Layout.under(root, PROJECT)
    layout.facts_dir.mkdir(parents=True)
    facts.publish(layout, ANNOUNCE, {"offered": offered})
    app = flask.Flask(__name__, static_folder=None)
    dress(app, with_api() if name else SITE, layout, domain="portal")
    taken = app.add_url_rule
    taken("/<lang>/code", "ask", lambda lang: flask.render_template_string(PAGE), methods=["GET"])
    taken("/<lang>/code", "take", lambda lang: unprotected() or "taken", methods=["POST"])
    taken("/<lang>/search", "search", lambda lang: flask.render_template_string(SEARCH), methods=["GET"])
    return app.test_client()


@pytest.mark.parametrize(("name", "offered"), [(False, False), (True, False), (False, True)])
def test_without_a_certificate_the_form_is_there_and_says_who_could_read_it(tmp_path: Path, name: bool, offered: bool) -> None:
    client = _site(tmp_path, name=name, offered=offered)
    page = client.get("/en/code").text
    assert "<form" in page and WARNING in page and "https://" not in page
    assert client.post("/en/code").text == "taken"


def test_with_a_certificate_the_form_is_offered_and_taken_over_https_alone(tmp_path: Path) -> None:
    client = _site(tmp_path, name=True, offered=True)
    page = client.get("/en/code").text
    assert "<form" not in page and 'href="https://portal.example.org/en/code"' in page
    answer = client.post("/en/code", data={"code": "secret"})
    assert (answer.status_code, answer.location) == (303, "https://portal.example.org/en/code")
    assert "<form" in client.get("/en/code", headers=SEALED).text
    assert client.post("/en/code", headers=SEALED).text == "taken"


def test_over_https_nobody_is_warned(tmp_path: Path) -> None:
    assert WARNING not in _site(tmp_path, name=True, offered=True).get("/en/code", headers=SEALED).text


def test_a_draft_says_the_warning_in_a_reviewed_language_too(tmp_path: Path) -> None:
    page = _site(tmp_path, name=False, offered=False).get("/ar/code").text
    assert WARNING in page and "أشخاص قريبون" in page


def test_after_the_certificate_has_expired_the_form_is_there_again_with_its_warning(tmp_path: Path) -> None:
    client = _site(tmp_path, name=True, offered=True)
    facts.publish(Layout.under(tmp_path, PROJECT), ANNOUNCE, {"offered": False})
    page = client.get("/en/code").text
    assert "<form" in page and WARNING in page


@pytest.mark.parametrize("offered", [False, True])
def test_a_search_is_there_on_every_way_and_says_what_is_true_of_it(tmp_path: Path, offered: bool) -> None:
    client = _site(tmp_path, name=True, offered=offered)
    open_air, sealed = client.get("/en/search").text, client.get("/en/search", headers=SEALED).text
    assert "<form" in open_air and WARNING in open_air and KEEPS_NOTHING in open_air
    assert ('href="https://portal.example.org/en/search"' in open_air) is offered, "where it is to be had so, it says where"
    assert "<form" in sealed and WARNING not in sealed and KEEPS_NOTHING in sealed and "https://" not in sealed


def test_a_draft_says_so_of_a_search_in_a_reviewed_language_too(tmp_path: Path) -> None:
    client = _site(tmp_path, name=False, offered=False)
    assert WARNING in client.get("/ar/search").text and WARNING not in client.get("/ar/search", headers=SEALED).text
