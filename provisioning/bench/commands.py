"""W ``campbox bench``: measure, show the figures beside the budgets of the house plan."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import click

from appliance import progress
from appliance.files import write_atomically
from provisioning.bench import content, fairness, machine, paper, plot, portal, report
from provisioning.lab import netns, places

BENCHES = {"portal": portal.measure, "content": content.measure, "fairness": fairness.measure}


@click.command(epilog="Example: campbox bench portal --json portal.json --docs docs/benchmarks")
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report there, too.")
@click.option("--docs", type=click.Path(path_type=Path, file_okay=False), help="Renew the page, plot and JSON of NAME there.")
@click.option("--seconds", default=5, show_default=True, help="Length of each load.")
def bench(name: str, json_file: Path | None, docs: Path | None, seconds: int) -> None:
    """Measure NAME on this machine. Exit 0 when everything was measured, met or not."""
    if left := netns.sweep():
        click.echo(f"cleared away what a killed run left: {', '.join(left)}", err=True)
        places.await_end()
    here = machine.facts()
    click.echo(", ".join(f"{key} {value}" for key, value in here.items()))
    results = BENCHES[name](seconds, progress.lines)
    click.echo(report.table(results))
    as_json = json.dumps(report.as_json(here, results), indent=1) + "\n"
    if json_file is not None:
        write_atomically(json_file, as_json)
    if docs is not None:
        _write_paper(docs, name, here, results, as_json)


def _write_paper(folder: Path, name: str, here: dict[str, str | int], results: list[report.Result], as_json: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / f"{name}.md"
    old = text.read_text(encoding="utf-8") if text.exists() else ""
    part = paper.measured(name, here, datetime.date.today().isoformat(), results)
    write_atomically(folder / f"{name}.json", as_json)
    write_atomically(folder / f"{name}.svg", plot.plot(f"campbox bench {name}: how much of each budget is used", results))
    write_atomically(text, paper.page(name, old, part))
