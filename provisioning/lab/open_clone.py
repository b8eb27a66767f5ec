"""E The project at a place that services can enter: a clone below somebody's 0700 home is seen at /mnt/campbox as well.

Tests start services as users of their own from the clone itself, and such a home keeps them out. The mount is this process's
alone and goes with it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.run import run, spawn

PLACE = Path("/mnt")
"""There on every system and for what is mounted for a while (Filesystem Hierarchy Standard 3.0, 3.12)."""
BESIDE = "shared"
"""A folder beside the clone that tests read, where it is there."""


def is_open(project: Path) -> bool:
    """Whether everybody may go to the clone and look into it."""
    return all(folder.stat().st_mode & 0o001 for folder in (project, *project.parents)) and bool(project.stat().st_mode & 0o004)


def reopened(project: Path, arguments: Sequence[str]) -> list[str]:
    """The command line that runs ``campbox ARGUMENTS`` from the open place; needs root."""
    own = ["--mount", "--propagation", "private", "--kill-child", "--fork"]
    return ["unshare", *own, sys.executable, "-m", "provisioning.lab.open_clone", str(project), *arguments]


def main() -> None:
    """Mount, and run the command there; its exit status."""
    # Ctrl-C is for the command, which cleans up; a handler, unlike SIG_IGN, is not handed down to it.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    project, here = Path(sys.argv[1]), PLACE / "campbox"
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "campbox-clone", str(PLACE)])
    seen = {project: here, project.parent / BESIDE: PLACE / BESIDE}
    for folder, at in seen.items():
        if folder.is_dir():
            at.mkdir()
            run(["mount", "--bind", str(folder), str(at)])
    os.chdir(here)
    ended = spawn([str(here / ".venv/bin/python"), "-m", "appliance.cli", *sys.argv[2:]], cwd=here)
    while ended.returncode is None:
        try:
            ended.wait()
        except KeyboardInterrupt:
            continue
    raise SystemExit(ended.returncode if ended.returncode >= 0 else 128 - ended.returncode)


if __name__ == "__main__":
    main()
