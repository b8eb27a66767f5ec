"""W ``campbox bench content``: pages and search over 5,000 services, against a demo box in namespaces."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from appliance.layout import Layout
from appliance.run import run
from appliance.services import services
from provisioning.bench import load, machine
from provisioning.bench.camp import Camp, camp
from provisioning.bench.peer import plain_nginx
from provisioning.bench.portal import CLIENT
from provisioning.bench.report import Budget, Peer, Result, median

SERVICES = 5_000
PAGE = "/ar/services/need/health"
ALONE_PORT = 8097
HISTORY = Path(__file__).resolve().parents[3] / "shared" / "data" / "jordan" / "history"
Say = Callable[[str], None]

# A device for every request: the limit of searches for each is not what is measured. No two threads ask the same.
_SCRIPT = """\
local asked = {%s}
local started = 0
function setup(thread) thread:set("first", started * %d) started = started + 1 end
local n = 0
function request()
  n = n + 1
  local at = first + n
  local device = "10." .. at %% 250 .. "." .. math.floor(at / 250) %% 250 .. ".7"
  return wrk.format("GET", asked[at %% #asked + 1], {["X-Real-IP"] = device, ["Host"] = "camp.internal"})
end
"""


def measure(seconds: int, say: Say) -> list[Result]:
    """The catalogue's part of DESIGN section 7; each load lasts ``seconds``."""
    with camp(CLIENT) as running:
        say(f"storing {SERVICES} services")
        stored = _store(running)
        results = [
            Result(f"{stored['services']} services stored in one file, swapped in at once", stored["seconds"], "s"),
            Result("that file", stored["bytes"] / 1e6, "MB"),
        ]
        say("pages from the front")
        results += _front(running, seconds)
        with running.alone("catalogue", ALONE_PORT):
            say("pages and searches, every one made anew")
            results += _uncached(running, seconds, stored["queries"])
        results.append(_memory(running))
    if not HISTORY.exists():
        say(f"the real trace is not here ({HISTORY}): no figures of updates")
        return results
    say("ten real updates")
    return [
        *results,
        *updates(json.loads(run([sys.executable, "-m", "content_cache.publish.trace", str(HISTORY)], timeout=300).stdout)),
    ]


def updates(steps: list[dict[str, Any]]) -> list[Result]:
    """What the boxes fetch for each version of a real catalogue, beside what else could be sent. The runs are the steps."""
    later = steps[1:]
    whole = Peer("each one whole, zstd -19", sum(step["whole"] for step in later) / 1000)
    results = [_sent(f"{len(later)} real updates, as published", later, "published", Budget("<=", 46), whole)]
    for what, key in (("zstd -19 patches of the snapshots", "patch"), ("bsdiff of the snapshots", "bsdiff")):
        if all(step[key] is not None for step in later):
            results.append(_sent(f"the same as {what}", later, key))
    largest = max(steps, key=lambda step: int(step["snapshot"]))
    peer = Peer("zstd -19", largest["whole"] / 1000)
    seconds = tuple(step["seconds"] for step in steps)
    return [
        *results,
        Result("the largest of them whole, as published", largest["published_whole"] / 1000, "kB", peer=peer),
        Result("a real version imported, signed and published, the slowest", max(seconds), "s", runs=seconds),
    ]


def _sent(name: str, steps: list[dict[str, Any]], key: str, budget: Budget | None = None, peer: Peer | None = None) -> Result:
    sizes = tuple((step[key] or step["published_whole"]) / 1000 for step in steps)
    return Result(name, sum(sizes), "kB", budget, peer, sizes)


def _store(running: Camp) -> dict[str, Any]:
    """In the catalogue's own process and user, as sync would."""
    layout = Layout.under(Path(running.state["box"]["data_dir"]).parent, Path())
    folder = layout.service_data("content")
    catalogue = next(service for service in services("box") if service.name == "catalogue")
    argv = [sys.executable, "-m", "content_cache.publish.bulk", str(folder / "catalogue.sqlite"), str(SERVICES)]
    done = run(argv, timeout=300)
    os.chown(folder / "catalogue.sqlite", catalogue.uid, catalogue.uid)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _front(running: Camp, seconds: int) -> list[Result]:
    url = f"http://{running.gateway}{PAGE}"
    html = running.client.run("curl", "-sf", "--max-time", "10", url).stdout
    runs = [load.wrk(running.client, url, headers={}, connections=100, seconds=seconds) for _ in range(3)]
    with plain_nginx(running, html) as base:
        plain = load.wrk(running.client, f"{base}/page.html", headers={}, connections=100, seconds=seconds)
    peer = Peer("plain nginx, the same page as a file", plain.per_second)
    return [
        median("catalogue page (20 rows, Arabic) from the front", [r.per_second for r in runs], "req/s", Budget(">=", 8_000), peer),
        Result("catalogue pages that went wrong", sum(r.wrong for r in runs), "", Budget("==", 0)),
        Result("that page, uncompressed", len(html.encode()) / 1000, "kB", Budget("<=", 60)),
    ]


def _uncached(running: Camp, seconds: int, queries: list[str]) -> list[Result]:
    base = f"http://127.0.0.1:{ALONE_PORT}"
    lists = [f"{PAGE}?page={number}" for number in range(1, 20)]
    searches = [f"/ar/services/search?q={quote(query)}" for query in queries]
    results = []
    for what, addresses in (("catalogue page", lists), ("search", searches)):
        with _script(addresses) as script:
            many = [load.wrk(running.box, base, headers={}, connections=8, seconds=seconds, script=script) for _ in range(3)]
            one = [load.wrk(running.box, base, headers={}, connections=1, seconds=seconds, script=script) for _ in range(3)]
        results += [
            median(f"{what}, uncached", [r.per_second for r in many], "req/s", Budget(">=", 300)),
            median(f"{what}, uncached, p99 one after the other", [r.p99_ms for r in one], "ms", Budget("<=", 20)),
            Result(f"{what}, uncached, that went wrong", sum(r.wrong for r in (*many, *one)), "", Budget("==", 0)),
        ]
    return results


@contextlib.contextmanager
def _script(addresses: list[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "asked.lua"
        quoted = ",".join(json.dumps(address) for address in addresses)
        script.write_text(_SCRIPT % (quoted, len(addresses) // 2), encoding="utf-8")
        yield script


def _memory(running: Camp) -> Result:
    size = sum(machine.pss_kib(pid) for pid in machine.family([running.pids()["catalogue"]])) / 1024
    return Result("catalogue service after that, PSS", size, "MB")
