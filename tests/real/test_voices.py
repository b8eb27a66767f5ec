"""campbox box voices with Debian's own espeak-ng, opusenc and lame: files that are what they are called, small, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.errors import MissingComponent
from appliance.run import find_program, run
from appliance.web.languages import BY_TAG, LANGUAGES
from captive_portal import aloud
from captive_portal.voice import speak
from captive_portal.voice_commands import voices

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.net


@pytest.fixture(autouse=True)
def programs() -> None:
    for name in ("espeak-ng", "opusenc", "lame"):
        try:
            find_program(name)
        except MissingComponent as error:
            pytest.skip(str(error))


def test_each_language_with_a_voice_is_spoken_and_no_other(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    text = (PROJECT / "examples" / "site.toml").read_text("utf-8")
    names = ", ".join(f'"{tag}"' for tag in BY_TAG)
    site.write_text(re.sub(r"(?m)^languages = \[.*?\]", f"languages = [{names}]", text), "utf-8")
    done = CliRunner().invoke(voices, [str(site), "--to", str(tmp_path / "voices")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    made = {str(path.relative_to(tmp_path / "voices")) for path in (tmp_path / "voices").rglob("*.*")}
    spoken = [language.tag for language in LANGUAGES if language.voice]
    assert made == {f"{tag}/{page}.{ending}" for tag in spoken for page in aloud.PAGES for ending in aloud.FORMATS}
    for path in (tmp_path / "voices").rglob("*.*"):
        content = path.read_bytes()
        assert 5_000 < len(content) <= aloud.LARGEST, path
        assert content[:4] == b"OggS" if path.suffix == ".opus" else content[:2] in (b"ID", b"\xff\xf3", b"\xff\xe3"), path
    assert "ti: welcome: no voice; record one" in done.output


def test_the_same_words_are_the_same_bytes_so_that_two_builds_of_an_image_are_the_same(tmp_path: Path) -> None:
    for ending in aloud.FORMATS:
        one, other = tmp_path / f"one.{ending}", tmp_path / f"other.{ending}"
        assert speak("Connect.", "en", ending, one) == speak("Connect.", "en", ending, other) > 500
        assert one.read_bytes() == other.read_bytes()


def test_debian_has_every_voice_the_table_names() -> None:
    listed = run(["espeak-ng", "--voices"]).stdout
    known = {line.split()[1] for line in listed.splitlines()[1:]}
    assert {language.voice for language in LANGUAGES if language.voice} <= known
