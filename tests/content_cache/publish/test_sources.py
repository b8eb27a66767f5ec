"""What people name on the command line is found out, read within bounds, and imported with a whole report."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.errors import BadInput, CampboxError
from appliance.layout import Layout
from content_cache import snapshot
from content_cache.needs import stable_id
from content_cache.publish import publisher, source_files, sources, spreadsheet
from content_cache.publish.commands import catalogue
from content_cache.publish.importers import tables, template_columns
from content_cache.publish.publisher import Place
from content_cache.publish.sources import Site, Wanted, parse
from tests.content_cache.data import PROJECT, as_file, feature, real

SERVICE = stable_id("service", 1)
SERVICES = f"id,name,status\n{SERVICE},Clinic,active\n".encode()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(catalogue, [str(one) for one in arguments])


def zipped(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("facilities.csv", Wanted("camp", "", "facilities.csv", "", {})),
        ("global:https://a.example/hsds", Wanted("global", "hsds-api", "https://a.example/hsds", "", {})),
        ("http://a.example:8080/hsds", Wanted("camp", "hsds-api", "http://a.example:8080/hsds", "", {})),
        ("local:template=x.csv#ngo", Wanted("local", "template", "x.csv", "ngo", {})),
        ("country:en=a.json,ar=b.json", Wanted("country", "services-advisor", "", "", {"en": "a.json", "ar": "b.json"})),
        ("folder/a=b.csv", Wanted("camp", "", "folder/a=b.csv", "", {})),
    ],
)
def test_a_source_is_taken_apart(argument: str, wanted: Wanted) -> None:
    assert parse(argument) == wanted


@pytest.mark.parametrize("argument", ["", "camp:", "en=a.json,en=b.json", "en=a.json,b.json", "#name"])
def test_a_source_that_says_nothing_is_named(argument: str) -> None:
    with pytest.raises(BadInput):
        parse(argument)


def load(path: Path, kind: str = "", **more: bytes) -> sources.Loaded:
    for name, content in more.items():
        path.parent.joinpath(name).write_bytes(content)
    return sources.load(Wanted("camp", kind, str(path), "", {}), Site("camp-1", "JO", "en", path.parent / "memory"))


FACILITIES = b"OBJECTID_1,TYPE,NAME_EN\n1,Health,Clinic\n"
TEMPLATE = b"key,organisation,name,hours\n1,Aid,Clinic,24/7\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", FACILITIES), ("b.csv", TEMPLATE), ("services.json", as_file(feature())),
        ("c.geojson", b'{"features": [{"properties": {"OBJECTID_1": 1, "TYPE": "Health", "NAME_EN": "A"}}]}'),
        ("d.json", b'{"id": "5", "name": "Clinic", "status": "active"}'),
        ("e.json", b'{"services.csv": [{"id": 5, "name": "Clinic"}]}'),
        ("f.zip", zipped(**{"folder/services.csv": SERVICES, "__MACOSX/folder/services.csv": b"x", "../../notes.txt": b"x"})),
    ],
)  # fmt: skip
def test_what_a_file_is_its_content_tells(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    imported = load(tmp_path / name).source.imported
    assert imported.report.agrees() and sum(one.entity == "service" for one in imported.records) == 1


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"colour\nred\n", "nothing tells what it is"), ("a.json", b"{", "not JSON"),
        ("a.zip", b"PK\x03\x04", "not a zip"),
        ("a.zip", zipped(**{"a/services.csv": SERVICES, "b/services.csv": SERVICES}), "two files services.csv"),
        ("a.zip", zipped(**{f"{n}.csv": b"x" for n in range(201)}), "more than 200 tables"),
        ("a.xlsx", b"no", "not an XLSX workbook"), ("none.csv", None, "cannot read it"), ("a.json", b"[" * 100_000, "not JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=problem):
        load(tmp_path / name)


def test_an_archive_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "LARGEST", 100_000)
    (tmp_path / "a.zip").write_bytes(zipped(**{"services.csv": b"\x00" * 5_000_000}))
    with pytest.raises(BadInput, match="unpacks to too much"):
        load(tmp_path / "a.zip")


# --- workbooks


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv"])
def test_the_empty_table_can_be_filled_in_and_imported(tmp_path: Path, name: str) -> None:
    done = run("template", tmp_path / name, "--language", "ar", "--language", "fa-AF")
    assert done.exit_code == 0 and f"{len(template_columns.headings(['ar', 'fa-AF']))} columns" in done.output
    assert "example row" in str(load(tmp_path / name).source.imported.report.entries[0].why)


def test_a_filled_in_workbook_says_what_was_typed(tmp_path: Path) -> None:
    import datetime

    import openpyxl

    (tmp_path / "t.xlsx").write_bytes(spreadsheet.write(["ar"]))
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["Services", "Help"]
    row = {
        "key": 7,
        "organisation": "Aid",
        "name": "Clinic",
        "name [ar]": "عيادة",
        "phones": 999555,
        "valid from": datetime.datetime(2026, 1, 2),
    }
    for place, heading in enumerate(template_columns.headings(["ar"]), 1):
        book["Services"].cell(row=3, column=place, value=row.get(heading))
    book.save(tmp_path / "t.xlsx")
    rows = tables.rows(spreadsheet.read((tmp_path / "t.xlsx").read_bytes(), "t.xlsx"), "t.xlsx")
    assert rows[1] == {
        "key": "7", "organisation": "Aid", "name": "Clinic", "name [ar]": "عيادة", "phones": "999555", "valid from": "2026-01-02",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x05\x06" + b"\0" * 18,
     zipped(**{"x.xml": b"<a/>"}), zipped(**{"[Content_Types].xml": b"<a", "xl/workbook.xml": b""}),
     zipped(**{"[Content_Types].xml": b'<!DOCTYPE a [<!ENTITY b "bb">]><a/>'})],
)  # fmt: skip
def test_no_workbook_breaks_it(content: bytes) -> None:
    with pytest.raises(BadInput):
        spreadsheet.read(content, "x.xlsx")


def test_a_workbook_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "LARGEST_UNPACKED", 1_000)
    with pytest.raises(BadInput, match="unpacks to too much"):
        spreadsheet.read(zipped(**{"x.xml": b" " * 50_000}), "x.xlsx")


# --- the command


def test_layers_are_published_and_their_provenance_kept(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_text(json.dumps({"id": SERVICE, "name": "Clinic", "status": "active", "alert": "A"}))
    (tmp_path / "camp.csv").write_text(f"key,alert\n{SERVICE},Closed today\n")
    hub = ("--site", "camp-1", "--hub-root", tmp_path / "hub")
    done = run("import", f"local:{tmp_path}/camp.csv", f"global:{tmp_path}/base.json", *hub)
    assert done.exit_code == 0, done.output
    assert "local: camp.csv: 1 records = 0 kept + 1 merged" in done.output
    assert "'Closed today' of local: camp.csv stands, 'A' of global: base.json does not" in done.output
    layout = Layout.under(tmp_path / "hub", PROJECT)
    kept = json.loads((Place.of(layout).folder / "provenance.json").read_text())
    assert kept[f"service {SERVICE}"] == {"": "global: base.json", "alert": "local: camp.csv"}
    published = snapshot.read(publisher.read_current(layout))
    assert [one.values["alert"] for one in published.records if one.entity == "service"] == ["Closed today"]
    (said,) = [one for one in published.records if one.entity == "metadata"]
    run("import", f"local:{tmp_path}/camp.csv", f"global:{tmp_path}/base.json", *hub)
    again = snapshot.read(publisher.read_current(layout))
    assert said in again.records


def test_a_check_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(FACILITIES)
    done = run("import", tmp_path / "a.csv", "--site", "camp-1", "--hub-root", tmp_path, "--check", "--report", tmp_path / "r.json")
    assert done.exit_code == 0 and "checked, nothing published: 1 services" in done.output
    assert json.loads((tmp_path / "r.json").read_text())["agrees"] is True
    assert publisher.current(Layout.under(tmp_path, PROJECT)) is None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["import", "x.csv", "--site", "camp-1", "--language", "English"], "is not a language"),
        (["import", "x.csv", "--format", "sample", "--site", "camp-1"], "comes with the project"),
        (["import", "--site", "camp-1"], "no file to import"), (["template", "x.pdf"], "neither .xlsx nor .csv"),
        (["template", "x.csv", "--language", "Arabic"], "is not a language"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(arguments: list[str], problem: str) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, CampboxError) and problem in str(done.exception) and done.exception.exit_code == 2


def test_all_the_real_data_in_one_catalogue(tmp_path: Path) -> None:
    jordan = real("jordan", "services.json").parent
    arguments = [
        f"country:en={jordan}/services.json,ar={jordan}/services_ar.json", f"camp:{real('zaatari', 'facilities.csv')}",
        f"camp:{real('zaatari', 'facilities.geojson')}", f"global:{real('hsds', 'examples', 'csv')}",
        f"global:{real('hsds', 'examples', 'service_full.json')}",
    ]  # fmt: skip
    done = run("import", *arguments, "--site", "zaatari", "--hub-root", tmp_path, "--check", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["agrees"] and sum(told["read"].values()) == len(told["entries"]) == 562 * 2 + 208 * 2 + 24 + 58
    assert all(one["why"] for one in told["entries"] if one["outcome"] != "kept")
    reasons = {one["reason"]: one["count"] for one in told["reasons"]}
    assert reasons["languages disagree on intake criteria"] == 207 and reasons["languages disagree on the name"] == 20
