"""P What a build tells: its report, and the few lines a person reads."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.image.archive import Archive
from provisioning.image.libraries import Pinned


@dataclass(frozen=True)
class Built:
    """One image. Sizes in bytes, ``seconds`` a step, ``date`` in seconds since 1970, ``reused`` names the cached layers,
    ``spoken`` the languages that a machine reads aloud."""

    arch: str
    site: str
    version: str
    recipe: str
    base: str
    date: int
    file: str
    sha256: str
    sizes: Mapping[str, int]
    seconds: Mapping[str, float]
    reused: Sequence[str]
    compiled: bool
    packages: Sequence[Archive]
    wheels: Mapping[str, str]
    pinned: Sequence[Pinned]
    spoken: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and for the file beside the image."""
        return {
            "format": 1, "campbox": self.version, "arch": self.arch, "site": self.site, "recipe": self.recipe, "base": self.base,
            "built": iso(self.date), "file": self.file, "sha256": self.sha256, "sizes": dict(self.sizes),
            "seconds": {**self.seconds, "all": round(sum(self.seconds.values()), 2)}, "reused": list(self.reused),
            "compiled": self.compiled, "voices": list(self.spoken), "packages": [one.row() for one in self.packages],
            "libraries": [{"name": p.name, "version": p.version, "sha256": self.wheels[p.name]} for p in self.pinned],
        }  # fmt: skip

    def words(self) -> list[str]:
        """For a person."""
        mib = {name: f"{size / (1 << 20):.0f} MiB" for name, size in self.sizes.items()}
        reused = f", {' and '.join(self.reused)} from the cache" if self.reused else ""
        lines = [
            f"{self.file}: {mib['file']}, for {self.arch}, site {self.site}, recipe {self.recipe[:12]}",
            f"{len(self.packages)} packages and {len(self.pinned)} libraries; the system {mib['system']}, boot files {mib['boot']}",
            f"{sum(self.seconds.values()):.0f} s{reused}; the whole report is in {self.file}.json",
            f"what is in it and under which licence: {self.file}.spdx.json, {self.file}.licences.txt",
        ]
        if self.spoken:
            lines.append(f"a machine reads the welcome and the emergency page aloud in {' '.join(self.spoken)}")
        else:
            lines.append("no machine reads a page aloud: espeak-ng, opusenc or lame is not here, or has no voice for it")
        if not self.compiled:
            lines.append("not compiled: this machine's Python is another than the image's, so its first page takes longer")
        return lines


def iso(date: float) -> str:
    """ISO 8601, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date))


def manifest(*, arch: str, version: str, recipe: str, site: str, date: int, system: Mapping[str, Any]) -> dict[str, Any]:
    """``campbox/image.json`` in the boot partition: what this image is, for whoever holds only the card."""
    return {
        "format": 1, "campbox": version, "arch": arch, "recipe": recipe, "site": site, "built": iso(date), "system": dict(system),
    }  # fmt: skip
