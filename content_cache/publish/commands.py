"""W ``campbox catalogue``: import and publish at the hub, verify, export, and ask a box to fetch now."""

from __future__ import annotations

import json
import zoneinfo
from pathlib import Path
from typing import Any

import click

from appliance.errors import BadInput, NotSo
from appliance.files import write_atomically
from appliance.layout import Layout
from appliance.values import BoxId
from content_cache import snapshot
from content_cache.publish import publisher
from content_cache.publish.importers.report import Imported
from content_cache.publish.signing import Published

CODE = Path(__file__).resolve().parents[2]
hub_root = click.option(
    "--hub-root", type=click.Path(path_type=Path, file_okay=False), help="Folder of the hub; default: the system's."
)
as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def _layout(root: Path | None) -> Layout:
    return Layout.under(root.resolve(), CODE) if root else Layout.system(CODE)


@click.group(epilog="Example: campbox catalogue import --format sample --site demo")
def catalogue() -> None:
    """The service catalogue: import, publish, verify, export, sync."""


@catalogue.command(
    "import",
    epilog="Example: campbox catalogue import --format services-advisor --file en=services.json --file ar=services_ar.json"
    " --site jordan",
)
@click.option("--format", "kind", type=click.Choice(["services-advisor", "sample"]), required=True, help="What the files are.")
@click.option("--file", "files", multiple=True, metavar="TAG=PATH", help="One file a language, for example en=services.json.")
@click.option("--site", required=True, help="The site it is for: a-z, 0-9 and -.")
@click.option("--timezone", default="Asia/Amman", show_default=True, help="IANA time zone of the opening hours.")
@click.option("--country", default="JO", show_default=True, help="ISO 3166 country of the addresses.")
@hub_root
@as_json
def import_(
    kind: str, files: tuple[str, ...], site: str, timezone: str, country: str, hub_root: Path | None, as_json: bool
) -> None:
    """Import services, publish them signed, and say what became of every record."""
    layout, name = _layout(hub_root), BoxId(site).text
    if timezone not in zoneinfo.available_timezones():
        raise BadInput(f"{timezone!r} is not a time zone", mend='use an IANA name, for example "Asia/Amman"')
    if kind == "sample":
        if files:
            raise BadInput("the sample comes with the project", mend="leave out --file")
        imported, done = publisher.publish_sample(layout, site=name, timezone=timezone)
    else:
        contents = _contents(files)
        imported, done = publisher.publish_services_advisor(layout, contents, site=name, timezone=timezone, country=country)
    _tell(imported, done, as_json)


def _contents(files: tuple[str, ...]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for argument in files:
        tag, found, path = argument.partition("=")
        if not found or tag in contents:
            raise BadInput(f"{argument!r} is not TAG=PATH, or its language is there twice", mend="write --file en=services.json")
        try:
            contents[tag] = Path(path).read_bytes()
        except OSError as error:
            raise BadInput(f"cannot read it: {error.strerror}", where=path, mend="name an existing file") from error
    if not contents:
        raise BadInput("no file to import", mend="add --file en=services.json")
    return contents


def _tell(imported: Imported, done: Published, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"published": {"name": done.name, **done.custom}, **imported.report.as_json()}, ensure_ascii=False))
        return
    for file, sums in imported.report.sums().items():
        click.echo(f"{file}: {imported.report.read[file]} records = " + " + ".join(f"{n} {outcome}" for outcome, n in sums.items()))
    for reason, count in imported.report.reasons():
        click.echo(f"  {count:5d}  {reason}")
    languages = " ".join(imported.languages)
    click.echo(f"published {done.name}, serial {done.serial}: {done.custom['services']} services in {languages}")


@catalogue.command(epilog="Example: campbox catalogue verify --json")
@hub_root
@as_json
def verify(hub_root: Path | None, as_json: bool) -> None:
    """Read the published snapshot again and check hash, form and references."""
    layout = _layout(hub_root)
    loaded = snapshot.read(publisher.read_current(layout))
    canonical = snapshot.write(loaded) == publisher.read_current(layout)
    if not canonical:
        raise NotSo("the published snapshot is not canonical", mend="import it again")
    facts: dict[str, Any] = {
        "site": loaded.header.site, "date": loaded.header.date, "sample": loaded.header.sample, "records": len(loaded.records),
        "services": loaded.count("service"), "translations": len(loaded.translations), "languages": list(loaded.header.languages),
    }  # fmt: skip
    click.echo(json.dumps(facts) if as_json else f"right: {facts['services']} services of {facts['date']}, site {facts['site']}")


@catalogue.command(epilog="Example: campbox catalogue export catalogue.jsonl")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@hub_root
def export(file: Path, hub_root: Path | None) -> None:
    """Write the published snapshot, unpacked, to FILE."""
    content = publisher.read_current(_layout(hub_root))
    write_atomically(file, content)
    click.echo(f"{file}: {len(content)} bytes")


@catalogue.command(epilog="Example: campbox catalogue sync")
@click.option("--box-root", type=click.Path(path_type=Path, file_okay=False), help="Folder of the box; default: the system's.")
def sync(box_root: Path | None) -> None:
    """Ask the box on this machine to look for a new catalogue within a minute."""
    layout = _layout(box_root)
    folder = layout.service_run("sync")
    if not folder.is_dir():
        raise NotSo("no box runs here", where=str(folder), mend="start it: campbox box up SITE.toml")
    write_atomically(folder / "now", "")
    click.echo("asked: the box looks within a minute")
