"""E What a hub writes, each through the product's own code, called where its service calls it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from cryptography import x509

from appliance.errors import NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.values import BoxId
from content_cache import snapshot
from content_cache.publish import desk, desk_file, publisher, signing
from content_cache.publish.desk import Item
from provisioning.authority import certificates
from provisioning.authority.store import Store
from provisioning.enrolment import Ticket
from telemetry import message
from telemetry.dashboard import admin, ingest, people
from telemetry.dashboard.ended_sessions import EndedSessions
from telemetry.dashboard.hub_link import State
from telemetry.dashboard.inbox import Arrived
from telemetry.dashboard.report_store import connect, store_file
from tests.content_cache.data import many
from tests.real.storage_row import Row

_HUB = HubConfig("hub.example.org")
_NO_RENAME = {"cut in mid-rename": "nothing is renamed"}


def _folder(layout: Layout) -> Path:
    folder = layout.data / "hub"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _Link:
    """In place of the broker's connection: what waits there, and what was acknowledged to it."""

    def __init__(self) -> None:
        self.waiting, self.acknowledged = list[Arrived](), list[Arrived]()

    def state(self) -> State:
        return State(1, None, 0.0, len(self.waiting))

    def take(self, _seconds: float) -> list[Arrived]:
        taken, self.waiting = self.waiting, []
        return taken

    def acknowledge(self, hand: list[Arrived]) -> None:
        self.acknowledged += hand

    def publish(self, _topic: str, _payload: bytes) -> None:
        """To nobody."""

    def dropped(self) -> dict[tuple[str, str], int]:
        return {}


class _Reports:
    """Ingest, turn for turn. What it does not take at once it has in hand, and takes later."""

    def __init__(self, layout: Layout) -> None:
        _folder(layout)
        ingest._PATIENCE = 0.0
        self.layout, self.link = layout, _Link()
        ingest.HubLink = lambda *_: self.link  # type: ignore[assignment, misc]
        self.service = ingest.Service(HubConfig("127.0.0.1"), layout)

    def write(self, number: int) -> bool:
        report = message.Row(number, number, 1_800_000_000 + number, "synced", {})
        batch = message.encode(message.Batch(BoxId("box-1"), b"0123456789abcdef", b"journal1", (report,), number))
        self.link.waiting.append(Arrived("box-1", "campbox/v1/box-1/up/t", batch, False, 1, number))
        for _ in range(2):
            self.service.turn()
        if refused := self.service.sign().refused:
            raise NotSo(refused)
        return any(one.number == number for one in self.link.acknowledged)

    def kept(self) -> list[int]:
        try:
            with contextlib.closing(connect(store_file(self.layout))) as db:
                return [number for (number,) in db.execute("SELECT sequence FROM reports")]
        except sqlite3.Error as error:
            raise NotSo(str(error)) from error


class _EndedSessions:
    """Ended once, a session is never taken again; where that could not be written, whoever ended it is told so."""

    def __init__(self, layout: Layout) -> None:
        _folder(layout)
        self.ended = EndedSessions(layout)

    def write(self, number: int) -> bool:
        if not self.ended.end(f"{number}", 2e9, 1.0):
            raise NotSo("false: only this process knows it")
        return True

    def kept(self) -> list[int]:
        return [number for number in range(1, 100) if f"{number}" in self.ended]


class _People:
    def __init__(self, layout: Layout) -> None:
        _folder(layout)
        admin.ensure(layout)
        self.layout = layout

    def write(self, number: int) -> None:
        people.add(self.layout, f"person-{number}")

    def kept(self) -> list[int]:
        return [int(name.removeprefix("person-")) for name in people.names(self.layout)[1:]]


class _Tickets:
    def __init__(self, layout: Layout) -> None:
        certificates.folder(layout).mkdir(parents=True, exist_ok=True)
        self.store = Store(layout)

    def write(self, number: int) -> None:
        self.store.add_ticket(f"{number}", Ticket(f"box-{number}", "camp", 1.0, 2.0))

    def kept(self) -> list[int]:
        return [int(one.box.removeprefix("box-")) for one in self.store.enrolments(1.0)]


class _Authority:
    """A whole authority for each number; one that was cut short is finished at the next start."""

    def __init__(self, layout: Layout) -> None:
        self.top = _folder(layout)
        for place in self.top.iterdir():
            certificates.prepare(Layout.under(place, place), _HUB)

    def write(self, number: int) -> None:
        place = self.top / str(number)
        certificates.prepare(Layout.under(place, place), _HUB)

    def kept(self) -> list[int]:
        return [int(place.name) for place in self.top.iterdir() if self._whole(certificates.folder(Layout.under(place, place)))]

    def _whole(self, place: Path) -> bool:
        names = ("ca", "server", "ingest")
        if not all((place / f"{name}.pem").exists() for name in names):
            return False
        authority, *leaves = (x509.load_pem_x509_certificate((place / f"{name}.pem").read_bytes()) for name in names)
        for leaf in leaves:
            leaf.verify_directly_issued_by(authority)
        keys = [certificates._load_key(place / f"{name}-key.pem").public_key() for name in names]
        return keys == [one.public_key() for one in (authority, *leaves)]


class _Publish:
    """An edition of so many services is signed."""

    def __init__(self, layout: Layout) -> None:
        _folder(layout)
        self.layout = layout
        publisher.ensure(layout)

    def write(self, number: int) -> None:
        place = publisher.Place.of(self.layout)
        publisher._sign(place, many(number))
        assert self.kept() == [number]

    def kept(self) -> list[int]:
        repository = publisher._repository(publisher.Place.of(self.layout))
        if repository.current() is None:
            return []
        repository.look_through()
        return [snapshot.read(publisher.read_current(self.layout)).count("service")]


class _Desk:
    def __init__(self, layout: Layout) -> None:
        signing.PATIENCE = 1.0
        (_folder(layout) / "publish").mkdir(exist_ok=True)
        self.layout = layout

    def write(self, number: int) -> None:
        item = Item(f"{number}", "numbers", {"numbers": []}, "amal", "now")
        desk_file.change(self.layout, lambda before: desk.propose(before, item), lambda before, after: None)

    def kept(self) -> list[int]:
        return [int(item.id) for item in desk_file.load(self.layout).items]


HUB: tuple[Row, ...] = (
    Row("report store", _Reports, ("telemetry.dashboard.report_store", "telemetry.dashboard.ingest"), everything=True, open=True,
        lock=store_file, cannot=_NO_RENAME),
    Row("ended sessions", _EndedSessions, ("telemetry.dashboard.ended_sessions",), everything=True),
    Row("people of a hub", _People, ("telemetry.dashboard.people", "telemetry.dashboard.admin"), everything=True),
    Row("tickets", _Tickets, ("provisioning.authority.store",), everything=True, cannot=_NO_RENAME,
        lock=lambda layout: certificates.folder(layout) / "enrolment.sqlite"),
    Row("authority", _Authority, ("provisioning.authority.certificates", "provisioning.authority.revocation"), everything=True),
    Row("publish", _Publish, ("content_cache.publish.publisher", "content_cache.publish.signing", "content_cache.publish.history",
                              "content_cache.publish.journal", "content_cache.publish.keys"), room=4_000_000),
    Row("desk", _Desk, ("content_cache.publish.desk_file",), everything=True,
        lock=lambda layout: layout.data / "hub" / "publish" / "desk.lock"),
)  # fmt: skip
