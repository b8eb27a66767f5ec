"""W ``campbox test mutation [PATH ...]``: change one line of decisive code at a time, and see whether a test fails.

Each mutant costs one run of its group's fast tests in a forked process; the default sample takes some twenty minutes on two cores.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

import click

from tests.mutation import mutants, report, trial
from tests.mutation.report import Found, Group, Tried
from tests.mutation.trial import PROJECT, Trial

HERE = Path(__file__).resolve().parent
PAPER = PROJECT / "docs" / "benchmarks" / "mutation.md"
_PATIENCE, _LEAST_SECONDS = 6.0, 20.0
"""A mutant may take so many times as long as the tests without one, and never less than so many seconds."""


@click.command(epilog="Example: campbox test mutation appliance/gate --sample 40")
@click.argument("paths", nargs=-1)
@click.option("--seed", default="2026", show_default=True, help="Another seed, another sample.")
@click.option("--sample", "most", default=32, show_default=True, help="Mutants tried in each group.")
@click.option("--docs", is_flag=True, help=f"Renew {PAPER.relative_to(PROJECT)}.")
def main(paths: tuple[str, ...], seed: str, most: int, docs: bool) -> None:
    """Try the groups of tests/mutation/groups.toml that have a module below one of PATHS; without any, all of them.

    Exit 0 when enough mutants were killed in every group and each survivor has a reason in tests/mutation/survivors.toml.
    """
    known = report.reasons((HERE / "survivors.toml").read_text("utf-8"))
    chosen = [_within(group, paths) for group in report.groups((HERE / "groups.toml").read_text("utf-8"))]
    chosen = [group for group in chosen if group.modules]
    if not chosen:
        raise click.BadParameter(f"no group of tests/mutation/groups.toml has a module below {' '.join(paths)}")
    trial.preload()
    found = [_try(group, known, seed, most) for group in chosen]
    if docs:
        _write(found, known, seed)
    wanting = [one for one in found if one.share < report.LEAST or one.unexplained]
    for one in wanting:
        click.echo(f"{one.group}: {one.share:.0%} killed, {len(one.unexplained)} survivors without a reason")
    sys.exit(1 if wanting else 0)


def _within(group: Group, paths: tuple[str, ...]) -> Group:
    places = [path.rstrip("/") for path in paths]
    kept = [one for one in group.modules if not places or any(one == place or one.startswith(f"{place}/") for place in places)]
    return Group(group.name, tuple(kept), group.tests)


def _try(group: Group, known: dict[tuple[str, str, str], report.Reason], seed: str, most: int) -> Found:
    possible = [one for path in group.modules for one in mutants.mutants(path, (PROJECT / path).read_text("utf-8"))]
    chosen = mutants.sample(possible, most, f"{seed} {group.name}")
    # Twice: the first run pays for what later ones find in the page cache.
    whole = [next(iter(trial.run([Trial("", "", group.tests, 600.0)], 1))) for _ in range(2)]
    if whole[-1][1] != "survived":
        raise click.ClickException(f"the tests of {group.name} fail without any mutant: {' '.join(group.tests)}")
    seconds = whole[-1][2]
    patience = max(_LEAST_SECONDS, seconds * _PATIENCE)
    tried: list[Tried | None] = [None] * len(chosen)
    trials = [Trial(one.path, one.text, group.tests_of(one.path), patience) for one in chosen]
    for place, outcome, _ in trial.run(trials, os.cpu_count() or 1):
        one = chosen[place]
        tried[place] = Tried(one.path, one.before, one.after, outcome)
        if outcome == "survived" and one.key not in known:
            click.echo(f"  survived: {one.path}:{one.line}\n    - {one.before}\n    + {one.after}")
    found = Found(group.name, len(possible), tuple(one for one in tried if one is not None), seconds, known)
    killed = len(found.tried) - len(found.survivors)
    click.echo(f"{group.name}: {killed} of {len(found.tried)} killed, {found.equivalent} equivalent ({found.share:.0%})")
    return found


def _write(found: list[Found], known: dict[tuple[str, str, str], report.Reason], seed: str) -> None:
    beside = PAPER.with_suffix(".json")
    rows = report.from_json(json.loads(beside.read_text("utf-8")), known) if beside.exists() else []
    by_name = {one.group: one for one in [*rows, *found]}
    names = [group.name for group in report.groups((HERE / "groups.toml").read_text("utf-8"))]
    whole = [by_name[name] for name in names if name in by_name]
    beside.write_text(json.dumps(report.as_json(whole), indent=1, ensure_ascii=False) + "\n", "utf-8")
    machine = f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} processors"
    PAPER.write_text(report.page(whole, machine, seed), "utf-8")


if __name__ == "__main__":
    main()
