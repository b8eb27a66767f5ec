"""P A benchmark's page in docs/benchmarks: its measured part is put in anew, what people wrote around it stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.bench.report import Result, table

BEGIN, END = "<!-- measured by `campbox bench`: what stands up to the end mark is written anew -->", "<!-- end -->"


def measured(name: str, here: Mapping[str, str | int], date: str, results: Sequence[Result]) -> str:
    """The part that a run writes: when, on which machine, the table, the plot."""
    machine = ", ".join(f"{key} {value}" for key, value in here.items())
    return (
        f"`./campbox bench {name}`, {date}: {machine}. The report as JSON: [{name}.json]({name}.json).\n\n"
        f"{_plain(table(results))}\n\n![How much of each budget is used]({name}.svg)"
    )


def _plain(padded: str) -> str:
    """A table without its padding: the next run changes only the lines whose figures change."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in padded.splitlines()]
    rows[1] = ["---"] * len(rows[0])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(name: str, old: str, part: str) -> str:
    """The whole page; a new one when there is none. A page without marks keeps every word and gets the part at its end."""
    before, mark, rest = old.partition(BEGIN)
    after = rest.partition(END)[2] if mark else ""
    start = before.rstrip() or f"# {name.capitalize()}, measured"
    return f"{start}\n\n{BEGIN}\n{part}\n{END}\n{after.lstrip() and f'{chr(10)}{after.lstrip()}'}"
