"""W The command line: sub-commands are found by the entry-point group ``campbox.commands``."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import click

from appliance.errors import CampboxError


class _Found(click.Group):
    """Loads a sub-command only when it is asked for, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(entry.name for entry in entry_points(group="campbox.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for entry in entry_points(group="campbox.commands", name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None


@click.group(cls=_Found, epilog="Example: ./campbox demo --phones 12 --check")
@click.version_option(package_name="campbox")
def campbox() -> None:
    """A hotspot for a camp: captive portal, service catalogue, fair sharing, telemetry, provisioning."""


def main() -> None:
    """Run; a CampboxError becomes one line and its exit code, Ctrl-C becomes 130."""
    try:
        campbox.main(prog_name="campbox", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"campbox: {error.format_message()}; --help shows an example", err=True)
        sys.exit(2)
    except CampboxError as error:
        click.echo(f"campbox: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
