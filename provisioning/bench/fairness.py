"""W ``campbox bench fairness``: sixteen people who all download, one with four devices and nineteen flows, and one who is idle."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.config import parse
from appliance.gate.elements import Element, add_text, parse_elements
from appliance.gate.ruleset import TABLE
from appliance.run import run
from appliance.values import Mac, Rate
from provisioning.bench import crowd
from provisioning.bench.camp import Camp, camp
from provisioning.bench.fair import jain, read_ping
from provisioning.bench.portal import CLIENT, LAN
from provisioning.bench.report import Budget, Peer, Result, percentile
from provisioning.lab import cabling
from provisioning.lab.commands import DEFAULT_SITE
from provisioning.lab.netns import Namespace

PEOPLE, DEVICES, FLOWS = 16, 4, 19
"""Busy people; devices and flows of the greedy one. Everyone else has one device and one flow; one more person is idle."""
PORT, WARM, LONG_WARM, ROOM = 5001, 6, 25, 4
"""Seconds before the first window: until every flow is going; and until the line's own queue, once full, has emptied at the
twentieth of the rate that the box leaves free. ``ROOM``: how much faster a line is that never queues."""
ECHO_EVERY = 0.05
Say = Callable[[str], None]
Windows = list[dict[str, int]]


@dataclass(frozen=True)
class _Crowd:
    greedy: list[crowd.Phone]
    others: list[crowd.Phone]
    idle: crowd.Phone

    @property
    def tapping(self) -> list[crowd.Phone]:
        """One device of each person."""
        return [self.greedy[0], *self.others, self.idle]

    @property
    def flows(self) -> list[crowd.Phone]:
        """A device for every flow."""
        return [self.greedy[n % DEVICES] for n in range(FLOWS)] + self.others

    def by_person(self, window: dict[str, int]) -> list[int]:
        """What each busy person got."""
        return [sum(window[phone.device] for phone in self.greedy), *(window[phone.device] for phone in self.others)]


@dataclass(frozen=True)
class _Seen:
    jain: list[float]
    wire: list[float]
    delays: list[float]


def measure(seconds: int, say: Say) -> list[Result]:
    """Fairness of DESIGN section 7, downwards, in windows of a second; ``seconds`` is multiplied by four.

    Twice: behind a line with room, where only the box's own queue counts; and behind one that carries exactly what the site file
    says, whose own queue the first bursts fill.
    """
    line = parse(DEFAULT_SITE.read_text("utf-8"))
    down, up = line.uplinks[0].down, line.uplinks[0].up
    with camp(CLIENT) as running, _pouring(running):
        internet = Namespace(running.state["internet"]["netns"])
        people = _come_in(running)
        say("the floor of the delay")
        base = percentile(_echoes(running, people.idle, seconds=4), 0.5)
        say("sixteen people, a line with room")
        cabling.set_rate(internet, Rate(ROOM * down.bits_per_second), up)
        roomy = _load(running, people, WARM, 4 * seconds)
        say("sixteen people, a line as slow as the site file says")
        cabling.set_rate(internet, down, up)
        exact = _load(running, people, LONG_WARM, 4 * seconds)
        say("the same, not shared")
        running.box.run("tc", "qdisc", "del", "dev", running.state["box"]["lan_bridge"], "root")
        unshared = _load(running, people, WARM, 2 * seconds)
    handed_out = down.bits_per_second * line.fairness.share
    return [
        *_results("", roomy, unshared, base, handed_out),
        *_results("; no room in the line", exact, unshared, base, handed_out),
        Result("the floor: median delay while nobody downloads", base, "ms"),
        Result("the line's rate in the site file", down.bits_per_second / 1e6, "Mbit/s"),
    ]


def _results(where: str, shared: _Seen, unshared: _Seen, base: float, handed_out: float) -> list[Result]:
    used = [100 * 8 * wire / handed_out for wire in shared.wire]
    late, late_unshared = (percentile(seen.delays, 0.95) - base for seen in (shared, unshared))
    alike, alike_unshared = statistics.median(shared.jain), statistics.median(unshared.jain)
    queue = "one queue for all"
    return [
        Result(
            f"Jain's index, median 1 s window{where}",
            alike,
            "",
            Budget(">=", 0.99),
            Peer(queue, alike_unshared),
            tuple(shared.jain),
        ),
        Result(f"Jain's index, worst 1 s window{where}", min(shared.jain), "", None, Peer(queue, min(unshared.jain))),
        Result(f"idle person's p95 delay over the floor{where}", late, "ms", Budget("<=", 10), Peer(queue, late_unshared)),
        Result(f"of the rate handed out, used{where}", statistics.median(used), "%", Budget(">=", 95), runs=tuple(used)),
    ]


@contextmanager
def _pouring(running: Camp) -> Iterator[None]:
    internet = Namespace(running.state["internet"]["netns"])
    argv = [sys.executable, "-m", "provisioning.bench.streams", "serve", running.beyond, str(PORT)]
    server = internet.spawn(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def _come_in(running: Camp) -> _Crowd:
    phones = crowd.phones(DEVICES + PEOPLE, LAN, 3 * 256)
    for place, cable in ((running.client, "eth0"), (running.box, "bench0")):
        # Packets gathered to 64 kB would be shared by the piece.
        place.run("ethtool", "-K", cable, "tso", "off", "gso", "off", "gro", "off")
    crowd.plug_in(running.client, "eth0", phones, running.gateway, LAN.prefixlen)
    people = _Crowd(phones[:DEVICES], phones[DEVICES : DEVICES + PEOPLE - 1], phones[-1])
    task = {
        "phones": [{"device": p.device, "address": p.address, "delay": 0.0} for p in people.tapping], "portal": running.gateway,
        "host": "camp.internal", "page": "/en/", "path": "/en/connect", "beyond": running.beyond, "port": 443,
    }  # fmt: skip
    crowd.drive(running.client, sys.executable, task, timeout=60)
    _same_person(running, people.greedy)
    return people


def _same_person(running: Camp, phones: list[crowd.Phone]) -> None:
    """Give the other devices the first one's mark: the kernel knows persons by it, however they were recognised."""
    listed = parse_elements(json.loads(running.box.run("nft", "-j", "list", "map", "inet", TABLE, "people").stdout))
    links = json.loads(running.client.run("ip", "-j", "link", "show", "type", "macvlan").stdout)
    macs = {link["ifname"]: Mac.parse(link["address"]) for link in links}
    mark = next(element.mark for element in listed if element.mac == macs[phones[0].device])
    lines = [add_text(Element(macs[phone.device], mark, 900), "people") for phone in phones[1:]]
    running.box.run("nft", "-f", "-", input="\n".join(lines) + "\n")


def _echoes(running: Camp, phone: crowd.Phone, *, seconds: float) -> list[float]:
    count = str(round(seconds / ECHO_EVERY))
    asking = ["ping", "-n", "-I", phone.device, "-i", str(ECHO_EVERY), "-c", count, "-W", "2", running.beyond]
    return read_ping(running.client.run(*asking, check=False, timeout=seconds + 30).stdout)


def _load(running: Camp, people: _Crowd, warm: int, windows: int) -> _Seen:
    """Everyone downloads; after a while the idle one asks for echoes."""
    task = {
        "flows": [{"device": p.device, "address": p.address} for p in people.flows],
        "beyond": running.beyond, "port": PORT, "warm": warm, "windows": windows,
    }  # fmt: skip
    argv = [*running.client.enter, sys.executable, "-m", "provisioning.bench.streams", "pull"]
    with ThreadPoolExecutor(1) as beside:
        delays = beside.submit(_echoes_later, running, people.idle, warm, windows - 1)
        seen: Windows = json.loads(run(argv, input=json.dumps(task), timeout=warm + windows + 60).stdout)
    shares = [people.by_person(window) for window in seen]
    return _Seen([jain(share) for share in shares], [float(sum(share)) for share in shares], delays.result())


def _echoes_later(running: Camp, phone: crowd.Phone, warm: float, seconds: float) -> list[float]:
    time.sleep(warm)
    return _echoes(running, phone, seconds=seconds)
