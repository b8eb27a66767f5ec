"""The outbox on a disk that really refuses: a tmpfs of a few pages in a mount namespace, a lock held by another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.run import run, spawn
from tests.real.telemetry_hub import CODE

pytestmark = [pytest.mark.net, pytest.mark.loopback]

FULL = """
import json, os, shutil, sqlite3, sys
from pathlib import Path
from appliance.clock import Moment
from appliance.errors import NotSo
from telemetry.message import Ack
from telemetry.outbox import Outbox

disk = Path(sys.argv[1])
path, moment = disk / "outbox.sqlite", Moment(1.8e9, 60.0, "floor")
outbox = Outbox(path)
kept = [outbox.add(b"b" * 16, moment, {1: n}) for n in range(50)]
copies = {s: path.with_name(path.name + s).read_bytes() for s in ("", "-wal")}
outbox.close()
for suffix, content in copies.items():  # as a power cut leaves it: no -shm
    path.with_name(path.name + suffix).write_bytes(content)
ballast = open(disk / "ballast", "wb", buffering=0)
try:
    while True:
        ballast.write(bytes(4096))
except OSError as error:
    full = error.errno
ballast.close()
try:
    opened, why = Outbox(path), ""
    seen = [row.sequence for row in opened.oldest()[1]]
    opened.close()
except NotSo as error:
    why, seen = str(error), []
names = sorted(one.name for one in disk.iterdir())
(disk / "ballast").unlink()
outbox = Outbox(path)
after = [row.sequence for row in outbox.oldest()[1]]
fills = 0
with open(disk / "ballast", "wb", buffering=0) as ballast:  # full once more, while it runs
    try:
        while True:
            ballast.write(bytes(4096))
    except OSError:
        pass
refused, confirmed = 0, []
for n in range(400):
    try:
        confirmed.append(outbox.add(b"b" * 16, moment, {1: n}))
    except NotSo:
        refused += 1
        outbox.lose()
told = outbox.why
(disk / "ballast").unlink()
last = outbox.add(b"b" * 16, moment, {1: 1})
outbox.close()
outbox = Outbox(path)
end = [row.sequence for row in outbox.oldest(10_000)[1]]
print(json.dumps({
    "errno": full, "why": why, "seen": seen, "names": names, "kept": kept, "after": after, "refused": refused,
    "confirmed": confirmed, "last": last, "end": end, "told": told, "cleared": outbox.why, "lost": outbox.lost,
}))
"""

LOCKED = """
import sys, sqlite3
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("PRAGMA locking_mode = EXCLUSIVE")
other.execute("BEGIN EXCLUSIVE")
other.execute("DELETE FROM facts WHERE name = 'nobody'")
print("held", flush=True)
sys.stdin.read()
"""

MEMBER = """
import json, sys
from pathlib import Path
from appliance.clock import Moment
from appliance.errors import NotSo
from telemetry.outbox import Outbox
path = Path(sys.argv[1])
try:
    outbox = Outbox(path)
except NotSo as error:
    print(json.dumps({"why": str(error)}))
else:
    for n in range(int(sys.argv[2])):
        outbox.add(b"b" * 16, Moment(1.8e9, 60.0, "floor"), {1: n})
    print(json.dumps({"why": "", "rows": [row.sequence for row in outbox.oldest()[1]]}))
"""
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CODE)}


def in_small_disk(folder: Path, kilobytes: int) -> list[str]:
    """The command line before a program, which sees a tmpfs of that size at ``folder`` and nowhere else."""
    mount = f'mount -t tmpfs -o size={kilobytes}k,mode=700 small "$0"; exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, str(folder)]


@pytest.mark.parametrize("kilobytes", [600, 800, 2000])
def test_r1_on_a_full_disk_without_its_index_fifty_rows_stay(tmp_path: Path, kilobytes: int) -> None:
    told = json.loads(
        run([*in_small_disk(tmp_path, kilobytes), sys.executable, "-c", FULL, str(tmp_path)], env=_ENVIRONMENT).stdout
    )
    assert told["errno"] == 28 and not any("damaged" in name for name in told["names"])
    assert "outbox.sqlite-wal" in told["names"] and "cannot be used" in told["why"], "the disk did refuse"
    assert told["after"] == told["kept"], "and with room again all fifty are there"
    assert told["refused"] > 0 and "cannot be used" in told["told"] and told["cleared"] == ""
    assert told["end"] == told["kept"] + told["confirmed"] + [told["last"]], (
        "what was confirmed stayed, what was refused did not come"
    )
    assert told["lost"] == told["refused"]


def test_r1_a_lock_held_longer_than_the_outbox_waits_costs_no_row(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    member = [sys.executable, "-c", MEMBER, str(path)]
    kept = json.loads(run([*member, "50"], env=_ENVIRONMENT).stdout)["rows"]
    holder = spawn([sys.executable, "-c", LOCKED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin is not None and holder.stdout is not None and holder.stdout.readline() == "held\n"
    try:
        assert "locked" in json.loads(run([*member, "0"], env=_ENVIRONMENT).stdout)["why"]
    finally:
        holder.stdin.close()
        holder.wait()
    assert len(kept) == 50 and json.loads(run([*member, "0"], env=_ENVIRONMENT).stdout)["rows"] == kept
    assert sorted(one.name for one in tmp_path.iterdir()) == ["outbox.sqlite"]


def test_r1_a_disk_made_read_only_is_waited_for(tmp_path: Path) -> None:
    script = """
mount -t tmpfs -o size=2000k,mode=700 small "$0"
"$@" 50 > "$0/before"
mount -o remount,ro "$0"
"$@" 0
ls "$0"
mount -o remount,rw "$0"
"$@" 0
cat "$0/before"
"""
    member = [sys.executable, "-c", MEMBER, str(tmp_path / "outbox.sqlite")]
    apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(tmp_path), *member]
    refused, *names, after, before = run(apart, env=_ENVIRONMENT).stdout.splitlines()
    assert "Read-only" in json.loads(refused)["why"] or "readonly" in json.loads(refused)["why"]
    assert "outbox.sqlite" in names and not any("damaged" in name for name in names)
    assert json.loads(after)["rows"] == json.loads(before)["rows"] and len(json.loads(before)["rows"]) == 50
