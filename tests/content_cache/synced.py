"""W A box whose sync is tried: its folders are real, its hub is a stand-in whose files are real."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.layout import Layout
from content_cache import layers, line, mirror, patches, refresh, snapshot, taking
from content_cache.catalogue_store import FILE, Store
from content_cache.layers import Layer, Signed
from content_cache.lean import lean
from content_cache.refresh import Sync
from content_cache.snapshot import Catalogue
from content_cache.sync import due
from content_cache.targets import Edition, File, Offer, Patch
from tests.content_cache.carried import Carried, signed
from tests.content_cache.data import many
from tests.content_cache.site import place, site


class FakeHub:
    """Stands for ``fetch.Source``: offers one catalogue and patches to it, or fails in a given way. Its files are real."""

    def __init__(self) -> None:
        self.carrier, self.problem, self.notices = Carried(), None, None
        self.editions: list[tuple[Edition, bytes]] = []
        self.patches: dict[int, Patch] = {}
        self.laid: list[Layer] = []

    @property
    def place(self) -> str:
        return self.carrier.place

    @property
    def fetched(self) -> list[str]:
        """Names of the files it was asked for."""
        return [path.rpartition(".")[0].rpartition(".")[2] for path, _ in self.carrier.asked]

    def publish(self, catalogue: Catalogue, **claims: Any) -> Edition:
        canonical, serial = snapshot.write(catalogue), len(self.editions) + 1
        usual = {
            "file": self._stored("full.zst", patches.pack(lean(canonical))), "serial": serial, "size": len(canonical),
            "snapshot": hashlib.sha256(canonical).hexdigest(), "services": catalogue.count("service"),
            "sample": catalogue.header.sample, "date": catalogue.header.date,
        }  # fmt: skip
        self.patches = {
            one.serial: Patch(self._stored("patch.zst", patches.diff(lean(base), lean(canonical))), one.serial, serial)
            for one, base in self.editions
        }
        self.editions.append((Edition(**(usual | claims)), canonical))
        return self.editions[-1][0]

    def _stored(self, name: str, content: bytes) -> File:
        file = signed(content, name=name)
        self.carrier.files[mirror.address(file.name, file.sha256)] = content
        return file

    def spoil(self, name: str, content: bytes | None) -> None:
        """Files of this name hold something else, which is what was signed, or are gone."""
        edition = self.editions[-1][0]
        if content is None:
            self.carrier.files = {path: kept for path, kept in self.carrier.files.items() if not path.endswith(name)}
        elif name == "full.zst":
            self.editions[-1] = (dataclasses.replace(edition, file=self._stored(name, content)), b"")
        else:
            file = self._stored(name, content)
            self.patches = {base: dataclasses.replace(patch, file=file) for base, patch in self.patches.items()}

    def offer(self) -> Offer | None:
        if self.problem is not None:
            raise self.problem
        return Offer(self.editions[-1][0], self.patches) if self.editions else None

    def layers(self) -> list[Signed]:
        return [self._signed(layer) for layer in self.laid]

    def _signed(self, layer: Layer) -> Signed:
        file = self._stored(layers.target(layer.organisation), layer.untrusted)
        return Signed(layers.role(layer.organisation, "0" * 8), layer.organisation, file)

    def small(self, name: str, limit: int) -> bytes | None:
        return self.notices


SOURCES: dict[Layout, list[Any]] = {}


class Box:
    """A box that is enrolled with a fake hub."""

    def __init__(self, folder: Path, *, sample: bool = False) -> None:
        self.layout, self.hub, self.config = place(folder), FakeHub(), site(sample=sample)
        self.sources: list[Any] = [self.hub]
        SOURCES[self.layout] = self.sources

    @property
    def folder(self) -> Path:
        return self.layout.service_data("content")

    def configure(self, **catalogue: Any) -> None:
        """Change the section [catalogue] of its site file."""
        self.config = dataclasses.replace(self.config, catalogue=dataclasses.replace(self.config.catalogue, **catalogue))

    def sync(self, *, ask: bool = True) -> dict[str, Any]:
        if ask:
            (self.layout.service_run("sync") / "now").touch()
        if due(self.config, self.layout):
            Sync(self.config, self.layout).run()
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No box of these tests has a network; those made by ``Box`` have the sources it says."""
    real = refresh.sources.sources
    monkeypatch.setattr(refresh.sources, "sources", lambda config, layout, came: SOURCES.get(layout) or real(config, layout, came))
    monkeypatch.setattr(taking.Taking, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(line, "look", lambda layout, own: None)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """One that has a catalogue of ten services."""
    made = Box(tmp_path)
    made.hub.publish(many(10))
    assert made.sync()["state"] == "updated"
    return made
