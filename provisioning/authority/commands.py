"""W ``campbox enrol``: tickets for new boxes, at the hub."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import click

from appliance.config_commands import load
from appliance.errors import BadInput, ConfigError, Refused
from appliance.files import write_json
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.values import BoxId
from provisioning.authority import certificates, desk
from provisioning.authority.store import Store
from provisioning.enrolment import day
from provisioning.identity import parse_host, parse_port

CODE = Path(__file__).resolve().parents[2]
_ROOT = click.option("--hub-root", type=click.Path(path_type=Path), help="Where the hub's files are; else the system's places.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(epilog="Example: campbox enrol ticket --site north.toml --output identity.json")
def enrol() -> None:
    """Tickets with which new boxes enrol at this hub."""


@enrol.command(epilog="Example: campbox enrol ticket --site north.toml --box north-2 --output identity.json")
@click.option("--site", required=True, help="A site file, or the site's id.")
@click.option("--box", help="The box id; else the site's id.")
@click.option("--host", help="The hub's name as boxes reach it; else from the site file or the hub's own configuration.")
@click.option("--port", type=int, help="The hub's HTTPS port; else from the hub's own configuration.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The identity file to write.")
@_ROOT
@_JSON
def ticket(
    site: str, box: str | None, host: str | None, port: int | None, output: Path, hub_root: Path | None, as_json: bool
) -> None:
    """Make a single-use ticket, good for 14 days, and write the identity file that goes onto the box's card."""
    layout = _layout(hub_root)
    hub = _hub(layout)
    site_id, site_host, site_pin = _site(site)
    where = host or site_host or (hub.host if hub else None)
    if where is None:
        raise BadInput("the hub's name is not known", mend="give it with --host, or as [hub] host in the site file")
    pin = certificates.pin(certificates.authority_pem(layout))
    if site_pin not in (None, pin):
        raise Refused("the pin in the site file is not this hub's", where=site, mend=f'write ca = "{pin}" or remove it')
    chosen_port = parse_port(port if port is not None else hub.https_port if hub else 443)
    identity = desk.make_ticket(
        layout, box=BoxId(box or str(site_id)), site=site_id, host=parse_host(where), port=chosen_port, now=time.time()
    )
    write_json(output, identity, 0o600)
    if as_json:
        shown = {name: value for name, value in identity.items() if name != "token"}
        click.echo(json.dumps({**shown, "days": 14, "output": str(output)}))
        return
    click.echo(f"{output}: box {identity['box']} may enrol once within 14 days at {where}:{chosen_port}; keep the file secret")


@enrol.command("list", epilog="Example: campbox enrol list --json")
@_ROOT
@_JSON
def list_(hub_root: Path | None, as_json: bool) -> None:
    """Show every ticket and what became of it, and the alarms."""
    store = Store(_layout(hub_root))
    tickets, alarms = store.enrolments(time.time()), store.alarms()
    if as_json:
        rows = {"enrolments": [dataclasses.asdict(t) for t in tickets], "alarms": [dataclasses.asdict(a) for a in alarms]}
        click.echo(json.dumps(rows))
        return
    for one in tickets:
        click.echo(f"{one.box:32} {one.state:11} made {day(one.issued)}, good until {day(one.expires)}")
    for alarm in alarms:
        click.echo(f"ALARM {alarm.box}: {alarm.kind}, {alarm.times} times, last {day(alarm.last)}")


def _layout(hub_root: Path | None) -> Layout:
    return Layout.system(CODE) if hub_root is None else Layout.under(hub_root, CODE)


def _hub(layout: Layout) -> HubConfig | None:
    try:
        return parse_hub(layout.hub_config_file.read_text("utf-8"), str(layout.hub_config_file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=str(layout.hub_config_file), mend="run as root") from error


def _site(site: str) -> tuple[BoxId, str | None, str | None]:
    """Site id, hub name and pin, from a site file or an id."""
    if not site.endswith(".toml"):
        return BoxId(site), None, None
    config = load(Path(site))
    return config.site.id, config.hub.host if config.hub else None, config.hub.ca if config.hub else None
