"""W One row of the storage table, cell by cell: ``python -m tests.real.storage_cells FOLDER ROW...`` prints a JSON line a cell.

For each way to refuse: a process that has begun and has acknowledged three things is refused, and so is one that begins only now;
then the refusal ends and the first goes on without a restart. A third reads what is there. See tests/real/test_storage_refuses.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from appliance import run as commands
from appliance.errors import CampboxError
from appliance.layout import Layout
from appliance.run import spawn
from provisioning.lab.pace import patient
from tests.real.refusing_disk import FLUSHES, RENAMES, WRITES, Card, Disk, Memory, copied, in_a_namespace, injected, small_files
from tests.real.storage_careless import CARELESS
from tests.real.storage_row import Row
from tests.real.storage_writers import ROWS

COLUMNS = (
    "full", "no inode left", "locked", "read-only", "file size limit", "EIO on write", "EIO on fsync",
    "power cut without -shm", "cut in mid-rename",
)  # fmt: skip
PATIENCE = 60.0
"""Seconds for one answer. Of the product's own patience with a lock, up to twenty seconds, one is enough here."""
ALL = "CAMPBOX_TEST_ALL" in os.environ
STEPS = tuple(range(1, 120)) if ALL else (1, 2, 3, 5, 8, 13, 21, 34, 55)
"""At which flush or rename of a write the power is cut; a write ends long before the last of them."""
_CODE = Path(__file__).resolve().parents[2]


@dataclass
class Cell:
    """What one cell shows. ``faults`` is empty where it is as it must be."""

    row: str
    column: str
    told: str = ""
    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0
    cuts: int = 0
    seconds: float = 0.0


class Ended(Exception):
    """The process has ended, or does not answer."""


class Process:
    """One process of the product on that disk. It waits for ``begin``, so that it can be refused from its first step."""

    def __init__(self, row: Row, disk: Disk) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(patient(PATIENCE))
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _serve(row, Layout.under(disk.top / "place", _CODE), theirs)
        theirs.close()

    def ask(self, deed: str, number: int = 0) -> dict[str, Any]:
        """What became of it. Raises Ended."""
        try:
            self._ours.send(json.dumps([deed, number]).encode())
            answer: dict[str, Any] = json.loads(self._ours.recv(1 << 20) or b"null")
        except (OSError, ValueError) as error:
            raise Ended(str(error)) from error
        if answer is None:
            raise Ended("it has ended")
        return answer

    def end(self) -> None:
        """As the power does: no last word."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._ours.close()
            self.pid = 0


def _serve(row: Row, layout: Layout, asked: socket.socket) -> NoReturn:
    """The other side, in the process itself. Nothing here writes to a file: its writes are those of the product."""
    told = list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().handlers[:] = [handler]
    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **{**named, "timeout": 1.0})  # type: ignore[assignment]
    deeds: Any = None
    while question := asked.recv(1 << 16):
        deed, number = json.loads(question)
        told.clear()
        answer: dict[str, Any] = {"ok": True}
        try:
            if deed == "begin":
                deeds = row.begin(layout)
            elif deed == "write":
                answer["ok"] = deeds.write(number) is not False
            else:
                answer["kept"] = deeds.kept()
        except CampboxError as error:
            answer = {"ok": False, "words": str(error)}
        except BaseException as error:  # noqa: BLE001 what ends a service here is a fault
            answer = {"ok": False, "fault": f"{deed}: {type(error).__name__}: {error}"}
        asked.send(json.dumps({"log": list(told), **answer}).encode())
    os._exit(0)


class Trial:
    """One cell being filled."""

    def __init__(self, row: Row, column: str) -> None:
        self.row, self.cell = row, Cell(row.name, column)
        self.number = 0
        self.acknowledged, self.tried = list[int](), list[int]()
        self.said = list[str]()

    def fault(self, words: str) -> None:
        """Something is not as it must be."""
        self.cell.faults.append(words)

    def ask(self, process: Process, deed: str) -> dict[str, Any]:
        """Ask, and note what is told and what must not be."""
        number = 0
        if deed == "write":
            self.number = number = self.number + 1
            self.tried.append(number)
        answer = process.ask(deed, number)
        if "fault" in answer:
            self.fault(answer["fault"])
        if not answer["ok"]:
            words = answer.get("words") or " / ".join(answer["log"])
            self.said.append(words)
            if not words:
                self.fault(f"{deed} number {number} is refused and nothing is said")
        elif deed == "write":
            self.acknowledged.append(number)
        return answer

    def begin(self, process: Process) -> None:
        """Three things acknowledged while all is well."""
        for deed in ("begin", "write", "write", "write"):
            if not self.ask(process, deed)["ok"]:
                self.fault(f"{deed} is refused while all is well: {self.said}")

    def judge(self, kept: list[int] | None, where: str) -> None:
        """What is there is what was acknowledged, whole, and nothing that nobody wrote."""
        if kept is None:
            self.fault(f"{where}: nothing can be read")
            return
        if self.row.everything:
            missing = sorted(set(self.acknowledged) - set(kept))
            strange = sorted(set(kept) - set(self.tried))
            if missing:
                self.fault(f"{where}: acknowledged and lost: {missing}")
        else:
            last = self.acknowledged[-1] if self.acknowledged else 0
            strange = [one for one in kept if one < last or one not in self.tried]
            if last and not kept:
                self.fault(f"{where}: acknowledged and lost: {last}")
        if strange:
            self.fault(f"{where}: what nobody wrote, or what was replaced: {strange}")

    def read(self, disk: Disk, where: str, *, write: bool = False) -> None:
        """What the next start finds, and whether it can go on."""
        process = Process(self.row, disk)
        try:
            if self.ask(process, "begin")["ok"]:
                self.judge(self.ask(process, "kept").get("kept"), where)
                if write and not self.ask(process, "write")["ok"]:
                    self.fault(f"{where}: the next start cannot write: {self.said[-1]}")
                if write:
                    self.judge(self.ask(process, "kept").get("kept"), f"{where}, gone on")
            else:
                self.fault(f"{where}: the next start cannot begin: {self.said[-1:]}")
        except Ended as error:
            self.fault(f"{where}: {error}")
        finally:
            process.end()

    def left_over(self, disk: Disk) -> None:
        """Nothing half written stays."""
        found = [str(path.relative_to(disk.top)) for path in disk.top.rglob("*") if _is_half(path)]
        if found:
            self.fault(f"left behind: {found}")

    def done(self) -> Cell:
        """The cell, in words that are the same each time."""
        words = dict.fromkeys(re.sub(r"(^|(?<= ))/\S*: |;.*", "", one) for one in self.said)
        self.cell.told = " / ".join(words)
        self.cell.acknowledged = len(self.acknowledged)
        return self.cell


def _is_half(path: Path) -> bool:
    return path.name.endswith((".new", "-journal", ".tmp")) or path.name.startswith("tmp")


def refused(row: Row, column: str, folder: Path) -> Cell:
    """A cell of the first seven columns."""
    trial = Trial(row, column)
    held_open = column == "read-only" and row.open
    disk: Disk = Card(folder, "disk", row.room) if held_open else Memory(folder, "disk", row.room)
    first = Process(row, disk)
    try:
        trial.begin(first)
        with _late(trial, column, disk, first.pid) as late:
            for _ in range(1 if column == "locked" else 2):
                trial.ask(first, "write")
            _begun_meanwhile(trial, late)
        if held_open:
            first.end()
            assert isinstance(disk, Card)
            disk.again()
        elif not trial.ask(first, "write")["ok"]:
            trial.fault(f"it does not go on: {trial.said[-1]}")
        else:
            trial.judge(trial.ask(first, "kept").get("kept"), "gone on")
        first.end()
        if row.open and not held_open:
            for path in disk.top.rglob("*-shm"):
                path.unlink()
            with _late(trial, column, disk) as late:
                _begun_meanwhile(trial, late)
        trial.read(disk, "the next start", write=True)
        trial.left_over(disk)
    except Ended as error:
        trial.fault(str(error))
    finally:
        first.end()
        disk.leave()
    return trial.done()


@contextmanager
def _late(trial: Trial, column: str, disk: Disk, *others: int) -> Iterator[Process]:
    """While the disk refuses, a process that has not begun yet."""
    late = Process(trial.row, disk)
    try:
        with _refusal(column, trial.row, disk, (late.pid, *others)):
            yield late
    finally:
        late.end()


def _begun_meanwhile(trial: Trial, late: Process) -> None:
    if trial.ask(late, "begin")["ok"]:
        answer = trial.ask(late, "kept")
        if "kept" in answer:
            trial.judge(answer["kept"], "begun meanwhile")
        trial.ask(late, "write")


@contextmanager
def _refusal(column: str, row: Row, disk: Disk, pids: tuple[int, ...]) -> Iterator[None]:
    ways: dict[str, Callable[[], list[AbstractContextManager[None]]]] = {
        "full": lambda: [disk.full()],
        "no inode left": lambda: [disk.without_inodes()],
        "locked": lambda: [_locked(Layout.under(disk.top / "place", _CODE), row)],
        "read-only": lambda: [disk.read_only()],
        "file size limit": lambda: [small_files(pid) for pid in pids],
        "EIO on write": lambda: [injected(pid, WRITES, "error=EIO") for pid in pids],
        "EIO on fsync": lambda: [injected(pid, FLUSHES, "error=EIO") for pid in pids],
    }
    with ExitStack() as stack:
        for one in ways[column]():
            stack.enter_context(one)
        yield


@contextmanager
def _locked(layout: Layout, row: Row) -> Iterator[None]:
    """Somebody else holds the lock: of a database its write lock, of another file flock(2)."""
    assert row.lock is not None
    path = row.lock(layout)
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
    else:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def cut(row: Row, column: str, folder: Path) -> Cell:
    """A cell of the last two columns: the process dies at each flush, or at each rename and the flush after it, of a write.

    Looked at is what the process leaves, and what has reached the card by then.
    """
    trial, card = Trial(row, column), Card(folder, "disk", row.room)
    first = Process(row, card)
    steps = 0
    try:
        trial.begin(first)
        if column == COLUMNS[-2]:
            _after_cut(trial, card, "after the acknowledgement")
        for calls in (FLUSHES,) if column == COLUMNS[-2] else (RENAMES, FLUSHES):
            for step in STEPS:
                if not _died(trial, first, calls, step):
                    break
                steps += 1
                first.end()
                where = f"cut at {calls.split(',')[0]} {step}"
                _after_cut(trial, card, where)
                trial.read(card, where)
                first = Process(row, card)
                if not trial.ask(first, "begin")["ok"]:
                    trial.fault(f"{where}: cannot begin: {trial.said[-1:]}")
        first.end()
        trial.read(card, "the next start", write=True)
        trial.left_over(card)
        trial.cell.cuts = steps
        if not steps:
            trial.fault("nothing is flushed or renamed")
    except Ended as error:
        trial.fault(str(error))
    finally:
        first.end()
        card.leave()
    return trial.done()


def _died(trial: Trial, process: Process, calls: str, step: int) -> bool:
    """Whether the process died at that step of a write: not when a write has fewer."""
    with injected(process.pid, calls, f"signal=KILL:when={step}"):
        try:
            if not trial.ask(process, "write")["ok"]:
                trial.fault(f"refused while all is well: {trial.said[-1]}")
        except Ended:
            return True
    return False


def _after_cut(trial: Trial, card: Card, where: str) -> None:
    with copied(card, "cut", without="-shm") as found:
        trial.read(found, f"{where}, from the card")


def fill(row: Row, column: str, folder: Path) -> Cell:
    """One cell, as it is."""
    if column in row.cannot:
        return Cell(row.name, column, told=f"- {row.cannot[column]}")
    if column == "locked" and row.lock is None:
        return Cell(row.name, column, told="- no lock is taken")
    place = folder / f"{row.name}.{column}".replace(" ", "-")
    place.mkdir(parents=True)
    began = time.monotonic()
    cell = (cut if column in COLUMNS[-2:] else refused)(row, column, place)
    cell.seconds = round(time.monotonic() - began, 1)
    return cell


def run(folder: Path, names: Sequence[str], together: int) -> Iterator[Cell]:
    """The rows of these names, in so many processes side by side, each in a mount namespace of its own: all their cells."""
    # A process takes several rows: half of a row's cost would be loading what writes them all.
    shares = [names[first::together] for first in range(together)]
    command = [sys.executable, "-m", "tests.real.storage_cells", str(folder)]
    running = [spawn(in_a_namespace([*command, *share]), stdout=subprocess.PIPE, text=True, cwd=_CODE) for share in shares if share]
    for process in running:
        told, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{process.args}: ended with {process.returncode}")
        yield from (Cell(**json.loads(line)) for line in told.splitlines())


def main(folder: str, *names: str) -> None:
    """Fill the rows of these names. The files that stand for cards are in RAM: flushing them waits for no disk of this machine."""
    commands.run(["mount", "-t", "tmpfs", "campbox-storage", folder])
    for row in (row for row in (*ROWS, *CARELESS) if row.name in names):
        if row.before is not None:
            made = Path(folder, f"{row.name}.before")
            made.mkdir()
            row.before(made)
            os.environ["CAMPBOX_STORAGE_BEFORE"] = str(made)
        for column in COLUMNS:
            sys.stdout.write(json.dumps(asdict(fill(row, column, Path(folder)))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
