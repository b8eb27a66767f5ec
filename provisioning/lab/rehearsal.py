"""W An image's rehearsal: ticket, card, power, portal, hub, self-test, phones; each step timed, at the hub of a running demo."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from appliance.config import SiteConfig
from appliance.errors import CampboxError, NotSo
from appliance.files import write_json
from appliance.hub_config import parse_hub
from appliance.layout import Layout
from provisioning.authority import desk
from provisioning.flash.gpt import ENOUGH, parse_table
from provisioning.flash.job import Wish, make_card
from provisioning.flash.personal import IDENTITY
from provisioning.lab import cabling, card_place, handset, places, qemu, serial_log, vmbox
from provisioning.lab import topology as plan
from provisioning.lab.boot_report import Line, Step, in_words, wrong_lines
from provisioning.lab.dashboard import Dashboard
from provisioning.lab.hub_place import REAL_DATA
from provisioning.lab.netns import Namespace
from provisioning.lab.provider import Provider
from provisioning.lab.roster import JOURNEY, Roster, phone_command
from provisioning.lab.world import World

PROJECT = Path(__file__).resolve().parents[2]
PULSE = 0.1
"""Seconds between two looks at everything."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for. ``cuts``: seconds after power-on, one start each; ``patience``: seconds that a step may take."""

    image: Path
    arch: str
    site: SiteConfig
    site_file: Path
    phones: int
    cuts: tuple[float, ...]
    patience: float


@dataclass
class Rehearsal:
    """One card from ticket to phones. ``state`` is a demo's state file; ``tend`` looks after that demo if it is ours."""

    wanted: Wanted
    state: dict[str, Any]
    environment: dict[str, str]
    tend: Callable[[], None]
    say: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    def run(self) -> bool:
        """All steps up to the first that cannot be passed; whether none is not so. A skipped one is neither."""
        self.folder = card_place.make()
        self.dashboard = Dashboard(self.state["hub_url"], self.state["hub_user"], self.state["hub_password"])
        try:
            self._ticket()
            self._card()
            self._cable()
            self._cut()
            self._portal()
            self._hub()
            self._catalogue()
            self._phones()
            self._selftest()
            self._units()
            self._after()
        except CampboxError as error:
            said = f"; console: {serial_log.last_words(self.machine.console)}; --log keeps it" if hasattr(self, "machine") else ""
            self._done("goes its whole way", False, 0.0, f"{error}{said}")
        return not any(step.holds is False for step in self.steps)

    def down(self) -> None:
        """Power off, phones away, servers ended; the card goes with its folder."""
        if hasattr(self, "roster"):
            self.roster.stop()
        if hasattr(self, "machine"):
            self.machine.cut_power()
        if hasattr(self, "provider"):
            self.provider.stop()
        card_place.sweep()

    def report(self) -> dict[str, Any]:
        """For programs. ``ready`` is what the box itself said on its console."""
        told = serial_log.ready(self.machine.console) if hasattr(self, "machine") else None
        portal = next((step.seconds for step in self.steps if step.name == "portal"), None)
        steps = [asdict(step) for step in self.steps]
        return {"image": str(self.wanted.image), "arch": self.wanted.arch, "portal_seconds": portal, "ready": told, "steps": steps}

    def _ticket(self) -> None:
        with self._step("ticket") as figure:
            hub = Layout.under(Path(self.state["hub"]["data_dir"]).parent, PROJECT)
            config = parse_hub(hub.hub_config_file.read_text("utf-8"), str(hub.hub_config_file))
            box = self.wanted.site.site.id
            ticket = desk.make_ticket(hub, box=box, site=box, host=config.host, port=config.https_port, now=time.time())
            write_json(self.folder / "identity.json", ticket, 0o600)
            figure.append(f"{box} may enrol at {config.host}:{config.https_port}")

    def _card(self) -> None:
        with self._step("flash") as figure:
            self.card, identity = self.folder / "card.img", self.folder / "identity.json"
            wish = Wish(self.wanted.image, self.card, identity, self.wanted.site_file, size=card_place.CARD_BYTES)
            done = make_card(wish, version("campbox"), lambda verdict: None, lambda node: None, lambda *_: None)
            identity.unlink()
            figure.append(done.line())

    def _cable(self) -> None:
        """The provider's side, an access point, and the phone that only looks whether the portal is there."""
        net, lan, uplink = Namespace(plan.NET), self.wanted.site.lan, self.wanted.site.uplinks[0]
        self.provider = Provider(self.folder)
        self.provider.start(net)
        self.place = cabling.make_machine(net, lan.bridge, uplink.interface, uplink.down)
        self.scout = cabling.make_phone(plan.guest_name(0))
        cabling.plug(self.scout, self.place, lan.bridge)
        (self.folder / "world.json").write_text(self._world().to_json())
        self.machine = vmbox.QemuBox(self.place, qemu.KINDS[self.wanted.arch], self.card, self.folder / "console.log")

    def _cut(self) -> None:
        for seconds in self.wanted.cuts:
            self.machine.start()
            while time.monotonic() < self.machine.started + seconds:
                self._tick()
            self.machine.cut_power()
            said = serial_log.last_words(self.machine.console, 1)
            self._done("power cut", True, seconds, f"the console said last: {said or 'nothing'}")

    def _portal(self) -> None:
        """From power-on until somebody who just came gets an address and reads the welcome page."""
        self.machine.start()
        began = self.machine.started
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        asking = ["busybox", "udhcpc", "-i", "wlan0", "-s", str(handset.SCRIPT), "-f", "-q", "-t", "100000", "-T", "1"]
        lease = self.scout.spawn(asking, **quiet)
        self._wait("a phone gets an address by DHCP", lambda: lease.poll() is not None)
        leased = time.monotonic() - began
        page = f"http://{self.wanted.site.access.portal_name}/{self.wanted.site.site.languages[0]}/"
        self._wait("the welcome page answers", lambda: "<html" in self._get(page), 0.2)
        self._done("portal", True, time.monotonic() - began, f"from power-on; DHCP after {leased:.1f} s")

    def _hub(self) -> None:
        box, began = str(self.wanted.site.site.id), self.machine.started
        self._wait("the hub has enrolled the box", lambda: self.dashboard.enrolment(box) == "enrolled", 1.0)
        self._done("enrolled", True, time.monotonic() - began, "from power-on")
        self._wait("the box stands on the dashboard", lambda: (self.dashboard.box(box) or {}).get("online"), 1.0)
        self._done("on the dashboard", True, time.monotonic() - began, "from power-on; online")

    def _catalogue(self) -> None:
        """Fetched and verified: the box shows what the hub published."""
        if not REAL_DATA.is_dir():
            self._done("catalogue", None, 0.0, "this demo's is invented, which a real box refuses")
            return
        address = f"http://{self.wanted.site.access.portal_name}/hsds/services"

        def listed() -> int:
            try:
                return len(json.loads(self._get(address)).get("contents", []))
            except (ValueError, AttributeError, RecursionError):
                return 0

        found = self._wait("the catalogue is there", listed, 1.0)
        self._done("catalogue", True, time.monotonic() - self.machine.started, f"from power-on; {found} services on its first page")

    def _phones(self) -> None:
        began = time.monotonic()
        self.roster = Roster(
            self.wanted.phones, self.place, self.wanted.site.lan.bridge, environment=self.environment,
            command=phone_command(sys.executable, self.folder / "world.json"), names=plan.guest_name,
            first_neighbour=self.scout.name, journey=[deed for deed in JOURNEY if deed != "catalogue" or REAL_DATA.is_dir()],
        )  # fmt: skip
        self._wait("every phone's journey is over", self._journeys_over)
        for rider in self.roster.riders:
            wrong = "; ".join(f"not so: {outcome.expect}: {outcome.figure}" for outcome in rider.wrong)
            figure = f"{len(rider.outcomes) - len(rider.wrong)} of {len(rider.outcomes)} expectations hold"
            name = f"phone {rider.kind.name}"
            self._done(name, not wrong, time.monotonic() - began, f"{figure}; {wrong}" if wrong else figure)

    def _journeys_over(self) -> bool:
        self.roster.tick()
        return self.roster.arrived

    def _selftest(self) -> None:
        """As operators see it. What a box that has just come is still waiting for, it tests again by itself."""
        box, began = str(self.wanted.site.site.id), self.machine.started

        def lines() -> list[Line]:
            return list(((self.dashboard.box(box) or {}).get("selftest") or {}).get("checks", ()))

        def wrong() -> list[Line]:
            return wrong_lines(lines(), invented=not REAL_DATA.is_dir())

        with contextlib.suppress(NotSo):
            self._wait("the dashboard shows a passed self-test", lambda: lines() and not wrong(), 1.0)
        count, failed = len(lines()), in_words(wrong())
        figure = failed or f"{count} lines on the dashboard, none failed"
        self._done("self-test", bool(count) and not failed, time.monotonic() - began, f"from power-on; {figure}")

    def _units(self) -> None:
        """What systemd says of its units, by the console."""
        self._wait("the console page tells of units", lambda: "failed_units" in self._told())
        units = [*self._told()["failed_units"], *serial_log.failed(self.machine.console)]
        self._done("no unit failed", not units, 0.0, ", ".join(units) or "none")

    def _after(self) -> None:
        """Power off, and look at the card: it holds no token any more, its state has grown over it and is whole."""
        self.machine.cut_power()
        with self.card.open("rb") as file:
            data = next(one for one in parse_table(file.read(ENOUGH)).partitions if one.name == "data")
        left = card_place.CARD_BYTES - data.end
        self._done("card grown", left < 10_000_000, 0.0, f"data has {data.size / 1e9:.2f} GB, {left / 1e6:.1f} MB are left over")
        status, said = card_place.check_state(self.card, data.start, data.size)
        self._done("state is whole", status in (0, 1), 0.0, f"e2fsck after the last power cut: {status}, {said}")
        told = json.loads(card_place.read_file(self.card, IDENTITY))
        # What stood there is written over with spaces: the file keeps its length.
        gone = not str(told.get("token", "")).strip() and told.get("box") == str(self.wanted.site.site.id)
        self._done("token gone", gone, 0.0, f"{IDENTITY} on the card")

    def _told(self) -> dict[str, Any]:
        return serial_log.ready(self.machine.console) or {}

    def _wait(self, what: str, question: Callable[[], Any], every: float = 0.0) -> Any:
        """Ask, ``every`` so many seconds, until it is so. Raises NotSo when the patience is over or the box gave up."""
        deadline, due = time.monotonic() + self.wanted.patience, 0.0
        while True:
            if time.monotonic() >= due:
                if answer := question():
                    return answer
                due = time.monotonic() + every
            self._tick()
            if (why := serial_log.gave_up(self.machine.console)) is not None:
                raise NotSo(f"{what}: {why}")
            if time.monotonic() > deadline:
                raise NotSo(f"not within {self.wanted.patience:.0f} s: {what}")

    def _tick(self) -> None:
        self.machine.tick()
        self.tend()
        time.sleep(PULSE)

    def _get(self, address: str) -> str:
        """A page as the scout sees it; empty when there is none."""
        done = self.scout.run("curl", "--silent", "--fail", "--max-time", "5", address, check=False)
        return done.stdout if done.returncode == 0 else ""

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        began, figure = time.monotonic(), list[str]()
        yield figure
        self._done(name, True, time.monotonic() - began, "; ".join(figure))

    def _done(self, name: str, holds: bool | None, seconds: float, figure: str) -> None:
        self.steps.append(Step(name, holds, round(seconds, 1), figure))
        self.say(self.steps[-1])

    def _world(self) -> World:
        lan, internet, access = self.wanted.site.lan, self.state["internet"], self.wanted.site.access
        return World(
            portal_name=access.portal_name, api_name=access.api_name, gateway=str(lan.address.ip), gateway6=str(lan.address6.ip),
            network=str(lan.address.network), network6=str(lan.address6.network), dns=str(plan.DNS4), dns6=str(plan.DNS6),
            web_host=internet["web_host"], web_address=internet["web_address"], web_address6=internet["web_address6"],
            languages=self.wanted.site.site.languages, trust=str(places.ROOT / "trust.pem"),
        )  # fmt: skip
