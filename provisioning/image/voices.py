"""E ``campbox box voices`` as a process: what an image's portal reads aloud, made in the copy of the project it is built from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from appliance.errors import MissingComponent
from appliance.run import find_program, run

PROGRAMS = ("espeak-ng", "opusenc", "lame")
FOLDER = Path("captive_portal", "voices")
"""Below the project: where the portal looks for what a machine has spoken."""
_LONGEST = 600
"""Seconds; a language takes one or two."""


def read_aloud(site: str, project: Path, work: Path) -> tuple[str, ...]:
    """Have the pages of the site file's text ``site`` spoken into ``project``; returns the tags of the languages that are there.

    Without the programs, what was spoken into the clone before stays in its copy; that may be none. The same programs make the
    same bytes, which are hashed with the project's sources: another voice is another image. Raises CommandFailed.
    """
    folder = project / FOLDER
    if all(map(_here, PROGRAMS)):
        shutil.rmtree(folder, ignore_errors=True)
        file = work / "spoken.toml"
        file.write_text(site, encoding="utf-8")
        run([sys.executable, "-m", "appliance.cli", "box", "voices", str(file), "--to", str(folder)], timeout=_LONGEST)
        file.unlink()
    return tuple(sorted({path.parent.name for path in folder.glob("*/*.*")}))


def _here(program: str) -> bool:
    try:
        return bool(find_program(program))
    except MissingComponent:
        return False
