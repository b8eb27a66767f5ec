"""Every text has a translation in every language, with the same placeholders; and the check can fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from appliance.web.languages import LANGUAGES, SOURCE
from appliance.web.messages import faults, update, wanted
from appliance.web.translations import load, po_file
from tests.texts import source

PROJECT = Path(__file__).resolve().parents[3]
PACKAGES = {"web": PROJECT / "appliance" / "web", "portal": PROJECT / "captive_portal", "catalogue": PROJECT / "content_cache"}
LOCALES = [language.locale for language in LANGUAGES if language is not SOURCE]
LONGEST_SENTENCE = 12
PO = 'msgid ""\nmsgstr "Language: fr\\nContent-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("domain", PACKAGES)
def test_every_language_has_every_text(domain: str, locale: str) -> None:
    assert faults(source(PACKAGES[domain]), PACKAGES[domain] / "translations", domain, locale) == []


@pytest.mark.parametrize("domain", PACKAGES)
def test_sentences_are_short(domain: str) -> None:
    texts = [message.id for message in source(PACKAGES[domain]) if isinstance(message.id, str) and message.id]
    assert len(texts) > 10
    long = [s for text in texts for s in re.split(r"(?<=[.?!])\s", text) if len(s.split()) > LONGEST_SENTENCE]
    assert long == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("domain", PACKAGES)
def test_translated_sentences_are_short_numbers_ascii_and_no_text_is_marked_doubtful(domain: str, locale: str) -> None:
    for message in _catalogue(domain, locale):
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        assert not message.fuzzy, message.id
        if message.id:
            long = [s for text in texts for s in re.split(r"(?<=[.?!።۔؟])\s", text) if len(s.split()) > LONGEST_SENTENCE]
            assert long == [] and not [text for text in texts if re.search(r"[٠-٩۰-۹]", text)]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("domain", PACKAGES)
def test_a_number_takes_the_plural_form_that_cldr_gives_it(domain: str, locale: str) -> None:
    """Two numbers share a form exactly where they share a CLDR category; CLDR's further ones are for fractions and millions."""
    texts, rule = load([(PACKAGES[domain] / "translations", domain)], locale), Locale.parse(locale).plural_form
    pairs = {(texts.plural(number), rule(number)) for number in range(1_001)}
    assert len(pairs) == len({form for form, _ in pairs}) == len({category for _, category in pairs})
    assert _catalogue(domain, locale).num_plurals >= len(pairs)


def test_arabic_counts_in_six_forms_and_ukrainian_in_four() -> None:
    assert [_catalogue("catalogue", locale).num_plurals for locale in ("ar", "uk")] == [6, 4]
    texts = load([(PACKAGES["catalogue"] / "translations", "catalogue")], "uk")
    said = [texts.ngettext("%(num)s service", "%(num)s services", number) for number in (1, 3, 5, 11, 21, 22)]
    assert [words.split()[1] for words in said] == ["послуга", "послуги", "послуг", "послуг", "послуга", "послуги"]


def _catalogue(domain: str, locale: str) -> Catalog:
    with po_file(PACKAGES[domain] / "translations", locale, domain).open("rb") as file:
        return read_po(file, locale=locale)


def _package(folder: Path, po: str) -> Path:
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text(
        '{{ _("Hello %(name)s", name=x) }} {{ ngettext("%(num)s cup", "%(num)s cups", n) }}'
    )
    path = po_file(folder, "fr", "d")
    path.parent.mkdir(parents=True)
    path.write_text(PO + po)
    return folder


GOOD = 'msgid "Hello %(name)s"\nmsgstr "Salut %(name)s"\n\nmsgid "%(num)s cup"\nmsgid_plural "%(num)s cups"\n'
FORMS = 'msgstr[0] "une tasse"\nmsgstr[1] "%(num)s tasses"\n'


def test_a_complete_language_has_no_fault(tmp_path: Path) -> None:
    folder = _package(tmp_path, GOOD + FORMS)
    assert faults(wanted(folder), folder, "d", "fr") == []


@pytest.mark.parametrize(
    ("po", "problem"),
    [
        ("", "is not translated"),
        (GOOD.replace("Salut %(name)s", "Salut") + FORMS, "has other placeholders"),
        (GOOD.replace("Salut %(name)s", "Salut %(nom)s") + FORMS, "has other placeholders"),
        (GOOD + FORMS.replace("%(num)s tasses", "%(n)s tasses"), "has other placeholders"),
        (GOOD + FORMS.replace("une tasse", ""), "is not translated"),
        (GOOD + FORMS + '\nmsgid "Bye"\nmsgstr "Salut"\n', "is no longer used"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, po: str, problem: str) -> None:
    folder = _package(tmp_path, po)
    assert problem in {fault.problem for fault in faults(wanted(folder), folder, "d", "fr")}


def test_a_language_without_a_file_is_a_fault(tmp_path: Path) -> None:
    folder = _package(tmp_path, GOOD + FORMS)
    assert [fault.problem for fault in faults(wanted(folder), folder, "d", "ar")] == ["there is no d.po"]


def test_updating_adds_new_texts_empty_and_drops_unused_ones(tmp_path: Path) -> None:
    folder = _package(tmp_path, 'msgid "Bye"\nmsgstr "Salut"\n')
    update(folder, folder, "d", "fr")
    text = po_file(folder, "fr", "d").read_text()
    assert "Bye" not in text and "Hello %(name)s" in text
    assert {fault.problem for fault in faults(wanted(folder), folder, "d", "fr")} == {"is not translated"}


def test_loading_keeps_the_plural_rule_of_the_language() -> None:
    texts = load([(PACKAGES["web"] / "translations", "web"), (PACKAGES["portal"] / "translations", "portal")], "ar")
    assert texts.gettext("Emergency") == "الطوارئ"
    assert texts.gettext("Go to the text") == "اذهب إلى النص"
    assert [texts.plural(number) for number in (0, 1, 2, 5, 30)] == [0, 1, 2, 3, 5]


def test_without_a_file_the_reader_sees_english(tmp_path: Path) -> None:
    assert load([(tmp_path, "web")], "ar").gettext("Emergency") == "Emergency"
