"""W An uplink that comes and goes every few seconds, and an admitted phone that looks all the while.

By hand, an hour long, on a camp of its own: ``python -m tests.real.flapping --minutes 60`` (root).
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from appliance.run import spawn
from provisioning.lab import cabling, places
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient
from provisioning.lab.steadiness import Change, Seen, Verdict, judge
from tests.real.running_camp import ENVIRONMENT, Guest, RunningCamp


def flap(
    guest: Guest, output: Path, *, seconds: float, every: float = 10.0, say: Callable[[Verdict], None] = lambda verdict: None
) -> Verdict:
    """Cut and restore the uplink every ``every`` seconds for so long; what the phone saw, which is told now and then too."""
    net, up = Namespace(plan.NET), True
    argv = [*guest.namespace.enter, sys.executable, "-m", "provisioning.lab.watcher", "--world", str(places.ROOT / "world.json")]
    changes = [Change(time.monotonic(), up)]
    with output.open("wb") as said:
        watching: subprocess.Popen[bytes] = spawn(argv, env=ENVIRONMENT, stdout=said)
    try:
        while not _looks(output):
            assert watching.poll() is None, "the watcher ended"
            time.sleep(0.05)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            # Before it is done: the phone may have seen it before a busy machine comes back to this line.
            up, begins = not up, time.monotonic()
            (cabling.restore if up else cabling.cut)(net)
            changes.append(Change(begins, up))
            time.sleep(max(0.0, min(changes[-1].at + every, ends) - time.monotonic()))
            say(judge(changes, _looks(output)))
    finally:
        cabling.restore(net)
        watching.terminate()
        watching.wait(patient(60))
    return judge(changes, _looks(output))


def _looks(output: Path) -> list[Seen]:
    """Every whole line so far."""
    return [Seen.from_json(line) for line in output.read_text().rpartition("\n")[0].splitlines()]


def main() -> int:
    """A camp, one phone that taps once, and the verdict after every minute."""
    parser = argparse.ArgumentParser(prog="python -m tests.real.flapping")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=10.0)
    told = parser.parse_args()
    camp, heard = RunningCamp(), time.monotonic()

    def say(verdict: Verdict) -> None:
        nonlocal heard
        if time.monotonic() - heard >= 60:
            heard = time.monotonic()
            print(verdict, flush=True)

    with contextlib.ExitStack() as stack:
        stack.callback(camp.stop)
        camp.ensure()
        guest = camp.guest("flap")
        guest.must("join", "tap")
        print(f"the camp is up, a phone has tapped; the line flaps every {told.every:g} s", flush=True)
        verdict = flap(guest, camp.folder / "looks", seconds=told.minutes * 60, every=told.every, say=say)
        print(verdict, flush=True)
        camp.restore()  # the box knows that it is back
        guest.must("online")
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
