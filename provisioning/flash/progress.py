"""E Progress with rate and time left on a terminal; nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from provisioning.flash.writer import Tell


@contextmanager
def showing() -> Iterator[Tell]:
    """A function to tell what is being done, on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda doing, done, total: None
        return
    columns = (TextColumn("{task.description:24}", markup=False), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    progress = Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console)

    def tell(doing: str, done: int, total: int) -> None:
        if doing not in tasks:
            progress.start()  # only now: until then people may have been asked something
            tasks[doing] = progress.add_task(doing, total=total)
        progress.update(tasks[doing], completed=done, total=total)

    try:
        yield tell
    finally:
        progress.stop()
