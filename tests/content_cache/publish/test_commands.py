"""``campbox catalogue``: what it prints and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from appliance import progress
from appliance.errors import CampboxError
from content_cache.publish.commands import catalogue
from tests.content_cache.data import as_file, feature


def run(*arguments: object) -> Result:
    return CliRunner().invoke(catalogue, [str(one) for one in arguments])


def test_an_import_publishes_and_reports(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_bytes(as_file(feature(1), feature(1), feature(2)))
    done = run(
        "import", "--format", "services-advisor", "--file", f"en={tmp_path}/en.json", "--site", "camp-1", "--hub-root", tmp_path
    )
    assert done.exit_code == 0, done.output
    assert "en: 3 records = 2 kept + 1 merged + 0 mended + 0 refused" in done.output
    assert "serial 1: 2 services in en" in done.output
    assert run("verify", "--hub-root", tmp_path).output.startswith("right: 2 services")
    assert json.loads(run("verify", "--hub-root", tmp_path, "--json").output)["services"] == 2
    assert run("export", tmp_path / "out.jsonl", "--hub-root", tmp_path).exit_code == 0
    assert (tmp_path / "out.jsonl").read_bytes().count(b'"e":"service",') == 2


def test_an_import_shows_at_a_terminal_what_it_is_doing_and_nothing_of_it_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.json").write_bytes(as_file(feature(1)))
    arguments = ("import", f"en={tmp_path}/en.json", "--site", "camp-1", "--hub-root", tmp_path)
    assert run(*arguments).stderr == ""
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=shown))
    assert run(*arguments).exit_code == 0
    assert shown.getvalue().replace("\r\033[K", "|") == "|reading source 1 of 1|merging||signing and publishing|"


def test_a_refused_row_is_named_with_its_column(tmp_path: Path) -> None:
    (tmp_path / "ngo.csv").write_text("key,organisation,name,opportunity\n1,Aid,Clinic,\n\x1b[2J2,Aid,Cook,gig\n")
    done = run("import", f"{tmp_path}/ngo.csv", "--site", "camp-1", "--hub-root", tmp_path, "--check")
    assert "  refused: ngo.csv record 2 ?[2J2: column opportunity: 'gig' is none of job" in done.output and done.exit_code == 0


def test_a_licence_goes_from_the_sources_to_what_is_signed(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_bytes(as_file(feature(1)))
    package = tmp_path / "aid"
    package.mkdir()
    (package / "services.csv").write_text("id,name,status\n1,Clinic,active\n")
    (package / "datapackage.json").write_text('{"name": "aid", "licenses": [{"name": "ODbL-1.0", "path": "https://odbl.example"}]}')
    where, two = ["--site", "camp-1", "--hub-root", tmp_path, "--json"], [f"en={tmp_path}/en.json", f"camp:{package}"]
    published = json.loads(run("import", *two, *where).output)["published"]
    assert published["licence"] == "UNHCR Jordan Services Advisor: not stated; aid: ODbL-1.0 (https://odbl.example)"
    assert json.loads(run("import", *two, *where, "--licence", " CC  BY 4.0").output)["published"]["licence"] == "CC BY 4.0"
    assert json.loads(run("import", two[0], *where).output)["published"]["licence"] == ""
    assert json.loads(run("verify", "--hub-root", tmp_path, "--json").output)["licence"] == ""


def test_the_sample_is_imported_as_json(tmp_path: Path) -> None:
    done = run("import", "--format", "sample", "--site", "demo", "--hub-root", tmp_path, "--json")
    told = json.loads(done.output)
    assert told["published"]["sample"] is True and told["published"]["services"] >= 60 and told["agrees"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--format", "services-advisor", "--site", "camp-1"], "no file to import"),
        (["--format", "services-advisor", "--site", "camp-1", "--file", "en.json"], "is not TAG=PATH"),
        (["--format", "services-advisor", "--site", "camp-1", "--file", "en=/nowhere/x"], "cannot read it"),
        (["--format", "sample", "--site", "Camp One"], "is not a box id"),
        (["--format", "sample", "--site", "demo", "--timezone", "Mars/Base"], "is not a time zone"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, arguments: list[str], problem: str) -> None:
    done = run("import", *arguments, "--hub-root", tmp_path)
    assert isinstance(done.exception, CampboxError) and problem in str(done.exception) and done.exception.exit_code == 2


def test_nothing_published_is_said(tmp_path: Path) -> None:
    done = run("verify", "--hub-root", tmp_path)
    assert isinstance(done.exception, CampboxError) and done.exception.exit_code == 1


def test_a_box_is_asked_to_sync(tmp_path: Path) -> None:
    (tmp_path / "run" / "sync").mkdir(parents=True)
    assert run("sync", "--box-root", tmp_path).exit_code == 0 and (tmp_path / "run" / "sync" / "now").exists()
    assert isinstance(run("sync", "--box-root", tmp_path / "none").exception, CampboxError)


def test_an_organisation_signs_for_itself_from_key_to_publication(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_bytes(as_file(feature(1), feature(2)))
    run("import", "--format", "services-advisor", "--file", f"en={tmp_path}/en.json", "--site", "camp-1", "--hub-root", tmp_path)
    run("export", tmp_path / "out.jsonl", "--hub-root", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    own = next(line["id"] for line in lines if line.get("e") == "organization")
    service = next(line for line in lines if line.get("e") == "service")
    (tmp_path / "own.jsonl").write_text(json.dumps({**service, "alert": "Closed today"}) + "\n")
    ours, handed, hub = tmp_path / "ours", tmp_path / "handed", ("--hub-root", tmp_path)
    for arguments in (
        ("organisation", "key", ours), ("organisation", "allow", own, ours / "public.pem", *hub),
        ("organisation", "sign", own, tmp_path / "own.jsonl", "--key", ours / "private.pem", "--to", handed),
        ("organisation", "accept", own, handed, *hub), ("verify", *hub), ("organisation", "withdraw", own, *hub),
    ):  # fmt: skip
        done = run(*arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
    assert isinstance(run("organisation", "accept", own, handed, *hub).exception, CampboxError)


def test_root_keys_are_put_away_and_a_key_is_replaced(tmp_path: Path) -> None:
    hub, drawer = ("--hub-root", tmp_path), tmp_path / "drawer"
    run("import", "--format", "sample", "--site", "demo", *hub)
    assert run("keys", "offline", drawer, *hub).exit_code == 0
    assert [row["here"] for row in json.loads(run("keys", "show", "--json", *hub).output)] == [True, False, False, True, True, True]
    assert "2 of root must sign, 1 can" in str(run("keys", "rotate", "targets", *hub).exception)
    done = run("keys", "rotate", "targets", "--drawer", drawer, *hub)
    assert done.exit_code == 0 and "new key" in done.output, done.exception
    assert run("keys", "renew", "--drawer", drawer, *hub).output == "root version 3\n"
    assert run("verify", *hub).output.startswith("right: ")
