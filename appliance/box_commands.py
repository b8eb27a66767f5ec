"""W ``campbox box``: run a box on this machine, look at it, install it."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from appliance import box as deeds
from appliance import leftovers
from appliance.box_status import explain_words, look, words
from appliance.config import SiteConfig
from appliance.config_commands import load, warn
from appliance.errors import ConfigError, NotSo
from appliance.files import read_json, write_json
from appliance.gate import client
from appliance.install import install as put_units
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.supervisor import Supervisor
from appliance.values import parse_ip

log = logging.getLogger("box")
_ROOT = click.option("--root", type=click.Path(path_type=Path), help="Keep every file below this folder; else the system's places.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_SITE = click.argument("site_file", metavar="SITE.toml", type=click.Path(path_type=Path))
_IDENTITY = click.option("--identity", type=click.Path(path_type=Path), help="The identity file from campbox enrol ticket.")


class _More(click.Group):
    """Its own sub-commands, and those that other packages bring through the entry-point group ``campbox.box_commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(entry.name for entry in entry_points(group="campbox.box_commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found: list[click.Command] = [entry.load() for entry in entry_points(group="campbox.box_commands", name=cmd_name)]
        return found[0] if found else None


@click.group(cls=_More, epilog="Example: campbox box up site.toml")
def box() -> None:
    """Run a box on this machine's own interfaces, look at it, test it, install it."""


@box.command(epilog="Example: campbox box up site.toml --identity identity.json")
@_SITE
@_IDENTITY
@_ROOT
def up(site_file: Path, identity: Path | None, root: Path | None) -> None:
    """Check the machine, start every service, keep them running until Ctrl-C or SIGTERM."""
    start_logging(logging.WARNING)
    config, layout = load(site_file), _layout(root)
    deeds.refuse_sample(config, str(site_file))
    warn(config, site_file)
    untrusted_identity = _read_identity(identity)
    with leftovers.only_one(layout):
        for name in leftovers.end(layout):
            click.echo(f"ended {name}, left by a start that was killed", err=True)
        _preflight(config, layout, site_file)
        deeds.put_site_file(site_file.read_text("utf-8"), layout, str(site_file))
        if untrusted_identity is not None:
            write_json(layout.identity_file, untrusted_identity, 0o600)
        supervisor = deeds.assemble(config, layout)
        if config.hub is not None and not deeds.has_hub(config, layout):
            click.echo(f"no {layout.identity_file}: this box reports to nobody; make one with campbox enrol ticket", err=True)
        _run(supervisor, config)


@box.command(epilog="Example: campbox box install site.toml --to image --code /opt/campbox --python /opt/campbox/.venv/bin/python")
@_SITE
@_IDENTITY
@click.option("--to", type=click.Path(path_type=Path), help="Stage the files below this folder instead of this machine's own.")
@click.option("--code", type=click.Path(path_type=Path), default=deeds.CODE, help="Where the project stands on the target.")
@click.option("--python", type=click.Path(path_type=Path), default=sys.executable, help="The Python of its environment there.")
@_JSON
def install(site_file: Path, identity: Path | None, to: Path | None, code: Path, python: Path, as_json: bool) -> None:
    """Write systemd units, users and the site file; nothing is started before the next boot."""
    config = load(site_file)
    deeds.refuse_sample(config, str(site_file))
    warn(config, site_file)
    text = site_file.read_text("utf-8")
    written = put_units(text, config, to=to, code=code, python=python, identity=_read_identity(identity))
    if as_json:
        click.echo(json.dumps({"written": [str(path) for path in written]}))
        return
    click.echo(
        f"{len(written)} files written; they run at the next boot" + ("" if to else ", or now: systemctl start campbox.target")
    )


@box.command(epilog="Example: campbox box status --json")
@_ROOT
@_JSON
def status(root: Path | None, as_json: bool) -> None:
    """Show what runs and what it says of itself. Exit 1 when something that should run does not."""
    layout = _layout(root)
    state = look(layout, _installed_config(layout))
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False))
    else:
        click.echo("\n".join(words(state)))
    sys.exit(0 if state["whole"] else 1)


@box.command(epilog="Example: campbox box reload site.toml")
@_SITE
@_ROOT
@_JSON
def reload(site_file: Path, root: Path | None, as_json: bool) -> None:
    """Take over session, idle and after_reboot of a changed site file; nobody is cut. Exit 1 when more has changed."""
    config, layout = load(site_file), _layout(root)
    deeds.refuse_sample(config, str(site_file))
    _installed_config(layout)
    deeds.put_site_file(site_file.read_text("utf-8"), layout, str(site_file))
    answer = client.ask(layout, {"do": "reload"})
    if not answer.get("ok"):
        why = answer.get("said") or answer.get("why")
        raise NotSo(f"the gate goes on as before: {why}", where=str(layout.config_file), mend="ask as root")
    if as_json:
        click.echo(json.dumps({"now": answer["now"], "start": answer["start"]}))
    else:
        click.echo(f"new from the next tap on: {', '.join(answer['now']) or 'nothing'}")
        if answer["start"]:
            click.echo(f"new at the next start of the box: {', '.join(answer['start'])}")
    sys.exit(1 if answer["start"] else 0)


@box.command(epilog="Example: campbox box explain 10.44.3.7")
@click.argument("address")
@_ROOT
@_JSON
def explain(address: str, root: Path | None, as_json: bool) -> None:
    """Say what the box does with the device at ADDRESS and why."""
    ip = parse_ip(address)
    answer: dict[str, Any] = client.ask(_layout(root), {"do": "status", "ip": str(ip)})
    if not answer.get("ok"):
        raise NotSo(f"the gate knows nothing of it: {answer.get('why')}", where=str(ip), mend="is it the address of a device here?")
    click.echo(json.dumps(answer) if as_json else "\n".join(explain_words(str(ip), answer)))


def _layout(root: Path | None) -> Layout:
    return Layout.system(deeds.CODE) if root is None else Layout.under(root.resolve(), deeds.CODE)


def _installed_config(layout: Layout) -> SiteConfig:
    if not layout.config_file.exists():
        raise NotSo("no box was started here", where=str(layout.config_file), mend="start one: campbox box up SITE.toml")
    return load(layout.config_file)


def _read_identity(path: Path | None) -> Any:
    if path is None:
        return None
    identity = read_json(path)
    if not isinstance(identity, dict) or not {"box", "hub", "pin"} <= identity.keys():
        raise ConfigError("not an identity file", where=str(path), mend="make one at the hub: campbox enrol ticket")
    return identity


def _preflight(config: SiteConfig, layout: Layout, site_file: Path) -> None:
    """Everything that is wrong, a line each, before anything is started; the exit status is the gravest's."""
    found = deeds.preflight(config, layout, site_file)
    for warning in found.warnings:
        click.echo(f"campbox: {warning}", err=True)
    for error in found.errors:
        click.echo(f"campbox: {error}", err=True)
    if found.errors:
        sys.exit(found.errors[0].exit_code)


def _say(text: str, *, err: bool = False) -> None:
    """To whoever started the box, as long as somebody reads it and there is room: the box does not hang on that."""
    with contextlib.suppress(OSError):
        click.echo(text, err=err)


def _run(supervisor: Supervisor, config: SiteConfig) -> None:
    """Until Ctrl-C or SIGTERM; whatever happens, nothing is left running."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        supervisor.start_shown()
        _say(f"{config.site.name}: {len(supervisor.pids())} services run; people reach http://{config.access.portal_name}/")
        _say(f"on {config.lan.interface}, behind {config.uplinks[0].interface}; logs in {supervisor.layout.log}; Ctrl-C stops")
        while True:
            supervisor.tick()
            time.sleep(0.1)
    except KeyboardInterrupt:
        _say("stopping; the kernel's rules stay: who is online stays online until this machine starts again", err=True)
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()
