"""P What is kept between tests is what would have been made anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import flask
import jinja2
import pytest

from appliance.web import translations
from tests.kept import Templates, surroundings

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Hello"\nmsgstr "{}"\n'


def _environment(kept: Templates, source: str, **options: Any) -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.DictLoader({"a": source}), bytecode_cache=kept, **options)


def test_a_template_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Templates()
    assert _environment(kept, "{{ x }}").get_template("a").render(x=1) == "1"
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert _environment(kept, "{{ x }}").get_template("a").render(x=2) == "2"
    with pytest.raises(TypeError):
        _environment(kept, "{{ y }}").get_template("a")


def test_whoever_compiles_otherwise_gets_their_own() -> None:
    kept = Templates()
    plain, escaping = (_environment(kept, "{{ x }}\n {% if 1 %}\n{% endif %}", autoescape=auto) for auto in (False, True))
    trimming = _environment(kept, "{{ x }}\n {% if 1 %}\n{% endif %}", trim_blocks=True, lstrip_blocks=True)
    said = [one.get_template("a").render(x="<") for one in (plain, escaping, trimming)]
    assert said == ["<\n \n", "&lt;\n \n", "<\n"]


def test_a_filter_of_another_place_is_not_folded_in() -> None:
    kept = Templates()
    loud, quiet = _environment(kept, "{{ 'a'|said }}"), _environment(kept, "{{ 'a'|said }}")
    loud.filters["said"], quiet.filters["said"] = str.upper, str.strip
    assert [one.get_template("a").render() for one in (loud, quiet)] == ["A", "a"]
    assert surroundings(loud) != surroundings(quiet)


def test_a_text_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = translations.po_file(tmp_path, "fr", "d")
    path.parent.mkdir(parents=True)
    for day, said in enumerate(("Salut", "Allo!", "Bonjour")):
        path.write_text(PO.format(said))
        os.utime(path, (day, day))
        assert translations.load([(tmp_path, "d")], "fr").ugettext("Hello") == said


def test_the_applications_of_this_run_keep_them() -> None:
    assert isinstance(flask.Flask.jinja_options["bytecode_cache"], Templates)
    assert {translations.compiled.__module__, translations.load.__module__} == {"tests.kept"}
