"""Pages read aloud: a person before the machine, nothing where there is no voice, and what a voice is given to read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from appliance.emergency import Number
from appliance.layout import Layout
from appliance.web.languages import BY_TAG, LANGUAGES
from captive_portal import aloud, prerender
from captive_portal.app import create_app
from captive_portal.spoken import words_of
from captive_portal.voice_commands import page_text
from tests.captive_portal.site import EVERY, PROJECT
from tests.fakes.gate import FakeGate

UK = BY_TAG["uk"]


def _put(folder: Path, page: str, content: bytes, endings: tuple[str, ...] = ("opus", "mp3")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for ending in endings:
        (folder / f"{page}.{ending}").write_bytes(content)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    place = Layout.under(tmp_path / "box", tmp_path / "code")
    place.service_run("pages").mkdir(parents=True)
    return place


def _client(layout: Layout) -> FlaskClient:
    return create_app(EVERY, layout, FakeGate()).test_client()


def _machine(layout: Layout) -> Path:
    return layout.code / aloud.MADE / "uk"


def _person(layout: Layout) -> Path:
    return layout.code / "captive_portal" / "translations" / "uk" / "LC_MESSAGES"


def test_a_language_without_a_voice_shows_no_dead_button(layout: Layout) -> None:
    _put(_machine(layout), "welcome", b"one", ("opus",))
    for tag in ("uk", "ti", "en"):
        for page in ("", "emergency"):
            text = _client(layout).get(f"/{tag}/{page}").text
            assert "<audio" not in text and "voice/" not in text


def test_what_a_machine_reads_says_so_and_plays_only_on_a_tap(layout: Layout) -> None:
    _put(_machine(layout), "welcome", b"one")
    text = _client(layout).get("/uk/").text
    assert '<audio controls preload="none" aria-labelledby="listen">' in text and "autoplay" not in text
    assert text.count("Послухати цю сторінку") == 2 and "Читає комп'ютер" in text.replace("&#39;", "'")
    assert text.index("/voice/uk/welcome.opus?") < text.index("/voice/uk/welcome.mp3?")
    assert "<audio" not in _client(layout).get("/uk/emergency").text


def test_a_persons_recording_beside_the_po_file_goes_before_the_machines(layout: Layout) -> None:
    _put(_machine(layout), "welcome", b"machine")
    _put(_person(layout), "welcome", b"person")
    found = aloud.find(layout.code, UK, "welcome")
    assert found is not None and not found.machine and found.file("mp3").read_bytes() == b"person"
    assert "Читає" not in _client(layout).get("/uk/").text


def test_the_address_changes_with_the_file_since_phones_keep_it(layout: Layout) -> None:
    sources = list[str]()
    for content in (b"one", b"two"):
        _put(_machine(layout), "welcome", content)
        found = aloud.find(layout.code, UK, "welcome")
        assert found is not None
        sources.append(found.sources[0][0])
    assert sources[0] != sources[1]


def test_the_front_finds_every_recording_and_loses_one_that_is_gone(layout: Layout) -> None:
    _put(_machine(layout), "welcome", b"one")
    prerender.write(EVERY, layout)
    place = layout.service_run("pages") / "voice"
    assert {str(path.relative_to(place)) for path in place.rglob("*.*")} == {"uk/welcome.opus", "uk/welcome.mp3"}
    assert (place / "uk" / "welcome.opus").read_bytes() == b"one"
    (_machine(layout) / "welcome.mp3").unlink()
    prerender.write(EVERY, layout)
    assert not list(place.rglob("*.*"))


def test_every_recording_in_the_repository_is_small_and_there_in_every_format() -> None:
    for path in (PROJECT / "captive_portal" / "translations").rglob("*"):
        if path.suffix.removeprefix(".") in aloud.FORMATS:
            assert path.stat().st_size <= aloud.LARGEST and path.stem in aloud.PAGES
            assert all(path.with_suffix(f".{ending}").exists() for ending in aloud.FORMATS)


@pytest.mark.parametrize("tag", [language.tag for language in LANGUAGES if language.voice])
@pytest.mark.parametrize("address", aloud.PAGES.values())
def test_what_is_read_aloud_is_the_pages_own_text_short_and_without_the_second_language(tag: str, address: str) -> None:
    text = page_text(EVERY, f"/{tag}/{address}")
    assert 4 <= len(text.splitlines()) <= 16 and len(text) <= 600
    assert tag == "en" or not {"Connect", "Tap", "staff"} & set(text.replace(":", " ").split())
    assert EVERY.site.name not in text


def test_emergency_and_the_button_are_read_aloud() -> None:
    assert "Connect." in page_text(EVERY, "/en/").splitlines()
    assert page_text(EVERY, "/en/emergency").startswith("Emergency.\nPlaces that help.")
    called = dataclasses.replace(EVERY, emergency=(Number("all", "911"),))
    assert page_text(called, "/en/emergency").startswith("Emergency.\nTap a number to call.\nPlaces that help.")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>no</p><p data-aloud>One &amp; two</p><p>no</p>", "One & two."),
        ("<div data-aloud><div>One!</div><p>Two</p></div>no", "One!Two."),
        ("<span data-aloud><strong>A</strong><small>B?</small></span>", "A.\nB?"),
        ("<p data-aloud>open", "open."),
        ("<h1>nothing marked</h1>", ""),
    ],
)
def test_only_marked_words_are_read_a_sentence_each(page: str, said: str) -> None:
    assert words_of(page) == said


@given(st.text(max_size=300))
def test_no_page_breaks_the_reader(page: str) -> None:
    assert "<p data-aloud" not in words_of(f"<p data-aloud>{page}")
