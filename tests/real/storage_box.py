"""E What a box writes, each through the product's own code, called where its service calls it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from appliance import box, clock, facts, files
from appliance.errors import NotSo
from appliance.gate import daemon
from appliance.gate.admission import Memory
from appliance.gate.code_files import CodeFiles
from appliance.layout import Layout
from appliance.moment import BUILT, Moment
from appliance.values import BoxId
from content_cache import base_file, downloads, notice_board, notices
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Source
from content_cache.folder_carrier import Folder
from content_cache.laid import Laid
from content_cache.layers import Layer, Signed
from content_cache.layers import role as role_of
from content_cache.ledger import AHEAD, Ledger
from content_cache.part_file import PartFile
from content_cache.refresh import Sync
from content_cache.sources import kept as trusted_folder
from content_cache.targets import File
from provisioning import box_key
from provisioning.identity import Enrolled
from telemetry.last_result import LastResult
from telemetry.outbox import Outbox
from tests.content_cache.data import many
from tests.content_cache.signed_place import Hub
from tests.content_cache.site import site
from tests.real.storage_row import Row

_IN_RAM = {"power cut without -shm": "it stands in RAM, for as long as the power lasts"}
_BOOT = b"0123456789abcdef"
_NO_RENAME = {"cut in mid-rename": "nothing is renamed"}


def _folder(layout: Layout, name: str) -> Path:
    """As the supervisor makes it."""
    folder = layout.service_data(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _content(layout: Layout) -> Path:
    """As a look for a catalogue begins (content_cache.refresh)."""
    folder = _folder(layout, "content")
    files.sweep(folder)
    return folder


class _Outbox:
    def __init__(self, layout: Layout) -> None:
        self.outbox = Outbox(_folder(layout, "telemetry") / "outbox.sqlite")

    def write(self, number: int) -> None:
        self.outbox.add(_BOOT, clock.now(), {1: number})

    def kept(self) -> list[int]:
        return [int(str(row.values[1])) for row in self.outbox.oldest()[1]]


class _SelftestMemory:
    """Each result has another verdict: the number, in binary."""

    def __init__(self, layout: Layout) -> None:
        self.last = LastResult(_folder(layout, "telemetry") / "result.json", BoxId("box-1"))

    def write(self, number: int) -> bool:
        checks = [{"name": f"n{bit}", "ok": bool(number >> bit & 1), "what": "", "mend": ""} for bit in range(6)]
        return self.last.keep(_BOOT, clock.now(), {"state": "failed", "checks": checks, "at": number})

    def kept(self) -> list[int]:
        last = self.last.waiting
        return [] if last is None else [sum(bool(line.ok) << bit for bit, line in enumerate(last.lines))]


class _GateMemory:
    def __init__(self, layout: Layout) -> None:
        _folder(layout, "gate")
        self.layout = layout

    def write(self, number: int) -> bool:
        daemon.write_memory(self.layout, Memory(str(number), had_admitted=True))
        return self.kept() == [number]

    def kept(self) -> list[int]:
        memory = daemon.read_memory(self.layout)
        return [] if memory is None else [int(memory.boot)]


class _Codes:
    """A new code comes, the one before is forgotten."""

    def __init__(self, layout: Layout) -> None:
        self.files = CodeFiles(_folder(layout, "gate") / "codes")

    def write(self, number: int) -> None:
        self.files.write(f"{number:06}", {"number": number})
        for old in self.kept():
            if old < number:
                self.files.remove(f"{old:06}")

    def kept(self) -> list[int]:
        return [value["number"] for value in self.files.read().values()]


class _Facts:
    def __init__(self, layout: Layout) -> None:
        layout.facts_dir.mkdir(parents=True, exist_ok=True)
        self.layout = layout

    def write(self, number: int) -> bool | None:
        facts.publish(self.layout, "sync", {"number": number})
        return facts.read(self.layout, "sync") == {"number": number}

    def kept(self) -> list[int]:
        return [told] if (told := facts.read(self.layout, "sync").get("number")) else []


class _CatalogueStore:
    def __init__(self, layout: Layout) -> None:
        self.path = _content(layout) / FILE

    def write(self, number: int) -> None:
        build(self.path, many(2), number, "aa")

    def kept(self) -> list[int]:
        about = Store(self.path).about()
        return [] if about is None else [about.serial]


class _Base:
    def __init__(self, layout: Layout) -> None:
        self.folder = _content(layout)

    def write(self, number: int) -> None:
        base_file.keep(self.folder, number, os.urandom(2_000))

    def kept(self) -> list[int]:
        return [serial for serial in base_file.serials(self.folder) if base_file.read(self.folder, serial) is not None]


class _Parts:
    """A file is fetched, in two pieces, and given to the neighbours."""

    def __init__(self, layout: Layout) -> None:
        self.folder = _content(layout)

    def write(self, number: int) -> None:
        content = self._content(number)
        digest = hashlib.sha256(content).hexdigest()
        part = PartFile(self.folder / "parts", File("catalogue.zst", len(content), digest, len(content), (digest[:32],)))
        part.look()
        part.given_by(part.look(), "hub", "")
        for piece in (content[part.length : 5_000], content[max(part.length, 5_000) :]):
            part.append(piece)
        part.move(self.folder / "repository" / "targets" / str(number))

    def kept(self) -> list[int]:
        there = (self.folder / "repository" / "targets").glob("*")
        return [number if path.read_bytes() == self._content(number) else -1 for path in there if (number := int(path.name))]

    @staticmethod
    def _content(number: int) -> bytes:
        return bytes([number]) * 9_000


class _Layers:
    def __init__(self, layout: Layout) -> None:
        folder = _content(layout)
        self.laid = Laid(folder / "layers", folder / "repository")
        self.organisation = "6b1a7f0e-52d5-5d0e-9a53-0c5f0a1c6d11"

    def write(self, number: int) -> None:
        self.laid.keep([(self._signed(), Layer(self.organisation, f"{number}".encode()))])

    def kept(self) -> list[int]:
        before = self.laid.before(self._signed())
        return [] if before is None else [int(before.untrusted or b"-1")]

    def _signed(self) -> Signed:
        return Signed(role_of(self.organisation, "a" * 64), self.organisation, File("x", 1, "0" * 64, 1, ()))


class _Notices:
    def __init__(self, layout: Layout) -> None:
        _content(layout)
        layout.facts_dir.mkdir(parents=True, exist_ok=True)
        self.layout, self.number = layout, 0

    def small(self, _name: str, _limit: int) -> bytes:
        """As a signed repository answers."""
        return notices.write(notices.Board(released=(f"{self.number:064}",)))

    def write(self, number: int) -> None:
        self.number = number
        notice_board.take(self, self.layout)

    def kept(self) -> list[int]:
        return [int(one) for one in notice_board.stored(self.layout).released]


class _Ledger:
    """The account of the month: ``number`` bytes have come. On disk it may be ahead, never behind."""

    def __init__(self, layout: Layout) -> None:
        self.path = _content(layout) / "spent.json"

    def write(self, number: int) -> None:
        ledger = self._ledger()
        octets = number - ledger.spent.octets % AHEAD
        ledger.expect(octets)
        ledger.came(octets)
        ledger.spent = type(ledger.spent)(ledger.spent.period, number)
        ledger.close()

    def kept(self) -> list[int]:
        octets = self._ledger().spent.octets
        return [octets % AHEAD] if octets else []

    def _ledger(self) -> Ledger:
        given = site()
        metered = dataclasses.replace(given, catalogue=dataclasses.replace(given.catalogue, monthly_mb=100.0))
        return Ledger(self.path, metered, Moment(BUILT, 0, "synced"))


class _Downloads:
    """The whole catalogue as one file: no longer there when the next edition has come."""

    def __init__(self, layout: Layout) -> None:
        self.folder = _content(layout) / "downloads"

    def write(self, number: int) -> None:
        def text(file: IO[bytes], header: dict[str, Any]) -> None:
            file.write(json.dumps([header] * 1_000).encode())

        downloads._make(self.folder / f"{number}.catalogue.json", {"number": number}, text)

    def kept(self) -> list[int]:
        found = [path for path in self.folder.glob("*") if not path.name.startswith(".")]
        return [max(json.loads(path.read_bytes())[999]["number"] for path in found)] if found else []


class _Enrolment:
    """What a renewal brings; a certificate is there only with all that came with it."""

    def __init__(self, layout: Layout) -> None:
        self.folder = _folder(layout, "identity")
        box_key.sweep(self.folder)

    def write(self, number: int) -> None:
        enrolled = Enrolled(f"{number}", f"host-{number}", 8883, "https://hub/catalogue/", "{}")
        box_key.keep(self.folder, enrolled, "ca", renewed=False)

    def kept(self) -> list[int]:
        try:
            number = int((self.folder / "cert.pem").read_text() or "-1")
        except FileNotFoundError:
            return []
        host = files.read_json(self.folder / "mqtt.json")["host"]
        return [number] if int(host.removeprefix("host-")) >= number else [-1]


class _Token:
    """A new card brings a token; it moves into the agent's keeping before it leaves the identity file."""

    def __init__(self, layout: Layout) -> None:
        layout.etc.mkdir(parents=True, exist_ok=True)
        self.layout = layout
        box.prepare_identity(layout)

    def write(self, number: int) -> None:
        files.write_json(self.layout.identity_file, {"box": "box-1", "token": f"{number}"}, 0o600)
        box.prepare_identity(self.layout)

    def kept(self) -> list[int]:
        identity = files.read_json(self.layout.identity_file) or {}
        there = [box_key.read_token(self.layout.identity_dir), identity.get("token")]
        return [max(int(token) for token in there if token)] if any(there) else []


class _Keys:
    """One key in each of many folders: the same key is found again."""

    def __init__(self, layout: Layout) -> None:
        self.folder = _folder(layout, "identity")
        for place in self.folder.iterdir():
            box_key.sweep(place)

    def write(self, number: int) -> bool:
        place = self.folder / str(number)
        files.make_folder(place)
        return box_key.load_or_make_key(place).public_key() == box_key.load_or_make_key(place).public_key()

    def kept(self) -> list[int]:
        return [int(place.name) for place in self.folder.iterdir() if self._whole(place)]

    def _whole(self, place: Path) -> bool:
        if not (place / "key.pem").exists():
            return False
        box_key.load_or_make_key(place)
        return True


class _Sync:
    """A whole look at a real signed repository, one edition later each time."""

    EDITIONS = 60

    def __init__(self, layout: Layout) -> None:
        for folder in ("content", "identity"):
            _folder(layout, folder)
        for run in (layout.service_run("sync"), layout.facts_dir):
            run.mkdir(parents=True, exist_ok=True)
        self.layout, self.hub = layout, Path(os.environ["CAMPBOX_STORAGE_BEFORE"])
        self.root = (self.hub / "1" / "metadata" / "1.root.json").read_bytes()

    @classmethod
    def before(cls, folder: Path) -> None:
        hub = Hub(folder / "hub")
        for number in range(1, cls.EDITIONS):
            hub.publish(2)
            shutil.copytree(folder / "hub" / "repository", folder / str(number), copy_function=os.link)

    def write(self, number: int) -> bool:
        source = Source(Folder(self.hub / str(number)), self.root, trusted_folder(self.layout), lambda seconds: None)
        outcome = Sync(site(), self.layout, [source]).run()
        if outcome.state in ("current", "updated"):
            return True
        raise NotSo(f"{outcome.state}: {outcome.why}")

    def kept(self) -> list[int]:
        about = Store(self.layout.service_data("content") / FILE).about()
        return [] if about is None else [about.serial]


BOX: tuple[Row, ...] = (
    Row("outbox", _Outbox, ("telemetry.outbox", "telemetry.outbox_file"), everything=True, open=True,
        lock=lambda layout: layout.service_data("telemetry") / "outbox.sqlite", cannot=_NO_RENAME),
    Row("self-test memory", _SelftestMemory, ("telemetry.last_result",)),
    Row("gate memory", _GateMemory, ("appliance.gate.daemon",)),
    Row("codes", _Codes, ("appliance.gate.code_files",)),
    Row("facts", _Facts, ("appliance.facts",), cannot=_IN_RAM),
    Row("catalogue store", _CatalogueStore, ("content_cache.catalogue_builder",), room=4_000_000),
    Row("catalogue base", _Base, ("content_cache.base_file",), everything=True),
    Row("parts", _Parts, ("content_cache.part_file",), everything=True),
    Row("layers", _Layers, ("content_cache.laid",)),
    Row("notices", _Notices, ("content_cache.notice_board",)),
    Row("ledger", _Ledger, ("content_cache.ledger",)),
    Row("downloads", _Downloads, ("content_cache.downloads",)),
    Row("enrolment", _Enrolment, ("provisioning.box_key",)),
    Row("token", _Token, ("appliance.box",)),
    Row("keys of a box", _Keys, ("provisioning.box_key",), everything=True),
    Row("sync", _Sync, ("content_cache.refresh", "content_cache.mirror", "content_cache.fetch"),
        open=True, room=26_000_000, before=_Sync.before, lock=lambda layout: layout.service_data("content") / "lock"),
)  # fmt: skip
