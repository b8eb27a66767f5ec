"""E The organisations' layers of this box, on disk: what lies over its catalogue now, and what came for its neighbours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from appliance.files import make_folder, write_atomically
from content_cache.layers import Layer, Signed
from content_cache.mirror import address


class Laid:
    """In ``folder`` what was laid last, by role: what a key signed that was taken back is not found again under another.

    ``repository`` is what neighbours fetch from this box.
    """

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder, self.repository = folder, repository

    def there(self, signed: Signed) -> Layer | None:
        """The very layer, where it is here already."""
        for path in (self._path(signed), self.repository / address(signed.file.name, signed.file.sha256)):
            content = _read(path)
            if content is not None and hashlib.sha256(content).hexdigest() == signed.file.sha256:
                return Layer(signed.organisation, content)
        return None

    def before(self, signed: Signed) -> Layer | None:
        """What the same key had signed before, and lies over the catalogue now."""
        content = _read(self._path(signed))
        return Layer(signed.organisation, content) if content is not None else None

    def keep(self, laid: Iterable[tuple[Signed, Layer]]) -> None:
        """Remember what lies over the catalogue from now on. Raises NotSo when the disk is full."""
        make_folder(self.folder)
        wanted = {self._path(signed): layer.untrusted for signed, layer in laid}
        for path, content in wanted.items():
            if _read(path) != content:
                write_atomically(path, content)
        for path in set(self.folder.iterdir()) - set(wanted):
            path.unlink(missing_ok=True)

    def _path(self, signed: Signed) -> Path:
        return self.folder / f"{signed.role}.jsonl"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
