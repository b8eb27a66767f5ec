"""W ``campbox catalogue import`` and ``template``: what NGOs and agencies have becomes a signed catalogue, record by record."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from appliance import clock, progress
from appliance.errors import BadInput
from appliance.files import write_atomically, write_json
from appliance.layout import Layout
from appliance.values import BoxId
from content_cache import snapshot
from content_cache.publish import publisher, sources
from content_cache.publish.command_options import as_json, hub_root, layout_of
from content_cache.publish.importers import licences, template_columns
from content_cache.publish.importers.layers import merge
from content_cache.publish.importers.report import Imported, Report
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import Place
from content_cache.publish.signing import Published
from content_cache.publish.sources import USUAL_LAYER, Loaded, Site, Wanted

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z")
SHOWN = 20
"""Refused records and conflicts printed; all of them are in the JSON."""


@click.command(
    "import",
    epilog="Example: campbox catalogue import country:en=services.json,ar=services_ar.json camp:facilities.csv"
    " local:clinics.xlsx global:https://example.org/hsds --site zaatari",
)
@click.argument("named", metavar="[SOURCE]...", nargs=-1)
@click.option("--format", "kind", type=click.Choice(["services-advisor", "sample"]), help="With --file, or the invented sample.")
@click.option("--file", "files", multiple=True, metavar="TAG=PATH", help="One file a language, for example en=services.json.")
@click.option("--site", required=True, help="The site it is for: a-z, 0-9 and -.")
@click.option("--timezone", default="Asia/Amman", show_default=True, help="IANA time zone of the opening hours.")
@click.option("--country", default="JO", show_default=True, help="ISO 3166 country of the addresses.")
@click.option("--language", default="en", show_default=True, help="Language that HSDS sources and tables are written in.")
@click.option("--licence", help="Licence of the catalogue, in place of what its sources say: CC BY 4.0.")
@click.option("--check", is_flag=True, help="Read and report; publish nothing.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the whole report to a file.")
@hub_root
@as_json
def import_(
    named: tuple[str, ...], kind: str | None, files: tuple[str, ...], site: str, timezone: str, country: str, language: str,
    licence: str | None, check: bool, report_file: Path | None, hub_root: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Import sources, publish them signed, and say what became of every record.

    A SOURCE is [LAYER:][KIND=]WHERE[#NAME]. WHERE is a file, a folder or zip of HSDS tables, or the address of an HSDS API;
    files of one source in several languages are written en=FILE,ar=FILE. LAYER is global, country, camp (the usual) or local:
    a later one's word on a field stands. KIND is found out where it is not written.
    """
    layout, name = layout_of(hub_root), BoxId(site).text
    if timezone not in zoneinfo.available_timezones():
        raise BadInput(f"{timezone!r} is not a time zone", mend='use an IANA name, for example "Asia/Amman"')
    if not _TAG.match(language):
        raise BadInput(f"{language!r} is not a language", mend="use a BCP 47 code, for example en or fa-AF")
    loaded = list[Loaded]()
    if kind == "sample":
        if files or named:
            raise BadInput("the sample comes with the project", mend="leave out --file and sources")
        imported = import_sample(publisher.SAMPLE.read_bytes())
    else:
        wanted = [sources.parse(one) for one in named]
        if files:
            wanted.append(Wanted(USUAL_LAYER, "services-advisor", "", "", sources.files_by_language(files)))
        if not wanted:
            raise BadInput("no file to import", mend="add a SOURCE, or --file en=services.json")
        here = Site(name, country, language, Place.of(layout).folder / "sources")
        with progress.line() as say:
            loaded = list(_loaded(wanted, here, say))
            say("merging")
            imported = merge([one.source for one in loaded], today=_today(), earlier=_earlier(layout))
    if licence:
        imported = dataclasses.replace(imported, licence=licences.tidy(licence))
    if report_file:
        write_json(report_file, imported.report.as_json())
    done = None if check else _publish(layout, imported, name, timezone)
    if done:
        _remember(layout, imported, loaded)
    _tell(imported, done, as_json)


def _loaded(wanted: list[Wanted], here: Site, say: progress.Say) -> Iterator[Loaded]:
    for n, one in enumerate(wanted, 1):
        say(f"reading source {n} of {len(wanted)}")
        yield sources.load(one, here)


def _publish(layout: Layout, imported: Imported, site: str, timezone: str) -> Published | None:
    with progress.line() as say:
        say("signing and publishing")
        return publisher.publish(layout, imported, site=site, timezone=timezone)


def _today() -> str:
    return datetime.datetime.fromtimestamp(clock.now().wall, datetime.UTC).date().isoformat()


def _earlier(layout: Layout) -> dict[str, str]:
    """When the overrides that are published now were made."""
    if publisher.current(layout) is None:
        return {}
    published = snapshot.read(publisher.read_current(layout))
    return {one.id: str(one.values["last_action_date"]) for one in published.records if one.entity == "metadata"}


def _remember(layout: Layout, imported: Imported, loaded: list[Loaded]) -> None:
    """Where each field comes from, and what APIs had: kept at the hub, not sent to boxes."""
    if imported.provenance:
        write_json(Place.of(layout).folder / "provenance.json", imported.provenance, 0o640)
    for one in loaded:
        if one.remember:
            one.remember[0].parent.mkdir(exist_ok=True)
            write_json(*one.remember, 0o640)
    publisher.give_to_hub(layout)


def _tell(imported: Imported, done: Published | None, as_json: bool) -> None:
    report = imported.report
    if as_json:
        told: dict[str, Any] = {"published": {"name": done.name, **done.custom} if done else None, **report.as_json()}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for file, sums in report.sums().items():
        click.echo(f"{file}: {report.read[file]} records = " + " + ".join(f"{n} {outcome}" for outcome, n in sums.items()))
    for reason, count in report.reasons():
        click.echo(f"  {count:5d}  {reason}")
    _tell_refused(report)
    for one in report.conflicts[:SHOWN]:
        what = f"{one.entity} {one.id} {one.field}".strip()
        click.echo(f"  {what}: {one.kept[:80]!r} of {one.kept_from} stands, {one.left[:80]!r} of {one.left_from} does not")
    if len(report.conflicts) > SHOWN:
        click.echo(f"  and {len(report.conflicts) - SHOWN} fields more on which sources disagree: see --json")
    if done:
        languages = " ".join(imported.languages)
        click.echo(f"published {done.name}, serial {done.serial}: {done.custom['services']} services in {languages}")
    else:
        click.echo(f"checked, nothing published: {sum(one.entity == 'service' for one in imported.records)} services")


def _tell_refused(report: Report) -> None:
    """Which records, and why: in a table that somebody filled in, the row and the column to mend."""
    refused = [entry for entry in report.entries if entry.outcome == "refused"]
    for entry in refused[:SHOWN]:
        why = "; ".join(text.removeprefix("refused: ") for text in entry.why)
        said = f"{entry.file} record {entry.number} {entry.key}".rstrip() + f": {why}"
        # What a stranger wrote must not steer the terminal that shows it.
        click.echo(f"  refused: {''.join(c if c.isprintable() else '?' for c in said)[:300]}")
    if len(refused) > SHOWN:
        click.echo(f"  and {len(refused) - SHOWN} refused records more: see --json")


@click.command(epilog="Example: campbox catalogue template services.xlsx --language ar --language fa-AF")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", "tags", multiple=True, default=("ar",), show_default=True, help="One more language to write texts in.")
def template(file: Path, tags: tuple[str, ...]) -> None:
    """Write the empty table that an NGO fills in, as XLSX or CSV by the name of FILE."""
    wrong = [tag for tag in tags if not _TAG.match(tag)]
    if wrong or len(set(tags)) < len(tags):
        raise BadInput(
            f"{(wrong or list(tags))[0]!r} is not a language, or is there twice", mend="use BCP 47 codes, for example ar"
        )
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise BadInput("neither .xlsx nor .csv", where=str(file), mend="name it services.xlsx or services.csv")
    if file.suffix.lower() == ".xlsx":
        write_atomically(file, sources.spreadsheets().write(tags))
    else:
        write_atomically(file, template_columns.as_csv(tags))
    click.echo(
        f"{file}: {len(template_columns.headings(tags))} columns; import it with: campbox catalogue import {file.name} --site SITE"
    )
