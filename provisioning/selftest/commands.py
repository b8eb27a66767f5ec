"""W ``campbox box selftest``: the service's own program, run now; a line a check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from appliance import facts
from appliance.box import CODE
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.run import spawn
from appliance.services import SERVICES
from appliance.supervisor import Supervisor
from provisioning.selftest.checks import CHECKS, words


@click.command(epilog="Example: campbox box selftest")
@click.option("--root", type=click.Path(path_type=Path), help="The folder of a box that was started with box up --root.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def selftest(root: Path | None, as_json: bool) -> None:
    """Look at everything once, also as a phone sees it, and say what to do next. Exit 1 when a check fails."""
    layout = Layout.system(CODE) if root is None else Layout.under(root.resolve(), CODE)
    if os.geteuid() != 0:
        raise NotSo("not root", mend="start it with sudo")
    if not layout.config_file.exists():
        raise NotSo("no box was started here", where=str(layout.config_file), mend="start one: campbox box up SITE.toml")
    _run(layout, quiet=as_json)
    found = facts.read(layout, "selftest")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        count = sum(one["ok"] is False for one in found["checks"])
        click.echo(f"{len(CHECKS)} checks in {found['seconds']} s: {f'{count} failed' if count else 'all well'}")
    sys.exit(0 if found.get("state") == "passed" else 1)


def _run(layout: Layout, *, quiet: bool) -> None:
    """As the service itself: its user, its capabilities, its folders. Prints the lines as they come."""
    service = next(row for row in SERVICES if row.name == "selftest")
    own = Supervisor([service], layout, python=sys.executable)
    command = [*own.command(service), "--now", "--lines"]
    folder = layout.service_run("selftest")
    process: subprocess.Popen[str] = spawn(
        command, env=own.environment(service), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for text in process.stdout:
            told: dict[str, Any] = json.loads(text)
            if not quiet:
                click.echo(words(told))
        said = (process.communicate()[1] or "").strip()
    except BaseException:
        process.terminate()
        process.wait(10)
        raise
    if process.returncode != 0:
        last = said.splitlines()[-1] if said else f"ended with {process.returncode}"
        raise NotSo(f"the self-test could not be made: {last}", mend="is the box started? campbox box status")
