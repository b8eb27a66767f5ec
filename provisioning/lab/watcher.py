"""W A phone that only looks, again and again, what it gets for a web site: a JSON line a look. Runs in the phone's namespace.

``python -m provisioning.lab.watcher --world FILE`` goes on until it is ended.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from urllib.parse import urlsplit

from appliance.errors import Unreachable
from provisioning.lab import handset
from provisioning.lab.pages import Reply
from provisioning.lab.steadiness import Page, Seen
from provisioning.lab.world import World

EVERY, PATIENCE = 0.5, 1.0
"""Seconds between two looks, and until no answer counts as none."""


def what(reply: Reply) -> Page:
    """Which page this answer to a plain request for a web site is."""
    if reply.status == 200 and "ordinary page" in reply.text:
        return "online"
    return "offline" if urlsplit(reply.location).path == "/offline" else "captive"


def look(world: World, version: int) -> Seen:
    """Ask once; the address is known, as to a phone that asked for it before."""
    began = time.monotonic()
    try:
        page = what(handset.fetch(f"http://{world.web_host}/", world.web(version), {}, timeout=PATIENCE))
    except Unreachable:
        page = "nothing"
    return Seen(began, time.monotonic(), page)


def main() -> None:
    """IPv4 and IPv6 in turn."""
    parser = argparse.ArgumentParser(prog="python -m provisioning.lab.watcher")
    parser.add_argument("--world", type=Path, required=True)
    world = World.from_json(parser.parse_args().world.read_text())
    versions = (4, 6)
    while True:
        seen = look(world, versions[0])
        print(seen.to_json(), flush=True)
        versions = versions[::-1]
        time.sleep(max(0.0, seen.asked + EVERY - time.monotonic()))


if __name__ == "__main__":
    main()
