"""The words of templates: in the language of the moment, safe, and whatever is filled in is escaped."""

from __future__ import annotations

from pathlib import Path

import flask
import pytest
from flask_babel import force_locale  # type: ignore[import-untyped]

from appliance.config import parse
from appliance.layout import Layout
from appliance.web.dress import dress

PROJECT = Path(__file__).resolve().parents[3]
SITE = parse((PROJECT / "examples" / "site.toml").read_text())


@pytest.fixture(scope="module")
def app() -> flask.Flask:
    made = flask.Flask("captive_portal", static_folder=None)
    dress(made, SITE, Layout.under(Path("/nowhere"), PROJECT), domain="portal")
    return made


def said(app: flask.Flask, lang: str, template: str, **values: object) -> str:
    with app.test_request_context(f"/{lang}/"):
        return flask.render_template_string(template, **values)


@pytest.mark.parametrize(("lang", "word"), [("ar", "الطوارئ"), ("fr", "Urgence"), ("en", "Emergency")])
def test_a_word_is_in_the_language_of_the_page(app: flask.Flask, lang: str, word: str) -> None:
    assert said(app, lang, '{{ _("Emergency") }} {{ gettext("Emergency") }}') == f"{word} {word}"


def test_what_is_filled_in_is_escaped_and_what_translators_wrote_is_not(app: flask.Flask) -> None:
    assert said(app, "en", '{{ _("<b>%(name)s</b>", name=name) }}', name="<i>") == "<b>&lt;i&gt;</b>"


def test_a_per_cent_sign_is_written_twice_with_and_without_values(app: flask.Flask) -> None:
    assert said(app, "en", '{{ _("100%%") }} {{ _("%(n)s%%", n=5) }}') == "100% 5%"


def test_a_number_chooses_its_form_and_fills_it(app: flask.Flask) -> None:
    template = '{{ ngettext("%(num)s service <of> %(whom)s", "%(num)s services <of> %(whom)s", n, whom="<x>") }}'
    assert said(app, "en", template, n=1) == "1 service <of> &lt;x&gt;"
    assert said(app, "en", template, n=2) == "2 services <of> &lt;x&gt;"


def test_a_language_forced_for_a_while_holds_for_templates_and_ends(app: flask.Flask) -> None:
    with app.test_request_context("/fr/"):
        with force_locale("ar"):
            assert flask.render_template_string('{{ _("Emergency") }}') == "الطوارئ"
        assert flask.render_template_string('{{ _("Emergency") }}') == "Urgence"


def test_a_language_that_the_site_does_not_offer_is_no_failure(app: flask.Flask) -> None:
    with app.test_request_context("/fr/"), force_locale("de"):
        assert flask.render_template_string('{{ _("Emergency") }}') == "Emergency"


def test_setting_a_variable_in_a_block_changes_no_word(app: flask.Flask) -> None:
    """Jinja makes a context anew for functions that ask for one, there."""
    template = '{% block main %}{% set a = 1 %}{% for b in (1, 2) %}{% set c = b %}{{ _("Emergency") }}{% endfor %}{% endblock %}'
    assert said(app, "fr", template) == "UrgenceUrgence"
