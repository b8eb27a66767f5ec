"""W A real signed repository in a folder, a wire that may lie, and a box that verifies what comes over it."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

from appliance import facts
from content_cache import snapshot
from content_cache.carrier import Answer
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Source
from content_cache.folder_carrier import Folder
from content_cache.publish import delegation, keys
from content_cache.publish.edition import edition
from content_cache.publish.signing import SignedRepository
from content_cache.refresh import Sync
from content_cache.sources import kept
from tests.content_cache.data import many
from tests.content_cache.site import place, site
from tests.content_cache.test_layers import CATALOGUE, OWN, clinic

NOW = datetime.datetime.now(datetime.UTC)


class Hub:
    """A real repository in a folder, at any time; ``publish`` signs a catalogue of so many clinics."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys, self.serial = folder / "repository", folder / "keys", 0
        keys.ensure(self.keys)
        self.at().begin()

    def at(self, days: float = 0, *drawers: Path) -> SignedRepository:
        return SignedRepository(self.folder, self.keys, NOW + datetime.timedelta(days=days), drawers)

    def publish(self, services: int, catalogue: Any = None, days: float = 0) -> None:
        self.serial += 1
        made = catalogue or many(services)
        self.at(days).publish(edition(made, snapshot.write(made), self.serial, {}).files)

    def newest(self, role: str) -> Path:
        path = self.at().newest(role)
        assert path is not None
        return path

    def target(self) -> Path:
        ((name, target),) = self.at().targets().targets.items()
        return self.at().file(name, target)


class Wire:
    """Carries the folder as the hub's web server would; what stands in ``lies`` is answered in its place."""

    place, metered, name = "hub", False, "hub"

    def __init__(self, folder: Path) -> None:
        self.true, self.lies, self.drawn = Folder(folder), dict[str, Callable[[], Iterator[bytes]]](), 0

    @contextlib.contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        for end, lie in self.lies.items():
            if path.endswith(end):
                yield Answer(200, {}, self._counted(lie()))
                return
        with self.true.get(path, headers) as answer:
            yield answer

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.drawn += len(piece)
            yield piece


class Box:
    """A box that trusts the hub's first root and holds ten services."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.layout, self.wire = place(folder), Wire(hub.folder)
        self.root = (hub.folder / "metadata" / "1.root.json").read_bytes()

    def look(self) -> dict[str, Any]:
        Sync(site(), self.layout, [Source(self.wire, self.root, kept(self.layout), lambda seconds: None)]).run()
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """One that has published ten services."""
    made = Hub(tmp_path / "hub")
    made.publish(10)
    return made


@pytest.fixture
def box(tmp_path: Path, hub: Hub) -> Box:
    """One that has them."""
    made = Box(tmp_path / "box", hub)
    assert made.look()["state"] == "updated" and made.services == 10
    return made


def refused(box: Box, why: str) -> None:
    """Refused with this reason, and the ten services still stand."""
    told = box.look()
    assert told["state"] == "refused" and why in told["why"], told
    assert box.services == 10 and told["services"] == 10


def resign(hub: Hub, path: Path, change: Callable[[Any], None], *signers: CryptoSigner) -> None:
    """Change metadata and sign it anew with these keys."""
    metadata: Metadata[Any] = Metadata.from_file(str(path))
    change(metadata.signed)
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    path.write_bytes(metadata.to_bytes())


def key_of(hub: Hub, role: str) -> CryptoSigner:
    """The key that a role signs with."""
    return keys.load(hub.keys / f"{role}.pem")


def with_layer(folder: Path, *lines: dict[str, Any]) -> tuple[Hub, Box, CryptoSigner]:
    """A box that holds a catalogue of two services with one organisation's layer over it."""
    hub, key = Hub(folder / "hub"), CryptoSigner.generate_ed25519()
    hub.publish(0, CATALOGUE)
    delegation.allow(hub.at(), OWN, key.public_key)
    content = "".join(json.dumps(one) + "\n" for one in lines or (clinic(alert="Closed today"),)).encode()
    delegation.accept(hub.at(), OWN, delegation.sign(OWN, content, key, NOW), content, CATALOGUE)
    box = Box(folder / "box", hub)
    assert box.look()["state"] == "updated" and box.services == 2
    return hub, box, key
