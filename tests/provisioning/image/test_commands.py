"""``campbox image build``: bad input is one line and leaves nothing; the report is whole."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from appliance.errors import CampboxError, ConfigError, NotSo
from provisioning.image import build as deeds
from provisioning.image.archive import Archive
from provisioning.image.commands import cache_folder, image
from provisioning.image.libraries import Pinned
from provisioning.image.report import Built, iso, manifest
from provisioning.image.steps import Steps, last_words

MIRRORS = ("--mirror", "http://mirror.example/debian", "--security-mirror", "http://mirror.example/security")
SITE = Path(__file__).resolve().parents[3] / "examples/site.toml"
BUILT = Built(
    arch="arm64", site="camp-north-1", version="0.1.0", recipe="f" * 64, base="e" * 64, date=1_700_000_000, file="/x/north.img",
    sha256="d" * 64, sizes={"file": 3 << 20, "system": 2 << 20, "boot": 1 << 20}, seconds={"a": 1.5, "b": 2.0}, reused=("base",),
    compiled=False, packages=(Archive("libc6", "2.36", "arm64", "libc6_2.36_arm64.deb", 5, "a" * 64, "glibc"),),
    wheels={"click": "b" * 64}, pinned=(Pinned("click", "8", frozenset({"b" * 64}), ""),), spoken=("ar", "en"),
)  # fmt: skip


def _build(tmp_path: Path, *arguments: str, site: str | None = None) -> CampboxError:
    """The one line that a faulty call ends in. Nothing may be left in its folder."""
    file = SITE
    if site is not None:
        file = tmp_path / "site.toml"
        file.write_text(site)
    before = sorted(tmp_path.iterdir())
    argv = ["build", "--site", str(file), "--output", str(tmp_path / "x.img"), *MIRRORS, *arguments]
    answer = CliRunner(env={"XDG_CACHE_HOME": str(tmp_path / "cache")}).invoke(image, argv)
    assert isinstance(answer.exception, CampboxError), answer.output
    assert sorted(tmp_path.iterdir()) == before
    assert "\n" not in str(answer.exception)
    return answer.exception


def test_an_unknown_computer(tmp_path: Path) -> None:
    assert _build(tmp_path, "--arch", "mips").exit_code == 2


def test_a_device(tmp_path: Path) -> None:
    error = _build(tmp_path, "--output", "/dev/null")
    assert error.exit_code == 2 and "campbox flash" in str(error)


def test_a_mirror_that_is_none(tmp_path: Path) -> None:
    assert _build(tmp_path, "--mirror", "here").exit_code == 2


@pytest.mark.parametrize("site", ["", "[site]\nid = 5\n", "not toml"])
def test_a_site_file_with_a_fault(site: str, tmp_path: Path) -> None:
    error = _build(tmp_path, site=site)
    assert isinstance(error, ConfigError) and "site.toml" in str(error)


def test_invented_content_stays_in_the_demo(tmp_path: Path) -> None:
    text = SITE.read_text("utf-8").replace("sample = false", "sample = true")
    assert "outside the demo" in str(_build(tmp_path, site=text))


def test_a_public_name_needs_a_certificate_which_an_image_does_not_bring(tmp_path: Path) -> None:
    error = _build(tmp_path, site=SITE.read_text("utf-8").replace("# api_name", "api_name"))
    assert isinstance(error, ConfigError) and "certificate" in str(error) and "remove api_name" in str(error)


def test_a_missing_site_file(tmp_path: Path) -> None:
    answer = CliRunner().invoke(image, ["build", "--site", str(tmp_path / "none"), "--output", str(tmp_path / "x")])
    assert isinstance(answer.exception, ConfigError) and answer.exception.exit_code == 2


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path, needed: int) -> None:
        raise NotSo("0 MiB are free", where=str(folder), mend="make room")

    monkeypatch.setattr(deeds.disk, "check_room", full)
    assert _build(tmp_path).exit_code == 1


def test_sub_commands_of_other_parts_are_found_or_missing_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "build" in image.list_commands(click.Context(image))
    monkeypatch.setitem(
        __import__("provisioning.image.commands", fromlist=["x"])._ELSEWHERE, "later", "provisioning.image.later:later"
    )
    assert image.get_command(click.Context(image), "later") is None
    assert "later" not in image.list_commands(click.Context(image))


@pytest.mark.parametrize(
    ("value", "place"),
    [("/c", "/c/campbox/image"), ("relative", "/home/x/.cache/campbox/image"), ("", "/home/x/.cache/campbox/image")],
)
def test_the_cache_is_where_caches_are(value: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", "/home/x")
    assert str(cache_folder()) == place


# --- the report


def test_the_report_names_everything_with_its_hash() -> None:
    told = json.loads(json.dumps(BUILT.as_json()))
    assert told["packages"] == [
        {"name": "libc6", "version": "2.36", "architecture": "arm64", "source": "glibc", "sha256": "a" * 64}
    ]  # fmt: skip
    assert told["libraries"] == [{"name": "click", "version": "8", "sha256": "b" * 64}]
    assert told["voices"] == ["ar", "en"]
    assert told["seconds"] == {"a": 1.5, "b": 2.0, "all": 3.5} and told["built"] == "2023-11-14T22:13:20Z"
    assert {"sizes", "recipe", "sha256", "reused", "arch", "site", "campbox"} <= told.keys()


def test_a_person_reads_size_time_and_what_is_not_as_it_should() -> None:
    words = "\n".join(BUILT.words())
    assert "/x/north.img: 3 MiB" in words and "4 s, base from the cache" in words and "not compiled" in words


@pytest.mark.parametrize(("spoken", "said"), [(("ar", "en"), "page aloud in ar en"), ((), "no machine reads a page aloud")])
def test_a_person_reads_which_languages_are_read_aloud_or_that_none_is(spoken: tuple[str, ...], said: str) -> None:
    assert sum(said in line for line in dataclasses.replace(BUILT, spoken=spoken).words()) == 1


def test_the_image_says_what_it_is() -> None:
    told = manifest(arch="arm64", version="0.1.0", recipe="r", site="s", date=0, system={"size": 1, "sha256": "x"})
    assert told == {
        "format": 1, "campbox": "0.1.0", "arch": "arm64", "recipe": "r", "site": "s", "built": "1970-01-01T00:00:00Z",
        "system": {"size": 1, "sha256": "x"},
    }  # fmt: skip
    assert iso(1_700_000_000) == "2023-11-14T22:13:20Z"


def test_every_step_is_timed_also_one_that_fails() -> None:
    with Steps() as steps:
        with steps.step("one") as step:
            step.at(1, 2, "x")
            step.say("y")
        with pytest.raises(NotSo), steps.step("two"):
            raise NotSo("no")
    assert list(steps.seconds) == ["one", "two"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["E: no line", "I: removing"], "E: no line"),
        (["dpkg: error processing package x", "E: mmdebstrap failed to run"], "dpkg: error processing package x"),
        (
            ["dpkg: error processing package x", "more", "E: Sub-process failed", "E: setup failed: E: apt-get"],
            "dpkg: error processing package x",
        ),
        (["one", "two", ""], "two"),
        ([], "exit 4"),
    ],
)
def test_a_failed_programs_last_words_are_its_error(lines: list[str], words: str) -> None:
    assert last_words(lines, 4) == words
