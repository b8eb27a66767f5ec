"""W The timer's program, once a minute: ``python -m provisioning.selftest.service FACTS_FILE [--now] [--lines]``.

That nothing is due, which is the rule, is found out with ``os`` alone; everything else is loaded when it is wanted.
``--now``: whatever was found before. ``--lines``: print each check as JSON once it is decided.
"""

from __future__ import annotations

import os
import sys
import time

from provisioning.selftest.due import is_due

CABLE = "/sys/class/net/selftest0"
"""The box's end of the test phone's cable (cable.PORT)."""


def nothing_due(facts: str) -> bool:
    """Whether an earlier result still holds, and no run that was killed has left its cable."""
    if os.path.exists(CABLE):
        return False
    try:
        age = time.time() - os.stat(facts).st_mtime
        with open(facts, encoding="utf-8") as file:
            told = file.read()
    except OSError:
        return False
    return not is_due(told, age, time.clock_gettime(time.CLOCK_BOOTTIME))


def main(argv: list[str]) -> int:
    """One run. 0 whatever is found: it stands in the facts. 1 when this place itself is broken."""
    if len(argv) == 2 and nothing_due(argv[1]):
        return 0
    from provisioning.selftest.running import main as run

    return run(lines="--lines" in argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
