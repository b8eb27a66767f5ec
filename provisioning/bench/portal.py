"""W ``campbox bench portal``: probes, pages, taps, ten thousand devices, memory, against a demo box in namespaces."""

from __future__ import annotations

import ipaddress
import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

from appliance.services import services
from provisioning.bench import crowd, load, machine
from provisioning.bench.camp import Camp, camp
from provisioning.bench.peer import plain_nginx
from provisioning.bench.report import Budget, Peer, Result, median, percentile
from provisioning.bench.weigh import weigh
from provisioning.lab.netns import Namespace

CLIENT = ipaddress.IPv4Interface("10.44.12.1/20")
LAN = ipaddress.IPv4Network("10.44.0.0/20")
PROBE = {"Host": "connectivitycheck.gstatic.com", "User-Agent": "Dalvik/2.1.0"}
CLOSE = {"Connection": "close"}
ALONE_PORT, POLLING = 8099, 1_000
SETTLE_SECONDS, IDLE_SECONDS = 15, 30
AT_ONCE, CROWDS, STORM = 50, 3, 300
"""People who tap in the same instant, how often that is measured (each time other people), and people who tap within 5 s."""
Say = Callable[[str], None]


def measure(seconds: int, say: Say) -> list[Result]:
    """Everything about the portal in DESIGN section 7; each load lasts ``seconds``."""
    with camp(CLIENT) as running:
        say("idle box")
        results = _idle(running)
        say("probes")
        results += _probes(running, seconds)
        say("welcome page")
        results += _pages(running, seconds)
        say("a thousand phones that poll")
        results += _polled(running, seconds)
        say("taps")
        results += _taps(running)
        say("memory after the load")
        results.append(_memory(running))
    say("ten thousand devices")
    return [*results, *_many_devices()]


def _idle(running: Camp) -> list[Result]:
    time.sleep(SETTLE_SECONDS)
    timers = 100 * sum(running.timer_seconds(row) / row.every for row in services("box") if row.kind == "timer")
    daemons = _busy(running)
    with machine.kept_awake():
        awake = _busy(running)
    named = "idle CPU of the box, of one core (runs: daemons, timers)"
    return [
        Result(named, daemons + timers, "%", Budget("<=", 2), runs=(daemons, timers)),
        Result("the same while the processors are kept from sleeping", awake + timers, "%", runs=(awake, timers)),
    ]


def _busy(running: Camp) -> float:
    """Per cent of one core that the box's daemons use while nobody asks."""
    pids = machine.family(list(running.pids().values()))
    before = {pid: machine.cpu_seconds(pid) for pid in pids}
    time.sleep(IDLE_SECONDS)
    return 100 * sum(max(0.0, machine.cpu_seconds(pid) - before[pid]) for pid in pids) / IDLE_SECONDS


def _probes(running: Camp, seconds: int) -> list[Result]:
    # To an address on the internet, as phones do: the kernel's redirect is part of what is measured.
    url = f"http://{running.beyond}/generate_204"
    before = _front(running)
    kept = [load.wrk(running.client, url, headers=PROBE, connections=200, seconds=seconds) for _ in range(3)]
    new = [load.wrk(running.client, url, headers=PROBE | CLOSE, connections=200, seconds=seconds) for _ in range(3)]
    steady = [load.offered(running.client, url, headers={}, rate=5000, seconds=seconds) for _ in range(3)]
    made = _front(running).made_since(before)
    plain_kept, plain_new = _plain(running, "generate_204", seconds)
    return [
        median("captive probe, kept connections", [r.per_second for r in kept], "req/s", Budget(">=", 40_000), plain_kept),
        median("captive probe, a new connection each", [r.per_second for r in new], "req/s", Budget(">=", 10_000), plain_new),
        Result("the same probe answered by the portal, without its front", _portal_alone(running, "/", seconds), "req/s"),
        median("captive probe p99 at an offered 5,000/s", [r.p99_ms for r in steady], "ms", Budget("<=", 20)),
        Result("captive probes that went wrong", sum(r.wrong for r in (*kept, *steady)), "", Budget("==", 0)),
        Result("processes made by probes", made, "", Budget("==", 0)),
    ]


def _plain(running: Camp, page: str, seconds: int, html: str = "") -> list[Peer]:
    """A plain nginx with the same answer, kept connections and new ones."""
    with plain_nginx(running, html) as base:
        loads = [
            load.wrk(running.client, f"{base}/{page}", headers=headers, connections=100, seconds=seconds) for headers in ({}, CLOSE)
        ]
    return [Peer("plain nginx, the same answer", seen.per_second) for seen in loads]


def _pages(running: Camp, seconds: int) -> list[Result]:
    url = f"http://{running.gateway}/ar/"
    runs = [load.wrk(running.client, url, headers={}, connections=100, seconds=seconds) for _ in range(3)]
    plain = _plain(running, "page.html", seconds, _fetch(running, url))[0]
    return [
        median("welcome page (Arabic) from the front", [r.per_second for r in runs], "req/s", Budget(">=", 8_000), plain),
        Result("that page made by the portal, without its front", _portal_alone(running, "/ar/", seconds), "req/s"),
        median("welcome page p99 under that load", [r.p99_ms for r in runs], "ms"),
        *_weight(running, url),
    ]


def _polled(running: Camp, seconds: int) -> list[Result]:
    """Background apps of a thousand captive phones ask once a second each, while people open the welcome page."""
    probe, page = f"http://{running.beyond}/generate_204", f"http://{running.gateway}/ar/"
    seen = []
    for _ in range(3):
        with ThreadPoolExecutor(1) as beside:
            polls = beside.submit(
                load.offered, running.client, probe, headers={}, rate=POLLING, seconds=seconds + 2, clients=POLLING
            )
            time.sleep(1)
            seen.append((load.offered(running.client, page, headers={}, rate=50, seconds=seconds, clients=10), polls.result()))
    name = f"welcome page p99 while {POLLING:,} captive phones poll once a second"
    return [
        median(name, [reader.p99_ms for reader, _ in seen], "ms", Budget("<=", 200)),
        Result("polls and pages of that that went wrong", sum(one.wrong for both in seen for one in both), "", Budget("==", 0)),
        median("polls a second that were answered", [polls.per_second for _, polls in seen], "req/s"),
    ]


def _weight(running: Camp, url: str) -> list[Result]:
    html = _fetch(running, url)
    page = weigh(html)
    sizes = [len(html.encode()), *(len(_fetch(running, urljoin(url, link)).encode()) for link in page.resources)]
    return [
        Result("welcome page, whole and uncompressed", sum(sizes) / 1000, "kB", Budget("<=", 30)),
        Result("welcome page, requests", len(sizes), "", Budget("<=", 6)),
        Result("welcome page, DOM nodes", page.nodes, "", Budget("<=", 400)),
        Result("welcome page, scripts", page.scripts, "", Budget("==", 0)),
    ]


def _fetch(running: Camp, url: str) -> str:
    return running.client.run("curl", "-sf", "--max-time", "10", url).stdout


def _front(running: Camp) -> machine.Kin:
    pids = running.pids()
    return machine.Kin.of([pids[name] for name in ("gate", "portal", "nginx")])


def _portal_alone(running: Camp, path: str, seconds: int) -> float:
    """What a portal without a front does: the same Flask application, every request answered by Python behind gunicorn."""
    with running.alone("portal", ALONE_PORT):
        address = f"http://127.0.0.1:{ALONE_PORT}{path}"
        return load.wrk(running.box, address, headers={"Accept-Language": "ar"}, connections=50, seconds=seconds).per_second


def _taps(running: Camp) -> list[Result]:
    people = crowd.phones(AT_ONCE * CROWDS + STORM, LAN, 3 * 256)
    crowd.plug_in(running.client, "eth0", people, running.gateway, LAN.prefixlen)
    before = _front(running)
    at_once = [_tap(running, people[n : n + AT_ONCE], 0.0) for n in range(0, AT_ONCE * CROWDS, AT_ONCE)]
    storm = _tap(running, people[AT_ONCE * CROWDS :], 5.0)
    made = _front(running).made_since(before)
    failed = sum(not seen["ok"] for tapped in at_once for seen in tapped)
    return [
        median("tap to first forwarded packet, p99 of 50 at once", [_p99(seen) for seen in at_once], "ms", Budget("<=", 50)),
        Result(f"taps that failed, of {CROWDS} times 50 at once", failed, "", Budget("==", 0)),
        Result("taps that failed, of 300 in 5 s", sum(not seen["ok"] for seen in storm), "", Budget("==", 0)),
        Result("tap to first forwarded packet, p99 of 300 in 5 s", _p99(storm), "ms"),
        Result("processes made by taps", made, "", Budget("==", 0)),
    ]


def _p99(tapped: list[dict[str, Any]]) -> float:
    return percentile([seen["ms"] for seen in tapped if seen["ok"]] or [float("inf")], 0.99)


def _tap(running: Camp, people: list[crowd.Phone], spread: float) -> list[dict[str, Any]]:
    chance = random.Random(1)
    task = {
        "phones": [{"device": p.device, "address": p.address, "delay": chance.uniform(0, spread)} for p in people],
        "portal": running.gateway, "host": "camp.internal", "page": "/en/", "path": "/en/connect",
        "beyond": running.beyond, "port": 443,
    }  # fmt: skip
    return crowd.drive(running.client, sys.executable, task, timeout=60 + spread)


def _memory(running: Camp) -> Result:
    parts = {name: sum(machine.pss_kib(p) for p in machine.family([pid])) / 1024 for name, pid in running.pids().items()}
    named = ", ".join(f"{name} {mb:.0f}" for name, mb in sorted(parts.items(), key=lambda item: -item[1]))
    return Result(f"whole box, PSS ({named})", sum(parts.values()), "MB", Budget("<=", 160), runs=tuple(parts.values()))


def _many_devices() -> list[Result]:
    place = Namespace.create("campbox-bench")
    try:
        done = place.run(sys.executable, "-m", "provisioning.bench.admitted", timeout=120)
    finally:
        place.destroy()
    figures: dict[str, list[float]] = json.loads(done.stdout)
    return [
        median("10,000 admitted devices restored in one transaction", figures["restore_ms"], "ms", Budget("<=", 300)),
        median("one admission beside 10,000", figures["admit_ms"], "ms"),
    ]
