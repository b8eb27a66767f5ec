"""P THE check table: every line of the self-test, which facts it looks at, how they are judged, and what to do next.

Console, status page, telemetry and dashboard show the lines of this table. ``what`` and ``mend`` are for technicians, in
English, and never name a person's device or address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.selftest import judge_box, judge_hub, judge_lan
from provisioning.selftest.outcome import Facts, Outcome


@dataclass(frozen=True)
class Check:
    """One line. ``source`` names the facts it is judged by: several checks may share one, which is then asked once a round."""

    name: str
    looks_at: str
    source: str
    judge: Callable[[Facts], Outcome]


CHECKS: tuple[Check, ...] = (
    Check("power", "whether the supply gives enough", "power", judge_box.power),
    Check("card", "room, a small write read back, errors the kernel counted", "card", judge_box.card),
    Check("clock", "how far the time can be trusted", "clock", judge_box.clock),
    Check("services", "whether every service of the table runs", "services", judge_box.services),
    Check("wifi", "the box's own radio, or the access point on its cable", "wifi", judge_lan.wifi),
    Check("address", "DHCP, as a phone asks", "phone", judge_lan.address),
    Check("names", "DNS, as a phone asks", "phone", judge_lan.names),
    Check("portal", "a phone's probe leads to the portal, and its page comes whole", "phone", judge_lan.portal),
    Check("closed", "the internet is closed before the tap, and says so quickly", "phone", judge_lan.closed),
    Check("ipv6", "router advertisement, as a phone asks", "phone", judge_lan.ipv6),
    Check("uplink", "the way to the internet", "uplink", judge_hub.uplink),
    Check("hub", "the hub answers and is the one on the card", "hub", judge_hub.hub),
    Check("certificate", "the box's own certificate", "certificate", judge_hub.certificate),
    Check("catalogue", "services on the box, and how fresh", "catalogue", judge_hub.catalogue),
)
"""In the order in which one thing needs another: the first that fails is the first to mend."""


def result(outcomes: Mapping[str, Outcome], *, at: float, seconds: float) -> dict[str, Any]:
    """The facts that the self-test publishes, in the order of the table."""
    lines = [line(check.name, outcomes[check.name]) for check in CHECKS if check.name in outcomes]
    whole = len(lines) == len(CHECKS)
    state = "running" if not whole else "failed" if failed(lines) else "passed"
    return {"state": state, "at": int(at), "seconds": round(seconds, 1), "checks": lines}


def line(name: str, outcome: Outcome) -> dict[str, Any]:
    """One check as it stands in the facts."""
    return {"name": name, "ok": outcome.ok, "what": outcome.what, "mend": outcome.mend}


def failed(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of those that failed."""
    return [str(one["name"]) for one in lines if one["ok"] is False]


def words(one: Mapping[str, Any]) -> str:
    """One line for a terminal."""
    sign = {True: "ok", False: "FAILED", None: "-"}[one["ok"]]
    cure = f"\n{'':22}{one['mend']}" if one["mend"] else ""
    return f"{sign:8}{one['name']:14}{one['what']}{cure}"
