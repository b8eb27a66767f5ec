"""W ``campbox bench``: measure, show the figures beside the budgets of the house plan."""

from __future__ import annotations

import json
from pathlib import Path

import click

from appliance.files import write_atomically
from provisioning.bench import content, fairness, machine, portal, report

BENCHES = {"portal": portal.measure, "content": content.measure, "fairness": fairness.measure}


@click.command(epilog="Example: campbox bench portal --json portal.json")
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report there, too.")
@click.option("--seconds", default=5, show_default=True, help="Length of each load.")
def bench(name: str, json_file: Path | None, seconds: int) -> None:
    """Measure NAME on this machine. Exit 0 when everything was measured, met or not."""
    here = machine.facts()
    click.echo(", ".join(f"{key} {value}" for key, value in here.items()))
    results = BENCHES[name](seconds, lambda line: click.echo(line, err=True))
    click.echo(report.table(results))
    if json_file is not None:
        write_atomically(json_file, json.dumps(report.as_json(here, results), indent=1) + "\n")
