"""W A whole camp: the internet, a hub, a box, the host's browser and phones; brought up, tended, rebooted, taken down."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from appliance import box as box_place
from appliance import facts
from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.services import USERS
from appliance.supervisor import Supervisor
from provisioning.lab import cabling, forward, kinds, pace, places, state
from provisioning.lab import topology as plan
from provisioning.lab.data_disk import DataDisk
from provisioning.lab.forward import Forwarder
from provisioning.lab.hub_place import REAL_DATA, HubPlace
from provisioning.lab.internet import Internet, load_rows
from provisioning.lab.netns import Namespace
from provisioning.lab.roster import Roster, phone_command
from provisioning.lab.sites import WEB_HOST
from provisioning.lab.trust import Authority
from provisioning.lab.world import World

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds to wait for enrolment and the first catalogue before phones come; they come then anyway."""
HUB_NAME = "hub.campbox.example"
PORTS = {"portal": 8180, "hub": 8181, "mqtt": 18883}
"""Loopback ports of the host, where they are free."""


@dataclass
class Camp:
    """Everything the demo runs. ``say`` is told what happens."""

    site_text: str
    site_file: str
    phones: int
    say: Callable[[str], None] = lambda words: None
    changed: bool = True
    uplink_cut: bool = False
    room: int | None = None
    """Bytes left on the box's data disk beside its catalogue; None where the disk is this machine's."""
    disk: DataDisk | None = None
    box: Layout = field(default_factory=lambda: Layout.under(places.ROOT / "box", places.APP))
    forwarders: dict[str, Forwarder] = field(default_factory=dict)
    supervisor: Supervisor | None = None

    def up(self) -> None:
        """Bring everything up but the phones, who come one after the other as ``tick`` is called."""
        places.make(PROJECT)
        self.authority = Authority.create(datetime.now(UTC))
        self.config = self._site()
        hub_name = self.config.hub.host if self.config.hub is not None else HUB_NAME
        self.internet = Internet(places.ROOT / "internet", load_rows(), self.authority, hub_name)
        self.say("the internet: name server, probe hosts, web sites")
        self.net = cabling.make_internet(self.internet.hosts)
        self.internet.start(self.net)
        self.say("the hub: broker, ingest, dashboard, a signed catalogue")
        layout = Layout.under(places.ROOT / "hub", places.APP)
        self.hub = HubPlace(layout, cabling.make_hub(self.net), hub_name, self.python, self._on_change)
        places.make_ram(layout.run)
        self.hub.up(self.config)
        self.say("the box: gate, portal, catalogue, telemetry")
        self._box_namespace()
        self._box_files()
        self._box_start()
        self._browser()
        self._enrol_and_fetch()
        self.roster = Roster(
            self.phones, Namespace(plan.BOX), self.config.lan.bridge,
            command=phone_command(sys.executable, places.ROOT / "world.json"), environment=self.environment,
        )  # fmt: skip

    def tick(self) -> None:
        """Look after every process; to be called several times a second."""
        self.hub.supervisor.tick()
        if self.supervisor is not None:
            self.supervisor.tick()
        for rider in self.roster.tick():
            held = f"{len(rider.outcomes) - len(rider.wrong)} of {len(rider.outcomes)} expectations hold"
            self.say(f"{rider.short} ({rider.kind.name}, {rider.kind.language}): {held}")
            for outcome in rider.wrong:
                self.say(f"  not so: {outcome.expect}: {outcome.figure}")

    def cut(self) -> None:
        """The uplink dies: its carrier stays, nothing passes."""
        if not self.uplink_cut:
            cabling.cut(self.net)
            self.uplink_cut = True
            self.say("the uplink is cut")

    def restore(self) -> None:
        """The uplink lives again."""
        cabling.restore(self.net)
        if self.uplink_cut:
            self.uplink_cut = False
            self.say("the uplink is back")

    def reboot(self) -> None:
        """Pull the box's plug and put it back: its memory is gone (kernel tables, /run), its disk is not."""
        self.say("the box reboots")
        assert self.supervisor is not None
        self.supervisor.stop(grace=0.0)
        cabling.pull_cables(Namespace(plan.BOX))
        cabling.remove(plan.BOX)
        places.clear_ram(self.box.run)
        self._box_namespace()  # a cut is a rule of the internet's: it holds for the new cable too
        self._box_start()
        self.roster.act(plan.VISITOR, kinds.PHONE_KINDS[3], ("join",))
        self.roster.rejoin(Namespace(plan.BOX))
        self.say("the box is back")

    def down(self) -> None:
        """Take everything down; whatever state it is in."""
        if hasattr(self, "roster"):
            self.roster.stop()
        for forwarder in self.forwarders.values():
            forwarder.stop()
        if self.supervisor is not None:
            self.supervisor.stop()
        if hasattr(self, "hub"):
            self.hub.stop()
        if hasattr(self, "internet"):
            self.internet.stop()
        places.sweep()

    def describe(self) -> dict[str, object]:
        """The state file's content."""
        ports = {name: forwarder.port for name, forwarder in self.forwarders.items()}
        return state.describe(
            self.config, box=self.box, hub=self.hub.layout, web=self.internet.host(WEB_HOST), ports=ports, login=self.hub.login,
            pids=self.pids(),
        )  # fmt: skip

    def pids(self) -> dict[str, int]:
        """Every service of box and hub that runs now."""
        return {**self.hub.supervisor.pids(), **(self.supervisor.pids() if self.supervisor is not None else {})}

    @property
    def python(self) -> str:
        """The interpreter as services see it: that of the project's own environment."""
        own = f"{PROJECT}/"
        return f"{places.APP}/{sys.executable.removeprefix(own)}" if sys.executable.startswith(own) else sys.executable

    @property
    def environment(self) -> dict[str, str]:
        """For the lab's own processes."""
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": path, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", **pace.told()}

    def _on_change(self) -> None:
        self.changed = True

    def _site(self) -> SiteConfig:
        text = self.site_text
        if not REAL_DATA.is_dir():
            text = text.replace("sample = false", "sample = true")
        return box_place.put_site_file(text, self.box, self.site_file)

    def _box_namespace(self) -> None:
        uplink = self.config.uplinks[0]
        box = cabling.make_box(self.net, uplink.interface, uplink.down, uplink.up)
        visitor = Namespace(plan.VISITOR)
        if not (cabling.NETNS_ETC / plan.VISITOR).exists():
            visitor = cabling.make_phone(plan.VISITOR)
        cabling.plug(visitor, box, None, self.config.lan.interface)

    def _box_files(self) -> None:
        """What a card would bring: the identity with its ticket, the site's certificate; and RAM for /run."""
        places.make_ram(self.box.run)
        if self.room is not None:
            self.disk = DataDisk(self.box.data, self.room)
            self.disk.make()
        self.hub.write_ticket(self.config, self.box.identity_file)
        if self.config.access.api_name is not None:
            tls = self.box.etc / "tls"
            tls.mkdir()
            names = [self.config.access.api_name]
            self.authority.issue(names, tls / "cert.pem", tls / "key.pem", datetime.now(UTC))
            os.chown(tls / "key.pem", USERS["campbox-front"], USERS["campbox-front"])
        (places.ROOT / "trust.pem").write_bytes(self.authority.pem)

    def _box_start(self) -> None:
        self.supervisor = box_place.assemble(self.config, self.box, python=self.python, enter=Namespace(plan.BOX).enter)
        self.supervisor.on_change = self._on_change
        self.supervisor.start()

    def _enrol_and_fetch(self) -> None:
        """Both happen by themselves within minutes; here the box is asked to hurry, so that the first phone finds services."""
        assert self.supervisor is not None
        self.hub.finish_import()
        deadline = time.monotonic() + pace.patient(PATIENCE)
        while not facts.read(self.box, "sync").get("services") and time.monotonic() < deadline:
            if (self.box.identity_dir / "root.json").exists() and "sync" not in self.supervisor.pids():
                self.supervisor.run_now("sync")
            self.hub.supervisor.tick()
            self.supervisor.tick()
            time.sleep(0.1)
        if self.disk is not None:
            self.disk.shrink()
        told = facts.read(self.box, "sync")
        self.say(
            f"the box has {told.get('services', 0)} services: {told.get('state', 'not enrolled')} {told.get('why', '')}".rstrip()
        )

    def _browser(self) -> None:
        """The host's browser becomes a phone, and finds box and hub behind loopback ports."""
        (places.ROOT / "world.json").write_text(self._world().to_json())
        visiting = Roster(
            0, Namespace(plan.BOX), self.config.lan.bridge,
            command=phone_command(sys.executable, places.ROOT / "world.json"), environment=self.environment,
        )  # fmt: skip
        wrong = [o for o in visiting.act(plan.VISITOR, kinds.PHONE_KINDS[3], ("join",)) if not o.holds]
        for outcome in wrong:
            self.say(f"  the host's browser, not so: {outcome.expect}: {outcome.figure}")
        gateway, hub = str(self.config.lan.address.ip), self.hub.config
        for name, (into, address, port) in {
            "portal": (plan.VISITOR, gateway, 80),
            "hub": (plan.HUB, "127.0.0.1", hub.plain_port),
            "mqtt": (plan.HUB, "127.0.0.1", hub.mqtt_port),
        }.items():
            self.forwarders[name] = forward.start(
                into, address, port, wanted=PORTS[name], python=sys.executable, environment=self.environment
            )

    def _world(self) -> World:
        lan, web = self.config.lan, self.internet.host(WEB_HOST)
        return World(
            portal_name=self.config.access.portal_name,
            api_name=self.config.access.api_name,
            gateway=str(lan.address.ip),
            gateway6=str(lan.address6.ip),
            network=str(lan.address.network),
            network6=str(lan.address6.network),
            dns=str(plan.DNS4),
            dns6=str(plan.DNS6),
            web_host=web.name,
            web_address=str(web.address),
            web_address6=str(web.address6),
            languages=self.config.site.languages,
            trust=str(places.ROOT / "trust.pem"),
        )
