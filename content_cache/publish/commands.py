"""W ``campbox catalogue``: import and publish at the hub, verify, export, and ask a box to fetch now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from appliance.errors import NotSo
from appliance.files import write_atomically
from content_cache import snapshot
from content_cache.publish import import_commands, publisher, signing_commands
from content_cache.publish.command_options import as_json, hub_root, layout_of


@click.group(epilog="Example: campbox catalogue import camp:services.xlsx --site camp-1")
def catalogue() -> None:
    """The service catalogue: template, import, publish, verify, export, sync, usb; its keys."""


catalogue.add_command(import_commands.import_)
catalogue.add_command(import_commands.template)
catalogue.add_command(signing_commands.usb)
catalogue.add_command(signing_commands.key_group, "keys")
catalogue.add_command(signing_commands.organisation)


@catalogue.command(epilog="Example: campbox catalogue verify --json")
@hub_root
@as_json
def verify(hub_root: Path | None, as_json: bool) -> None:
    """Check every signature and file of the repository, and the form and references of the snapshot."""
    layout = layout_of(hub_root)
    with publisher.opened(layout) as repository:
        files = repository.look_through()
    loaded = snapshot.read(publisher.read_current(layout))
    canonical = snapshot.write(loaded) == publisher.read_current(layout)
    if not canonical:
        raise NotSo("the published snapshot is not canonical", mend="import it again")
    facts: dict[str, Any] = {
        "site": loaded.header.site, "date": loaded.header.date, "licence": loaded.header.licence, "sample": loaded.header.sample,
        "records": len(loaded.records),
        "files": files,
        "services": loaded.count("service"), "translations": len(loaded.translations), "languages": list(loaded.header.languages),
    }  # fmt: skip
    click.echo(json.dumps(facts) if as_json else f"right: {facts['services']} services of {facts['date']}, site {facts['site']}")


@catalogue.command(epilog="Example: campbox catalogue export catalogue.jsonl")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@hub_root
def export(file: Path, hub_root: Path | None) -> None:
    """Write the published snapshot, unpacked, to FILE."""
    content = publisher.read_current(layout_of(hub_root))
    write_atomically(file, content)
    click.echo(f"{file}: {len(content)} bytes")


@catalogue.command(epilog="Example: campbox catalogue sync")
@click.option("--box-root", type=click.Path(path_type=Path, file_okay=False), help="Folder of the box; default: the system's.")
def sync(box_root: Path | None) -> None:
    """Ask the box on this machine to look for a new catalogue within a minute."""
    layout = layout_of(box_root)
    folder = layout.service_run("sync")
    if not folder.is_dir():
        raise NotSo("no box runs here", where=str(folder), mend="start it: campbox box up SITE.toml")
    write_atomically(folder / "now", "")
    click.echo("asked: the box looks within a minute")
