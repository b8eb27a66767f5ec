"""Adding a language is one row and its PO file: one that is not in the table, in a temporary
place, is spoken by a page with nothing else done."""

from __future__ import annotations

from pathlib import Path

import flask
import pytest

from appliance.config import parse
from appliance.layout import Layout
from appliance.web import dress, languages
from appliance.web.languages import BY_TAG, Language
from appliance.web.messages import faults, update
from appliance.web.translations import po_file
from tests.texts import source

PROJECT = Path(__file__).resolve().parents[3]
SITE = (PROJECT / "examples" / "site.toml").read_text()
ROW = Language("am", "አማርኛ", "Amharic", "ltr", "Ethi", "Noto Sans Ethiopic", (6, 7), None, reviewed=False, near=("ti",))
TEXTS = {"Emergency": "Ziha!", "Main pages": "Zoko", "You": "Ze"}
PAGE = (
    '{% extends "base.html" %}{% macro how() %}<p>{{ _("You") }}</p>{% endmacro %}'
    '{% block title %}T{% endblock %}{% block main %}<h1>{{ _("Emergency") }}</h1>{{ also(how) }}{% endblock %}'
)


def test_a_row_and_a_po_file_are_all_that_a_new_language_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_TAG, ROW.tag, ROW)
    monkeypatch.setattr(languages, "LANGUAGES", (*languages.LANGUAGES, ROW))
    folder = tmp_path / "translations"
    path = po_file(folder, ROW.locale, "web")
    path.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n > 1);\\n"\n'
    path.write_text(header + "".join(f'\nmsgid "{text}"\nmsgstr "{said}"\n' for text, said in TEXTS.items()))
    monkeypatch.setattr(dress, "HERE", _with_translations(tmp_path))

    text = SITE.replace('"fr", "en"]', '"fr", "en", "am"]')
    app = flask.Flask("captive_portal", static_folder=None)
    app.add_url_rule("/<lang>/page", "page", lambda lang: flask.render_template_string(PAGE))
    dress.dress(app, parse(text), Layout.under(Path("/nowhere"), PROJECT), domain="portal")
    page = app.test_client().get("/am/page").text
    assert '<html lang="am" dir="ltr">' in page and "<h1>Ziha!</h1>" in page and 'aria-label="Zoko"' in page
    assert '<div class="also" lang="en" dir="ltr"><p>You</p></div>' in page
    assert 'hreflang="am" dir="ltr" href="/am/page"' in app.test_client().get("/ar/page").text
    assert app.test_client().get("/am/none", headers={"Accept-Language": "am"}).status_code == 404
    found = languages.choose("am-ET, en;q=0.5", languages.offered(parse(text)))
    assert found is ROW


def _with_translations(tmp_path: Path) -> Path:
    """The shared folder of the pages, with the temporary translations in place of its own."""
    for name in ("templates", "static", "icons"):
        (tmp_path / name).symlink_to(PROJECT / "appliance" / "web" / name)
    return tmp_path


def test_the_translators_tool_makes_the_file_and_the_check_names_what_is_missing(tmp_path: Path) -> None:
    package = PROJECT / "appliance" / "web"
    assert [fault.problem for fault in faults(source(package), tmp_path, "web", "om")] == ["there is no web.po"]
    update(package, tmp_path, "web", "om")
    missing = faults(source(package), tmp_path, "web", "om")
    assert len(missing) > 10 and {fault.problem for fault in missing} == {"is not translated"}
