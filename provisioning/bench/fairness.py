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
from appliance.values import Mac
from provisioning.bench import crowd
from provisioning.bench.camp import Camp, camp
from provisioning.bench.fair import jain, read_ping
from provisioning.bench.portal import CLIENT, LAN
from provisioning.bench.report import Budget, Peer, Result, percentile
from provisioning.lab.commands import DEFAULT_SITE
from provisioning.lab.netns import Namespace

PEOPLE, DEVICES, FLOWS = 16, 4, 19
"""Busy people; devices and flows of the greedy one. Everyone else has one device and one flow; one more person is idle."""
PORT, WARM = 5001, 6
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
    """Fairness of DESIGN section 7, downwards, in windows of a second; ``seconds`` is multiplied by four."""
    with camp(CLIENT) as running, _pouring(running):
        people = _come_in(running)
        say("the floor of the delay")
        floor = _echoes(running, people.idle, seconds=4)
        say("sixteen people, shared")
        shared = _load(running, people, 4 * seconds)
        say("the same, not shared")
        running.box.run("tc", "qdisc", "del", "dev", running.state["box"]["lan_bridge"], "root")
        unshared = _load(running, people, 2 * seconds)
    return _results(shared, unshared, floor, *_rates())


def _rates() -> tuple[float, float]:
    """(what the line carries, what the box hands out of it), bit/s, downwards."""
    config = parse(DEFAULT_SITE.read_text("utf-8"))
    line = config.uplinks[0].down.bits_per_second
    return line, line * config.fairness.share


def _results(shared: _Seen, unshared: _Seen, floor: list[float], line: float, handed_out: float) -> list[Result]:
    used = [100 * 8 * wire / handed_out for wire in shared.wire]
    base = percentile(floor, 0.5)
    over, over_unshared = (percentile(seen.delays, 0.95) - base for seen in (shared, unshared))
    return [
        Result(
            "Jain's index of 16 people in 1 s windows, median", statistics.median(shared.jain), "", Budget(">=", 0.99),
            Peer("one queue for all", statistics.median(unshared.jain)), tuple(shared.jain),
        ),
        Result("Jain's index, the worst 1 s window", min(shared.jain), "", None, Peer("one queue for all", min(unshared.jain))),
        Result(
            "an idle person's p95 delay over the floor", over, "ms", Budget("<=", 10), Peer("one queue for all", over_unshared)
        ),
        Result("the floor: median delay while nobody downloads", base, "ms"),
        Result("of the rate handed out that is used", statistics.median(used), "%", Budget(">=", 95), runs=tuple(used)),
        Result("of the line's own rate that is used", 100 * 8 * statistics.median(shared.wire) / line, "%"),
        Result("the line", line / 1e6, "Mbit/s"),
    ]  # fmt: skip


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


def _load(running: Camp, people: _Crowd, windows: int) -> _Seen:
    """Everyone downloads; after a while the idle one asks for echoes."""
    task = {
        "flows": [{"device": p.device, "address": p.address} for p in people.flows],
        "beyond": running.beyond, "port": PORT, "warm": WARM, "windows": windows,
    }  # fmt: skip
    argv = [*running.client.enter, sys.executable, "-m", "provisioning.bench.streams", "pull"]
    with ThreadPoolExecutor(1) as beside:
        delays = beside.submit(_echoes_later, running, people.idle, windows - 1)
        seen: Windows = json.loads(run(argv, input=json.dumps(task), timeout=WARM + windows + 60).stdout)
    shares = [people.by_person(window) for window in seen]
    return _Seen([jain(share) for share in shares], [float(sum(share)) for share in shares], delays.result())


def _echoes_later(running: Camp, phone: crowd.Phone, seconds: float) -> list[float]:
    time.sleep(WARM)
    return _echoes(running, phone, seconds=seconds)
