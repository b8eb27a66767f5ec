"""W Makes docs/benchmarks/storage.md: ``python -m tests.real.storage_paper``, as root. Nothing in its table is written by hand."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from appliance.files import write_atomically
from tests.real.storage_cells import COLUMNS, Cell, run
from tests.real.storage_writers import ROWS

PAPER = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "storage.md"
_HEAD = """\
# Storage that refuses

What each writer of a box and of a hub keeps and tells when its disk refuses. Made by `python -m tests.real.storage_paper` from the
run of `tests/real/test_storage_refuses.py`, which fails where this page is not what it sees. Real processes on a real file system
in a mount namespace of their own: a tmpfs that is full, without inodes or read-only; RLIMIT_FSIZE; EIO put into the process's
system calls by strace; another process that holds the lock. The power is cut by copying the card's ext4 at that moment: nothing is
flushed there by itself, and a rename flushes nothing.

In every cell a process has begun, and three things were acknowledged, before the disk refuses; another process begins while it
refuses. Then there is room again, and the first goes on without a restart. A cell says how many things were acknowledged in all and
are kept (of what is replaced: the last), and what was told. For the last two columns: at how many flushes or renames of a write the
power was cut. Nothing acknowledged is lost in any cell; no file is half there; nothing half written stays behind.

"""


def page(cells: Iterable[Cell]) -> str:
    """The whole page."""
    found = {(cell.row, cell.column): cell for cell in cells}
    lines = [f"| writer | {' | '.join(COLUMNS)} |", f"|{'---|' * (len(COLUMNS) + 1)}"]
    lines += [f"| {row.name} | {' | '.join(_words(found[row.name, column]) for column in COLUMNS)} |" for row in ROWS]
    return _HEAD + "\n".join(lines) + "\n"


def _words(cell: Cell) -> str:
    if cell.faults:
        return "**wrong**"
    if cell.told.startswith("- "):
        return cell.told
    kept = f"{cell.acknowledged} of {cell.acknowledged} kept"
    return f"{kept}, {cell.cuts} cuts" if cell.cuts else f"{kept}; {cell.told or 'nothing is refused'}"


def main() -> int:
    """Fill every cell and write the page; 1 where a cell is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        cells = list(run(Path(folder), [row.name for row in ROWS], 3))
    for cell in cells:
        for fault in cell.faults[:5]:
            sys.stderr.write(f"{cell.row}, {cell.column}: {fault}\n")
    write_atomically(PAPER, page(cells))
    return int(any(cell.faults for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
