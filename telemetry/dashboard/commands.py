"""W ``campbox hub``: run a hub on this machine."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import socket
import ssl
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import click

from appliance import progress
from appliance.errors import BadInput, ConfigError, NotSo
from appliance.files import write_atomically
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.leftovers import end, only_one
from appliance.log import start_logging
from appliance.prepare import write_configuration
from appliance.services import services
from appliance.supervisor import Supervisor
from telemetry.dashboard import admin, people

CODE = Path(__file__).resolve().parents[2]


@click.group(epilog="Example: campbox hub up --config hub.toml")
def hub() -> None:
    """Run the hub: broker, store, dashboard, enrolment, catalogue."""


@hub.command(epilog="Example: campbox hub up --config hub.toml --root /srv/campbox")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="The hub's configuration; else the one in place.")
@click.option("--root", type=click.Path(path_type=Path), help="Keep every file below this folder; else the system's places.")
def up(config_file: Path | None, root: Path | None) -> None:
    """Start every service of a hub and keep them running until Ctrl-C or SIGTERM.

    The first start makes the authority, the signing keys and the operator's account, and prints its password once; set
    CAMPBOX_HUB_PASSWORD to choose it.
    """
    start_logging(logging.WARNING)
    layout = _layout(root)
    text, config = _read(config_file or layout.hub_config_file)
    _check_machine(config)
    with only_one(layout):
        for name in end(layout):
            click.echo(f"ended {name}, left by a start that was killed", err=True)
        _check_ports(config)
        with progress.line() as say:
            say("preparing keys, accounts and store")
            supervisor, password = assemble(text, config, layout)
        _run(supervisor, lines(config, layout, password))


@hub.group(epilog="Example: campbox hub user add amal")
def user() -> None:
    """People who may log in beside the operator: two of them decide together what a camp is told."""


root_option = click.option("--root", type=click.Path(path_type=Path), help="The hub's folder; else the system's places.")


@user.command("add", epilog="Example: campbox hub user add amal")
@click.argument("name")
@root_option
def add_user(name: str, root: Path | None) -> None:
    """Make an account, or give it a new password, and print the password once (or set CAMPBOX_HUB_PASSWORD to choose it)."""
    password = people.add(_layout(root), name)
    click.echo(f"user        {name}\npassword    {password}   (shown this once)")


@user.command("remove", epilog="Example: campbox hub user remove amal")
@click.argument("name")
@root_option
def remove_user(name: str, root: Path | None) -> None:
    """Take an account away; what its person wrote stays."""
    people.remove(_layout(root), name)
    click.echo(f"{name} is gone")


@user.command("list", epilog="Example: campbox hub user list")
@root_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_users(root: Path | None, as_json: bool) -> None:
    """Name everybody who may log in."""
    names = people.names(_layout(root))
    click.echo(json.dumps({"users": names}) if as_json else "\n".join(names))


def _layout(root: Path | None) -> Layout:
    return Layout.system(CODE) if root is None else Layout.under(root.resolve(), CODE)


def assemble(text: str, config: HubConfig, layout: Layout) -> tuple[Supervisor, str | None]:
    """Prepare everything a hub needs; its supervisor, not yet started, and the operator's password if it is new."""
    supervisor = Supervisor(services("hub"), layout, python=sys.executable)
    supervisor.prepare()
    write_atomically(layout.hub_config_file, text)
    _, password = admin.ensure(layout)
    for entry in sorted(entry_points(group="campbox.hub_prepare"), key=lambda entry: entry.name):
        entry.load()(layout, config)
    write_configuration("campbox.hub_files", config, layout)
    return supervisor, password


def lines(config: HubConfig, layout: Layout, password: str | None) -> list[str]:
    """What is printed once all runs."""
    port = "" if config.https_port == 443 else f":{config.https_port}"
    told = [
        f"dashboard   https://{config.host}{port}/ and, on this machine, http://127.0.0.1:{config.plain_port}/",
        f"user        {admin.load(layout).user}",
    ]
    if password is not None:
        told.append(f"password    {password}   (shown this once)")
    return [*told, "in every site file:", "    [hub]", f'    host = "{config.host}"', f'    ca = "{_pin(layout)}"', "Ctrl-C stops"]


def _read(path: Path) -> tuple[str, HubConfig]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        mend = "copy examples/hub.toml, set its host, and give it by --config"
        raise ConfigError(f"cannot read: {error.strerror}", where=str(path), mend=mend) from error
    return text, parse_hub(text, str(path))


def _check_machine(config: HubConfig) -> None:
    """What must be so before anything is made."""
    if os.geteuid() != 0:
        raise NotSo("needs root, to give every service a user of its own", where="campbox hub up", mend="run it with sudo")
    if config.demo:
        raise BadInput("demo = true is for the demo alone", where="hub.toml", mend="remove the line")
    for folder in CODE.parents:
        if folder.stat().st_mode & 0o001 == 0:
            raise NotSo(
                "services cannot reach the program here", where=str(folder), mend="move the clone, for example to /opt/campbox"
            )


def _check_ports(config: HubConfig) -> None:
    for host, port in (("", config.https_port), ("", config.mqtt_port), ("127.0.0.1", config.plain_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                mend = "stop what uses it, or name another in hub.toml"
                raise NotSo(f"port {port}: {error.strerror}", where="campbox hub up", mend=mend) from error


def _pin(layout: Layout) -> str:
    pem = (layout.data / "hub" / "authority" / "ca.pem").read_text("ascii")
    return f"sha256:{hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()}"


def _run(supervisor: Supervisor, told: list[str]) -> None:
    """Until Ctrl-C or SIGTERM; whatever happens, nothing is left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        supervisor.start_shown()
        click.echo("\n".join(told))
        while True:
            supervisor.tick()
            time.sleep(0.1)
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        supervisor.stop()
