"""W ``campbox config``: check and show a site file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from appliance.config import SiteConfig, parse
from appliance.config_advice import warnings
from appliance.errors import ConfigError
from appliance.values import BoxId, Rate


def load(path: Path) -> SiteConfig:
    """Read and check a site file. Raises ConfigError."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot read it: {problem}", where=str(path), mend="name an existing TOML file in UTF-8") from error


@click.group(epilog="Example: campbox config check examples/site.toml")
def config() -> None:
    """Check or show a site file."""


@config.command(epilog="Example: campbox config check examples/site.toml")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(file: Path, as_json: bool) -> None:
    """Say whether FILE is right; if not, where and how to mend it."""
    loaded = load(file)
    warn(loaded, file)
    site, uplinks, languages = loaded.site.id.text, len(loaded.uplinks), loaded.site.languages
    if as_json:
        told = {
            "file": str(file),
            "site": site,
            "uplinks": uplinks,
            "languages": languages,
            "warnings": warnings(loaded, str(file)),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"{file}: right; site {site}, {uplinks} uplinks, languages {' '.join(languages)}")


def warn(loaded: SiteConfig, file: Path) -> None:
    """Say on standard error what is allowed and should be known all the same."""
    for warning in warnings(loaded, str(file)):
        click.echo(f"campbox: {warning}", err=True)


@config.command(epilog="Example: campbox config show examples/site.toml --json")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(file: Path, as_json: bool) -> None:
    """Show every value of FILE, defaults included."""
    values = _plain(load(file))
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return
    for section, content in values.items():
        click.echo(f"{section}: {json.dumps(content, ensure_ascii=False)}")


def _plain(value: Any) -> Any:
    """The configuration as JSON knows it, values written as in the site file."""
    if dataclasses.is_dataclass(value) and not isinstance(value, (BoxId, Rate)):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)
