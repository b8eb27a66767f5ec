"""W ``campbox image verify``: an image looked through, or two compared."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from provisioning.image.compare import all_differences
from provisioning.image.inspection import Report, inspect
from provisioning.image.opened import opened

_SHOWN = 200
"""Differences that are printed; all of them with --json."""


@click.command(epilog="Example: campbox image verify campbox.img.zst --compare another.img.zst")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--compare", type=click.Path(path_type=Path), metavar="OTHER", help="List every file that differs from this image's.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(file: Path, compare: Path | None, as_json: bool) -> None:
    """Check that FILE is a whole image and holds no secret; needs neither root nor mounts. Exit 1 when it is not so."""
    report = _look(file, listings=compare is not None)
    differing = None
    if compare is not None:
        other = _look(compare, listings=True)
        differing = all_differences(report.listings, other.listings, (report.hashes, other.hashes))
    if as_json:
        click.echo(json.dumps(_facts(report, differing)))
    else:
        _print(file, report, differing)
    sys.exit(0 if report.good and not differing else 1)


def _look(file: Path, *, listings: bool) -> Report:
    tell = _progress(file)
    with opened(file) as image:
        report = inspect(image, tell, listings=listings)
    tell("")
    return report


def _progress(file: Path) -> Callable[[str], None]:
    """One line that changes, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda what: click.echo(f"\r\033[K{file.name}: {what}" if what else "\r\033[K", err=True, nl=False)


def _facts(report: Report, differing: list[str] | None) -> dict[str, object]:
    facts = {
        "good": report.good,
        "checks": [dataclasses.asdict(check) for check in report.checks],
        "secrets": [dataclasses.asdict(finding) for finding in report.secrets],
        "manifest": report.manifest,
    }
    return facts if differing is None else {**facts, "identical": not differing, "differences": differing}


def _print(file: Path, report: Report, differing: list[str] | None) -> None:
    for check in report.checks:
        click.echo(f"{'ok  ' if check.ok else 'BAD '} {check.name:11} {check.what}")
    click.echo(f"{file}: " + ("a whole image without secrets" if report.good else "not an image to hand out: see the lines above"))
    if differing is None:
        return
    for line in differing[:_SHOWN]:
        click.echo(f"differs: {line}")
    rest = f" ({len(differing) - _SHOWN} more with --json)" if len(differing) > _SHOWN else ""
    click.echo("identical, byte for byte" if not differing else f"{len(differing)} differences{rest}")
