"""P The demo's live table: what stands in it, as rich renders it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from provisioning.lab.roster import Rider

KEYS = "c cut the uplink   r restore it   b reboot the box   q quit"


def addresses(described: dict[str, object]) -> list[str]:
    """The lines that tell people where to look, out of the state."""
    return [
        f"portal   {described['portal_url']}   (your browser is one more phone in the camp)",
        f"hub      {described['hub_url']}   user {described['hub_user']}, password {described['hub_password']}",
        "         who approves what that user writes: user second, the same password",
    ]


def board(head: Sequence[str], riders: Sequence[Rider], *, cut: bool, services: int, news: Sequence[str]) -> RenderableType:
    """The whole screen."""
    table = Table(box=None, pad_edge=False)
    for name in ("phone", "kind", "reads", "holds", "now"):
        table.add_column(name, no_wrap=True)
    for rider in riders:
        good = len(rider.outcomes) - len(rider.wrong)
        style = "red" if rider.wrong else ("green" if rider.finished else "yellow")
        count = Text(f"{good}/{len(rider.outcomes)}", style=style)
        table.add_row(rider.short, rider.kind.name, rider.kind.language, count, rider.latest[:80])
    uplink = Text("cut", style="bold red") if cut else Text("up", style="green")
    status = Text.assemble("uplink ", uplink, f"   {services} services   {KEYS}")
    return Group(*(Text(line) for line in head), Text(), table, Text(), *(Text(line, style="dim") for line in news), status)
