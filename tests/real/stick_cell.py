"""E What the reader of a stick sees and may do. Needs no library but our own: the virtual machine with Debian's kernel has few."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from appliance.run import run
from appliance.services import USERS

CODE = Path(__file__).resolve().parents[2]
LOOK = """
import json, os, sys
from pathlib import Path
from content_cache import stick_mount
target = Path(sys.argv[2])
stick_mount.mount(Path(sys.argv[1]), target)
stick_mount.become(stick_mount.USER, [])
def fails(deed):
    try:
        deed()
    except OSError as error:
        return error.errno
    return 0
print(json.dumps({
    "flags": os.statvfs(target).f_flag, "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(),
    "seen": sorted(path.name for path in target.iterdir()),
    "write": fails(lambda: (target / "x").write_text("x")), "root": fails(lambda: os.setuid(0)),
    "exec": fails(lambda: os.execv(target / "run.sh", ["run.sh"])),
}))
"""


def looked(source: Path, target: Path) -> dict[str, Any]:
    """What a process sees and may do once it has mounted ``source`` and stepped down."""
    done = run([sys.executable, "-c", LOOK, str(source), str(target)], env={"PYTHONPATH": str(CODE), "PATH": os.environ["PATH"]})
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def is_a_cell(told: dict[str, Any], name: str) -> None:
    """It reads ``name`` and can do nothing else."""
    wanted = os.ST_RDONLY | os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC
    assert told["flags"] & wanted == wanted and name in told["seen"]
    user = USERS["campbox-content"]
    assert told["uids"] == [user] * 3 == told["gids"] and told["groups"] == []
    assert told["write"] and told["root"] and told["exec"]


def look_at_a_fat_stick(place: Path) -> None:
    """A FAT image on a loop device, looked at as the unit does."""
    image = place / "stick.img"
    run(["truncate", "-s", "8M", str(image)])
    run(["mkfs.vfat", str(image)])
    (place / "run.sh").write_text("#!/bin/sh\n")
    run(["mcopy", "-i", str(image), str(place / "run.sh"), "::run.sh"])
    loop = run(["losetup", "--find", "--show", "--read-only", str(image)]).stdout.strip()
    try:
        is_a_cell(looked(Path(loop), place / "target"), "run.sh")
    finally:
        run(["losetup", "--detach", loop])
