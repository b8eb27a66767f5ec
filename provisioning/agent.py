"""W The box's side of enrolment, run every 30 s: ``python -m provisioning.agent IDENTITY_FOLDER FACTS_FILE``.

For a box that is enrolled there is nothing to do, on a computer that has nothing to spare: that is found out without any library,
for a tenth of a per cent of a processor. Everything else is in ``provisioning.joining``, loaded when it is wanted.
"""

from __future__ import annotations

import os
import sys
import time

from appliance.lifetime import RENEW_LEFT, dates

USELESS = '"identity": "useless"'
"""How telemetry's facts say that it cannot open a connection with what enrolment brought; found without a JSON reader."""


def is_useless(facts: str) -> bool:
    """Whether telemetry says so, in the file beside enrolment's own ``facts``."""
    try:
        with open(os.path.join(os.path.dirname(facts), "telemetry.json"), encoding="utf-8") as file:
            return USELESS in file.read()
    except (OSError, ValueError):
        return False


def is_settled(folder: str, facts: str, now: float) -> bool:
    """Whether there is a certificate with time enough left by its own dates, no token, it is of use, and the facts say so already.

    How far the clock is trusted is not asked here: what looks due, or not yet valid, is for ``joining`` to judge.
    """
    try:
        with open(os.path.join(folder, "cert.pem"), "rb") as file:
            begins, ends = dates(file.read())
        with open(facts, encoding="utf-8") as told:
            enrolled = '"enrolled"' in told.read()
    except (OSError, ValueError):
        return False
    fresh = begins <= now < ends - (ends - begins) * RENEW_LEFT
    return enrolled and fresh and not is_useless(facts) and not os.path.exists(os.path.join(folder, "token"))


def main(argv: list[str]) -> int:
    """One run. Always 0: what went wrong stands in the facts, and the next run tries again."""
    if len(argv) == 3 and is_settled(argv[1], argv[2], time.time()):
        return 0
    from provisioning.joining import run

    run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
