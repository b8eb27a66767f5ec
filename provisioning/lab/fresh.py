"""W ``campbox test fresh``: the README's two commands on a machine that nobody has used before (docs/adr/0185).

A bare Debian in a folder, with git and Python and nothing else; a clone of what is committed here; both commands in it, with mounts
and processes of their own. Whatever they need they must say and install themselves.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from appliance import progress
from appliance.errors import MissingComponent, NotSo
from appliance.run import find_program, open_log, run, spawn
from provisioning.lab import machine, places

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path("/var/tmp/campbox-fresh")
"""On a disk that outlives a start, with room for what is installed (4 GB). Only the log stays."""
ROOM = 6_000_000_000
LAST = 25
"""Lines of the log that are shown at the end."""
DEMO, TEST = "./campbox demo --check --phones 3", "./campbox test"
"""The README's two commands, with nobody at the keyboard."""


@dataclass(frozen=True)
class Done:
    """One command that has ended."""

    line: str
    status: int
    seconds: float

    def __str__(self) -> str:
        """For people."""
        ended = "passed" if self.status == 0 else f"ended with {self.status}"
        return f"{self.line}: {ended} after {self.seconds / 60:.1f} min"


def commands(only: str | None) -> tuple[str, ...]:
    """What is tried; ``only`` is for the second, to look at one thing."""
    return (DEMO, TEST if only is None else f"{TEST} --only {shlex.quote(only)}")


def try_all(
    lines: Sequence[str], folder: Path = FOLDER, at: Callable[[Path], machine.Machine] = machine.Machine, room: int = ROOM
) -> None:
    """Make the machine, try every line in it, take it away. Raises NotSo when one failed, MissingComponent without the means."""
    _check()
    folder.mkdir(exist_ok=True, mode=0o755)
    with _ending_on_signals(), places.only_one(folder / "lock", "a fresh machine"):
        fresh = at(folder / "root")
        if fresh.root.exists():
            click.echo(f"campbox test fresh: cleared away what an earlier run left: {fresh.root}")
            fresh.remove()
        _check_room(folder, room)
        try:
            _try(fresh, lines, folder / "log")
        finally:
            fresh.remove()


def _try(fresh: machine.Machine, lines: Sequence[str], log: Path) -> None:
    commit = machine.git("-C", str(PROJECT), "log", "-1", "--format=%h %s").strip()
    if machine.git("-C", str(PROJECT), "status", "--porcelain", "--untracked-files=no"):
        click.echo("campbox test fresh: what is not committed is not in the clone")
    click.echo(
        f"campbox test fresh: a bare Debian ({machine.suite()}) with {' and '.join(machine.NOTHING_BUT)}, and a clone of {commit}"
    )
    fresh.install(machine.NOTHING_BUT)
    clone, accounts = fresh.clone(PROJECT, "root"), fresh.accounts()
    log.unlink(missing_ok=True)
    done = list[Done]()
    for line in lines:
        click.echo(f"campbox test fresh: {line} (what it says: {log})")
        done.append(_follow(fresh.command("root", f"cd {clone} && {line}"), line, log))
        click.echo(f"campbox test fresh: {done[-1]}")
    left = run([*fresh.command("root", f"cd {clone} && git status --porcelain")], check=False).stdout.strip()
    faults = [str(one) for one in done if one.status != 0]
    faults += [f"the clone is not as it was: {left}"] if left else []
    faults += ["accounts were made"] if fresh.accounts() != accounts else []
    _finish(faults, done, log)


def _follow(argv: list[str], line: str, log: Path) -> Done:
    """Run it to its end, its words into the log and, where there is a terminal, the newest into one line of that."""
    began = time.monotonic()
    with open_log(log) as kept, progress.line() as say:
        kept.write(f"\n$ {line}\n".encode())
        process: subprocess.Popen[Any] = spawn(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, cwd="/"
        )
        assert process.stdout is not None
        try:
            for heard in process.stdout:
                kept.write(heard)
                say(f"{(time.monotonic() - began) / 60:4.1f} min  {heard.decode(errors='replace').strip()}")
            status = process.wait()
        finally:
            process.kill()  # and the kernel everything in there
            process.wait()
    return Done(line, status, time.monotonic() - began)


def _finish(faults: list[str], done: list[Done], log: Path) -> None:
    """The log's last lines and the verdict. Raises NotSo."""
    click.echo(f"campbox test fresh: the last lines of {log}:")
    for line in log.read_text(errors="replace").rstrip().splitlines()[-LAST:]:
        click.echo(f"    {line}")
    if faults:
        raise NotSo(f"not so on a fresh machine: {'; '.join(faults)}", where=str(log), mend="read it")
    click.echo(f"campbox test fresh: passed on a fresh machine: {'; '.join(str(one) for one in done)}")


def _check() -> None:
    if os.geteuid() != 0:
        raise NotSo("a fresh machine is made by root", where="campbox test fresh", mend="run it with sudo")
    for program in ("mmdebstrap", "git", "unshare", "setpriv"):
        find_program(program)
    if not (PROJECT / ".git").exists():
        raise MissingComponent("this is no clone", where=str(PROJECT), mend="git clone it")


def _check_room(folder: Path, room: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < room:
        raise NotSo(f"{free / 1e9:.1f} GB free, {room / 1e9:.0f} are needed", where=str(folder), mend="make room")


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end it as Ctrl-C does: in order. After SIGKILL the next run clears up."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before: dict[signal.Signals, Any] = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
