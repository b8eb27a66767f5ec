"""Twenty-six months of a hub and a box that nobody starts again, with clocks that are unset, run ahead and fall back.

The product's own code renews: the agents of box and hub, the authority's desk, the signed repository, the supervisor. Only the
clocks, the network and the processes are stood in for. At the end everything with an end date is good, and what is used is what is
good: a certificate on the disk helps nobody.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata

from appliance import lifetime, rereading, supervisor
from appliance.clock import BUILT, Moment, Trust
from appliance.errors import Unreachable
from appliance.files import write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.services import SERVICES
from appliance.supervisor import Supervisor
from appliance.values import BoxId
from content_cache.publish import publisher
from provisioning import hub_link, joining
from provisioning.authority import certificates, desk
from provisioning.hub_link import ClockWrong
from provisioning.identity import Identity
from telemetry import opening
from telemetry.agent import Agent
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.outbox import Outbox
from tests.fakes.mqtt import FakeBroker, FakeLink
from tests.telemetry.delivery import StubStation

DAY = 86_400.0
DAYS = 26 * 365 // 12
BEGIN = BUILT + 100 * DAY
HUB = HubConfig(host="hub.example.org")
BOX = BoxId("north-1")


@dataclass(frozen=True)
class Spell:
    """From ``first`` to ``last`` (days), one clock is wrong by so many days and trusted so far."""

    first: int
    last: int
    whose: str
    off: float
    trust: Trust


STORY = (
    Spell(0, 3, "box", -1e6, "none"),  # no battery clock: 1970 until a time server answers
    Spell(100, 102, "hub", 3 * 365, "synced"), Spell(200, 203, "box", 3 * 365, "synced"), Spell(230, 233, "box", 3 * 365, "floor"),
    Spell(300, 305, "box", -365, "floor"), Spell(400, 401, "hub", -365, "floor"), Spell(430, 431, "hub", -1e6, "none"),
    Spell(480, 520, "box", -1e6, "none"), Spell(600, 604, "hub", 3 * 365, "floor"), Spell(650, 652, "hub", -20, "synced"),
)  # fmt: skip
AWAY = range(240, 262)
"""Days on which the box has no way to the hub, just when its certificate becomes due."""


class Process:
    """A daemon of the hub: it reads its certificate when it starts and when it is told to, never in between."""

    pid = 4_194_305

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths, self.told, self.loaded = paths, 0, b""
        self.send_signal(0)
        self.told = 0

    def poll(self) -> int | None:
        return None

    def send_signal(self, _number: int) -> None:
        self.told, self.loaded = self.told + 1, Path(self.paths[0]).read_bytes()


class World:
    """Both places, and a true time that moves by days."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.day, self.monkeypatch = 0.0, monkeypatch
        self.hub, self.box = (Layout.under(root / name, root) for name in ("hub", "box"))
        for folder in (
            self.hub.etc,
            self.hub.log,
            self.box.identity_dir,
            self.box.facts_dir,
            self.box.service_run("enrol"),
            self.box.etc,
        ):
            folder.mkdir(parents=True)
        monkeypatch.setattr(publisher, "now", lambda: datetime.datetime.fromtimestamp(self.at("hub").wall, datetime.UTC))
        monkeypatch.setattr(joining, "clock", self)
        monkeypatch.setattr(hub_link, "fetch_authority", self._fetch)
        monkeypatch.setattr(hub_link, "enrol", self._enrol)
        monkeypatch.setattr(supervisor.time, "monotonic", lambda: self.day * DAY)
        self.renew_hub()
        ticket = desk.make_ticket(self.hub, box=BOX, site=BoxId("north"), host=HUB.host, port=443, now=self.true)
        (self.box.identity_dir / "token").write_text(ticket.pop("token"))
        write_json(self.box.identity_file, ticket)
        self.daemons = self._daemons()
        self.db = connect(root / "store.sqlite")
        self.broker, self.outbox = FakeBroker(ReportStore(self.db)), Outbox(root / "outbox.sqlite")
        self.links, self.used = list[FakeLink](), b""
        self.agent = Agent(
            BOX, "North", StubStation(self.outbox, DAY), self._connect, now=lambda: self.day * DAY,
            identity=lambda: opening.identity(self.box),
        )  # fmt: skip

    @property
    def true(self) -> float:
        return BEGIN + self.day * DAY

    def at(self, whose: str) -> Moment:
        """What this place's clock says."""
        spells = [spell for spell in STORY if spell.whose == whose and spell.first <= self.day < spell.last]
        wall, trust = (self.true + spells[0].off * DAY, spells[0].trust) if spells else (self.true, "synced")
        return Moment(max(wall, BUILT), self.day * DAY + 60, "none" if wall < BUILT else trust)

    def now(self) -> Moment:
        """Stands for ``appliance.clock`` on the box."""
        return self.at("box")

    def right(self) -> bool:
        """Whether both clocks have been right for a day, and the box has its way to the hub."""
        wrong = any(spell.first <= self.day <= spell.last + 1 for spell in STORY)
        return not wrong and int(self.day) not in AWAY

    def renew_hub(self) -> None:
        """What the hub's timers do."""
        moment = self.at("hub")
        certificates.prepare(self.hub, HUB, moment)
        if moment.trust != "none":
            publisher.ensure(self.hub)
        desk.revoke(self.hub)

    def _daemons(self) -> dict[str, tuple[Supervisor, Process]]:
        found = {}
        for service in [s for s in SERVICES if s.place == "hub" and s.rereads]:
            process = Process(service.rereads_paths(self.hub))
            self.monkeypatch.setattr(supervisor, "spawn", lambda argv, process=process, **more: process)
            self.monkeypatch.setattr(Supervisor, "command", lambda self, service: ["true"])
            made = Supervisor([service], self.hub, python="python")
            made._try_launch(made.children[service.name])
            ready = Path(service.ready_path(self.hub) or "")
            ready.parent.mkdir(parents=True, exist_ok=True)
            ready.touch()
            found[service.name] = made, process
        return found

    def _reach(self) -> None:
        """TLS, as the box's clock sees it."""
        if int(self.day) in AWAY:
            raise Unreachable("the hub does not answer", where=HUB.host)
        begins, ends = lifetime.dates(self.daemons["hub-nginx"][1].loaded)
        if not begins <= self.at("box").wall < ends:
            raise ClockWrong("the hub's certificate is not valid at this box's time", where=HUB.host)

    def _fetch(self, _identity: Identity) -> str:
        self._reach()
        return certificates.authority_pem(self.hub)

    def _enrol(self, _identity: Identity, _ca: str, request: dict[str, Any]) -> bytes:
        self._reach()
        answer = desk.answer(json.dumps(request).encode(), HUB, self.hub, self.at("hub").wall)
        assert answer.status == 200, answer.body
        return json.dumps(answer.body).encode()

    def _connect(self, death: bytes) -> FakeLink | None:
        path = self.box.identity_dir / "cert.pem"
        if not path.exists():
            return None
        self.used = path.read_bytes()
        self.links.append(FakeLink(self.broker, str(BOX), death))
        return self.links[-1]

    def live(self) -> None:
        """A day at both places."""
        self.renew_hub()
        for made, _ in self.daemons.values():
            made.tick()
        joining._run(self.box)
        self.agent.step()
        self.agent.step()
        self.day += 1.0

    def good(self, pem: bytes) -> bool:
        begins, ends = lifetime.dates(pem)
        return begins <= self.true < ends

    def signed_until(self) -> dict[str, float]:
        folder = publisher.Place.of(self.hub).repository / "metadata"
        found = {}
        for role in ("root", "targets", "snapshot", "timestamp"):
            newest = max(
                folder.glob(f"*{role}.json"), key=lambda path: int(path.name.split(".")[0]) if path.name[0].isdigit() else 0
            )
            found[role] = Metadata[Any].from_file(str(newest)).signed.expires.timestamp()
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("telemetry.agent.time.sleep", lambda _: None)
    monkeypatch.setattr(rereading, "PACE", 10.0)
    made = World(tmp_path, monkeypatch)
    yield made
    made.db.close()


def _all_good(world: World) -> dict[str, bool]:
    keys = certificates.folder(world.hub)
    return {
        **{name: world.good((keys / name).read_bytes()) for name in ("ca.pem", "server.pem", "ingest.pem")},
        **{f"{name} uses": world.good(process.loaded) for name, (_, process) in world.daemons.items()},
        **{role: ends > world.true for role, ends in world.signed_until().items()},
        "the box has": world.good((world.box.identity_dir / "cert.pem").read_bytes()),
        "the box uses": world.good(world.used),
    }


def test_r4_twenty_six_months_with_clocks_that_jump_and_everything_is_good_and_in_use(world: World) -> None:
    loaded = set()
    bad: dict[float, list[str]] = {}
    check: Callable[[], dict[str, bool]] = lambda: _all_good(world)  # noqa: E731
    while world.day < DAYS:
        world.live()
        loaded.add(world.used)
        if world.right() and (wrong := [name for name, good in check().items() if not good]):
            bad[world.day] = wrong
    assert bad == {}, "on every day on which both clocks were right"
    assert all(check().values()) and world.links[-1].open and world.agent.connected
    assert 3 <= len(loaded) <= 40, "renewed, and not at every look"
    assert all(process.told >= 2 for _, process in world.daemons.values()), "each was told while running, none started again"
    assert world.outbox.dropped == 0 == world.outbox.lost
