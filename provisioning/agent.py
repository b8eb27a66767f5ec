"""W The box's side of enrolment, run every 30 s: ``python -m provisioning.agent IDENTITY_FOLDER FACTS_FILE``.

For a box that is enrolled there is nothing to do, on a computer that has nothing to spare: that is found out with ``os`` alone,
for a tenth of a per cent of a processor. Everything else is in ``provisioning.joining``, loaded when it is wanted.
"""

from __future__ import annotations

import os
import sys
import time

RENEW_AFTER = 245 * 86_400
"""Seconds after which a certificate of a year is renewed: four months are left for a box that is seldom online."""


def is_settled(folder: str, facts: str, now: float) -> bool:
    """Whether there is a certificate that is not old, no token, and the facts say so already."""
    try:
        age = now - os.stat(os.path.join(folder, "cert.pem")).st_mtime
        with open(facts, encoding="utf-8") as file:
            told = '"enrolled"' in file.read()
    except OSError:
        return False
    return told and age < RENEW_AFTER and not os.path.exists(os.path.join(folder, "token"))


def main(argv: list[str]) -> int:
    """One run. Always 0: what went wrong stands in the facts, and the next run tries again."""
    if len(argv) == 3 and is_settled(argv[1], argv[2], time.time()):
        return 0
    from provisioning.joining import run

    run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
