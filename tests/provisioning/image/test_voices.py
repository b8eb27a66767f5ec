"""What an image reads aloud: the voices of its site's languages, a part of its recipe; none where nobody can make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.errors import MissingComponent
from appliance.web.languages import offered
from captive_portal import aloud
from provisioning.image import environment, voices

SITE = (environment.PROJECT / "examples" / "site.toml").read_text("utf-8")
LANGUAGES = [language.tag for language in offered(parse(SITE)) if language.voice]


def _project(folder: Path) -> Path:
    """A project with one module, and a voice that somebody made for another site."""
    for name in (*environment._PAPERS, "setup.cfg", "captive_portal/__init__.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((environment.PROJECT / name).read_bytes())
    stale = folder / voices.FOLDER / "uk" / "welcome.opus"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    return folder


def _speaks(argv: Sequence[str], *, timeout: float) -> None:
    """Stands for ``campbox box voices SITE --to FOLDER``."""
    assert argv[1:5] == ["-m", "appliance.cli", "box", "voices"] and argv[6] == "--to"
    for language in offered(parse(Path(argv[5]).read_text("utf-8"))):
        for page in aloud.PAGES if language.voice else ():
            for ending in aloud.FORMATS:
                file = Path(argv[7], language.tag, f"{page}.{ending}")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"said")


def test_an_image_has_the_voices_of_its_sites_languages_where_its_portal_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "find_program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(voices, "run", _speaks)
    project = _project(tmp_path / "project")
    before = environment.source_digest((), project)
    assert voices.read_aloud(SITE, project, tmp_path) == tuple(sorted(LANGUAGES)) and len(LANGUAGES) > 2
    wanted = {f"{voices.FOLDER}/{tag}/{page}.{e}" for tag in LANGUAGES for page in aloud.PAGES for e in aloud.FORMATS}
    assert {name for name in environment.sources(project) if "/voices/" in name} == wanted, "what is there is what is carried"
    assert voices.FOLDER == aloud.MADE
    assert environment.source_digest((), project) != before, "another voice is another image"
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_without_the_programs_nothing_is_spoken_and_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise MissingComponent(f"the program {name} is not here")

    monkeypatch.setattr(voices, "find_program", missing)
    monkeypatch.setattr(voices, "run", lambda *_, **__: pytest.fail("nothing is to be run"))
    assert voices.read_aloud(SITE, _project(tmp_path / "project"), tmp_path) == ("uk",)
    (tmp_path / "bare").mkdir()
    assert voices.read_aloud(SITE, tmp_path / "bare", tmp_path) == ()


def test_the_box_installs_what_is_read_aloud() -> None:
    patterns = (environment.PROJECT / "setup.cfg").read_text("utf-8")
    assert all(f"**/*.{ending}" in patterns for ending in aloud.FORMATS)
