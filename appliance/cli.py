"""W The command line: sub-commands are found by the entry-point group ``campbox.commands``."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import entry_points
from typing import NoReturn

import click

from appliance.errors import CampboxError, MissingComponent

_OURS = {"appliance", "captive_portal", "content_cache", "telemetry", "provisioning"}


class _Found(click.Group):
    """Loads a sub-command only when it is asked for; ``--help`` names those too whose libraries are not here yet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(entry.name for entry in entry_points(group="campbox.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None. Raises MissingComponent when a library it needs is not installed."""
        for entry in entry_points(group="campbox.commands", name=cmd_name):
            try:
                command: click.Command = entry.load()
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] in _OURS:
                    raise
                mend = f"start it as ./campbox {cmd_name}: that installs what is missing"
                raise MissingComponent(f"the Python library {error.name} is not here", where=cmd_name, mend=mend) from error
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)])

    def _short_help(self, ctx: click.Context, name: str) -> str:
        try:
            command = self.get_command(ctx, name)
        except MissingComponent:
            return "(its libraries are installed when it first runs)"
        return command.get_short_help_str(90) if command else ""


@click.group(cls=_Found, epilog="Example: ./campbox demo --phones 12 --check")
@click.version_option(package_name="campbox")
def campbox() -> None:
    """A hotspot for a camp: captive portal, service catalogue, fair sharing, telemetry, provisioning."""


def main() -> NoReturn:
    """Run and exit: an error becomes one line and the exit code of the contract, Ctrl-C becomes 130.

    ``CAMPBOX_TRACEBACK=1`` lets a fault of Campbox itself show where it happened.
    """
    # A shell starts what it puts into the background with Ctrl-C ignored; whoever sends the signal still means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = campbox.main(prog_name="campbox", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _stop(f"{error.format_message()}; --help shows an example", 2)
    except CampboxError as error:
        _stop(str(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as in "campbox ... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("CAMPBOX_TRACEBACK"):
            raise
        _stop(f"a fault in Campbox itself: {type(error).__name__}: {error}; CAMPBOX_TRACEBACK=1 shows where, please report it", 1)
    # ctx.exit(n) comes back as n, everything else means done.
    sys.exit(answer if isinstance(answer, int) else 0)


def _stop(line: str, code: int) -> NoReturn:
    click.echo(f"campbox: {' '.join(line.split())}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
