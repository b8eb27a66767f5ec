"""E Ten thousand admitted devices in the kernel's map: restored in one transaction, and one more admitted beside them.

Run as ``python -m provisioning.bench.admitted`` inside a namespace of its own; prints milliseconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial

from appliance.config import parse
from appliance.gate.elements import Admit, Element, Listing, Remove, restore_text
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import ruleset
from appliance.values import PERSON_MARKS, Mac

DEVICES, RUNS, ADMISSIONS = 10_000, 5, 100
_SITE = """
external_ap = true
[site]
id = "bench"
name = "bench"
country = "JO"
timezone = "UTC"
languages = ["en"]
[lan]
interface = "eth0"
address = "10.44.0.1/20"
address6 = "fd5c:a3b0:77::1/64"
[[uplink]]
interface = "eth1"
down = "10mbit"
up = "2mbit"
"""


def device(number: int) -> Mac:
    """A locally administered address (IEEE 802-2014 section 8.4)."""
    return Mac(":".join(("02", "00", *(f"{number >> shift & 255:02x}" for shift in (24, 16, 8, 0)))))


def main() -> None:
    """Measure and print."""
    config = parse(_SITE)
    kernel = Nftables(config.lan.bridge)
    rules = ruleset(config, knows_bridges=False)
    crowd = tuple(Element(device(n), PERSON_MARKS[n % len(PERSON_MARKS)], 3600) for n in range(DEVICES))
    restore = [_timed(partial(_restore, kernel, rules, crowd, config.lan.bridge)) for _ in range(RUNS)]
    admit = []
    for n in range(ADMISSIONS):
        mac = device(DEVICES + n)
        admit.append(_timed(partial(kernel.perform, [Admit(mac, 1, 3600)])))
        kernel.perform([Remove(mac, 1)])
    if len(kernel.listing().people) != DEVICES:
        sys.exit("the kernel does not hold what was put in")
    json.dump({"restore_ms": restore, "admit_ms": admit}, sys.stdout)


def _restore(kernel: Nftables, rules: str, crowd: tuple[Element, ...], interface: str) -> None:
    fresh = "table inet campbox {}\ndelete table inet campbox\n"
    kernel.load(fresh + rules + restore_text(Listing(people=crowd), interface))


def _timed(deed: Callable[[], None]) -> float:
    began = time.perf_counter()
    deed()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
