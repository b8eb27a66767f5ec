"""E The steps of a long work: progress on a terminal, seconds for the report; and programs followed line by line."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from appliance.errors import CommandFailed
from appliance.run import spawn

_ERRORS = ("E:", "Err:", "FATAL", "ERROR", "mkfs", "dpkg: error", "update-initramfs: failed")
_ECHOES = ("E: mmdebstrap failed", "E: setup failed", "E: Sub-process")
"""Errors that only say that something before went wrong."""


class Step:
    """One step under way: ``at`` says how far it is."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress, self._task = progress, task

    def at(self, done: float, of: float, what: str = "") -> None:
        """``done`` of ``of`` of whatever is counted; ``what`` is being worked on."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=of, detail=what[-48:])

    def say(self, what: str) -> None:
        """What is being worked on, where nothing can be counted."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, detail=what[-48:])


class Steps:
    """All steps; ``seconds`` is what each took, in order."""

    def __init__(self, *, console: Console | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console or Console(stderr=True)
        self._progress: Progress | None = None

    def __enter__(self) -> Steps:
        if self._console.is_terminal:
            columns = (
                SpinnerColumn(), TextColumn("{task.description:26}"), BarColumn(bar_width=24), TimeElapsedColumn(),
                TextColumn("[dim]{task.fields[detail]}"),
            )  # fmt: skip
            self._progress = Progress(*columns, console=self._console)
            self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One step, timed."""
        task = None if self._progress is None else self._progress.add_task(name, total=None, detail="")
        began = time.monotonic()
        try:
            yield Step(self._progress, task)
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 2)
        if self._progress is not None and task is not None:
            self._progress.update(task, total=1, completed=1, detail="")


def follow(
    argv: Sequence[str], heard: Callable[[str], None], *, env: Mapping[str, str] | None = None, log: Path = Path(os.devnull)
) -> None:
    """Run a program to its end, hand on each line it prints and keep it in ``log``. Raises CommandFailed with its last words."""
    process = spawn(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    errors="replace", env=env)  # fmt: skip
    lines = list[str]()
    assert process.stdout is not None
    with ending(process), log.open("w") as words:
        for line in process.stdout:
            words.write(line)
            if line.strip():
                lines.append(line.rstrip())
                heard(line.strip())
    if process.returncode != 0:
        raise CommandFailed(last_words(lines, process.returncode), where=argv[0])


@contextlib.contextmanager
def feeding(argv: Sequence[str], *, env: Mapping[str, str] | None = None, log: Path) -> Iterator[IO[bytes]]:
    """A program that eats what is written. Raises CommandFailed with its last words when it ends badly."""
    with log.open("wb") as words:
        process = spawn(argv, stdin=subprocess.PIPE, stdout=words, stderr=words, env=env)
    assert process.stdin is not None
    with ending(process):
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            pass  # its own last words say more
    if process.returncode != 0:
        raise CommandFailed(last_words(log.read_text(errors="replace").splitlines(), process.returncode), where=argv[0])


@contextlib.contextmanager
def ending(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Wait for its end; when something goes wrong on our side, or Ctrl-C, end it first."""
    whole = False
    try:
        yield
        whole = True
    finally:
        if not whole:
            # SIGTERM: mmdebstrap removes what it mounted and made.
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()


def last_words(lines: Sequence[str], code: int) -> str:
    """What a failed program said that is worth passing on: its last error, else its last line."""
    wanted = [line for line in lines if line.strip()]
    errors = [line for line in wanted if line.startswith(_ERRORS) and not line.startswith(_ECHOES)]
    return (errors or wanted or [f"exit {code}"])[-1].strip()
