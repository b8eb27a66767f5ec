"""W What the gate answers about one device and about the box: the line, the shares, never who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.fairness import explain
from appliance.gate import admission
from appliance.values import Mac

if TYPE_CHECKING:
    from appliance.gate.service import Gate


def status(gate: Gate, mac: Mac, now: float) -> dict[str, Any]:
    """How one device stands. Raises CommandFailed."""
    gate.meter.read()
    state, seconds = admission.state_of(gate.knowledge, mac, now)
    mark = admission.mark_of(gate.knowledge, mac) if state != "captive" else 0
    share = explain.share(gate.plan(), gate.meter.busy, mark, uplink_up=gate.reachability.state == "up")
    code = gate.desk.of(mark) if gate.desk is not None else None
    down, up = gate.meter.carried(mark)
    return {
        "ok": True,
        "state": state,
        "seconds_remaining": seconds,
        "bytes_down": down + (code.down if code else 0),
        "bytes_up": up + (code.up if code else 0),
        "uplink": gate.reachability.state,
        "share": share.as_answer(),
        "quota": gate.quota.told(mac),
        **({} if gate.desk is None else {"code": code is not None}),
    }


def facts(gate: Gate, nobodys: frozenset[int]) -> dict[str, Any]:
    """What the box's other services may know; ``nobodys`` are marks that are no person's. Raises CommandFailed."""
    now, wanted = gate.edges.clock(), gate.plan()
    gate.meter.read()
    link = gate.edges.links.link(wanted.up.interface)
    drops, waiting = gate.edges.counters.totals(wanted.down.interface, wanted.up.interface)
    return {
        "ok": True,
        "people_online": len(gate.knowledge.marks),
        "uplink": gate.reachability.state,
        "uplink_since_seconds": int(now - gate.reachability.since),
        "rate_down_bps": wanted.down.rate,
        "rate_up_bps": wanted.up.rate,
        "bytes_down": link.bytes_in if link else 0,
        "bytes_up": link.bytes_out if link else 0,
        "drops": drops,
        "backlog_bytes": waiting,
        "shaper": gate.edges.shapers[0].method if gate.edges.shapers else "htb",
        "active_people": len(gate.meter.busy - nobodys),
    }
