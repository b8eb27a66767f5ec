"""W The page on the box's screen and serial line, instead of a login prompt: ``python -m provisioning.console``.

It may look at facts, addresses and systemd's list of what failed, and write to the terminals the kernel uses; nothing else.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import select
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance import clock, facts
from appliance.config import SiteConfig, parse
from appliance.errors import CampboxError
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.run import run
from appliance.trouble import Trouble
from provisioning.console_page import Seen, page, ready_line

log = logging.getLogger("console")
_SCREEN = "tty1"
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
_SOON, _LATER = 3.0, 15.0
"""Seconds between two looks while the box starts, and once it serves."""
_STARTING = 600.0
_ASK = 0.5
"""Seconds between two questions to a portal that does not answer yet."""


@dataclass
class Console:
    """What was written last, and when the portal first answered."""

    layout: Layout
    terminals: tuple[str, ...]
    portal: float | None = None
    written: list[str] = field(default_factory=list)
    told: str = ""
    due: float = 0.0

    def turn(self) -> float:
        """Look when it is time to, and ask for the portal; seconds until the next turn."""
        now = time.monotonic()
        if now >= self.due:
            starting = self.portal is None or clock.now().uptime < _STARTING
            self.due = now + (_SOON if starting else _LATER)
            self.look()
        self.ask()
        return _ASK if self.portal is None else min(_SOON, max(0.1, self.due - time.monotonic()))

    def look(self) -> None:
        """See what there is, and write it when it is news."""
        seen = gather(self.layout, self.portal)
        lines = page(seen)
        if lines != self.written:
            for terminal in self.terminals:
                clear = _CLEAR if terminal == _SCREEN else "\n"
                write(terminal, clear + "".join(f"{line}\n" for line in lines))
            self.written = lines
        ready = ready_line(seen)
        if self.portal is not None and ready != self.told:
            for terminal in self.terminals:
                if terminal != _SCREEN:
                    write(terminal, f"{ready}\n")
            self.told = ready

    def ask(self) -> None:
        """The portal, until it answers for the first time."""
        config = _config(self.layout)
        if self.portal is None and config is not None and answers(str(config.lan.address.ip), config.access.portal_name):
            self.portal = clock.now().uptime
            self.look()


def gather(layout: Layout, portal: float | None) -> Seen:
    """Everything the page tells, as it is now."""
    config, addresses = _config(layout), _addresses()
    told = {name: facts.read(layout, name) for name in ("card", "storage", "enrol", "selftest")}
    return Seen(
        site=config.site.name if config else "",
        site_id=str(config.site.id) if config else "no site file",
        lan=addresses.get(config.lan.bridge, []) if config else [],
        uplinks=[(one.interface, addresses.get(one.interface, [])) for one in config.uplinks] if config else [],
        portal=portal,
        failed=_failed(),
        slot=slot(_command_line()),
        clock=clock.now().trust,
        **told,
    )


def answers(address: str, name: str) -> bool:
    """Whether the front answers as a phone would ask it."""
    connection = http.client.HTTPConnection(address, 80, timeout=5)
    try:
        connection.request("GET", "/status.json", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def slot(command_line: str) -> str:
    """Which system slot this kernel was told to start from."""
    found = re.search(r"(?:^|\s)root=PARTLABEL=(\S+)", command_line)
    return found[1] if found else "no slot"


def terminals() -> tuple[str, ...]:
    """The kernel's consoles and the screen, by the names of their devices."""
    try:
        active = Path("/sys/class/tty/console/active").read_text("ascii").split()
    except OSError:
        active = []
    return tuple(dict.fromkeys([_SCREEN, *active]))


def write(terminal: str, text: str) -> None:
    """Onto a terminal, giving up after a while: nobody may be listening, and nothing depends on it."""
    try:
        descriptor = os.open(f"/dev/{terminal}", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        log.debug("%s: %s", terminal, error.strerror)
        return
    try:
        data, deadline = text.encode("ascii", "replace"), time.monotonic() + 5
        while data and select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        log.debug("%s: %s", terminal, error.strerror)
    finally:
        os.close(descriptor)


def _config(layout: Layout) -> SiteConfig | None:
    """Anew each time: the card may bring another one during the start."""
    try:
        return parse(layout.config_file.read_text("utf-8"), str(layout.config_file))
    except (OSError, CampboxError):
        return None


def _addresses() -> dict[str, list[str]]:
    """Interface -> its addresses, without those that are only good on its own cable."""
    try:
        links: list[dict[str, Any]] = json.loads(run(["ip", "-json", "address", "show"]).stdout or "[]")
    except (CampboxError, ValueError, RecursionError):
        return {}
    return {
        str(link.get("ifname")): [str(one["local"]) for one in link.get("addr_info", []) if one.get("scope") == "global"]
        for link in links
    }


def _failed() -> list[str]:
    """systemctl(1): the units that failed, of ours and in all."""
    try:
        told = run(["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full", "--no-pager"]).stdout
    except CampboxError as error:
        return [f"systemd does not answer ({error.what})"]
    return sorted(line.split()[0] for line in told.splitlines() if line.split())


def _command_line() -> str:
    return Path("/proc/cmdline").read_text("ascii", "replace")


def main() -> int:
    """For ever."""
    start_logging()
    console, trouble = Console(Layout.from_environment(os.environ, Path(__file__).resolve().parents[1]), terminals()), Trouble()
    while True:
        try:
            time.sleep(console.turn())
        except Exception as error:  # noqa: BLE001
            time.sleep(max(_ASK, trouble.note("a look for the screen", error)))


if __name__ == "__main__":
    sys.exit(main())
