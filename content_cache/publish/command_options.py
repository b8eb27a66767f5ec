"""W What the commands of ``campbox catalogue`` share: where the hub is, and how they answer."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.layout import Layout

CODE = Path(__file__).resolve().parents[2]
hub_root = click.option(
    "--hub-root", type=click.Path(path_type=Path, file_okay=False), help="Folder of the hub; default: the system's."
)
as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def layout_of(root: Path | None) -> Layout:
    """The hub below ``root``, or the system's."""
    return Layout.under(root.resolve(), CODE) if root else Layout.system(CODE)
