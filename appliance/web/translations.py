"""E The folders of translations: PO files read at start, no compiled file on disk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations


def po_file(folder: Path, locale: str, domain: str) -> Path:
    """Where the texts of ``domain`` in one language stand: ``<folder>/<locale>/LC_MESSAGES/<domain>.po``."""
    return folder / locale / "LC_MESSAGES" / f"{domain}.po"


def load(places: Iterable[tuple[Path, str]], locale: str) -> Translations:
    """The texts of several ``(folder, domain)`` as one, later ones winning; a missing file leaves English."""
    together = Translations()
    for folder, domain in places:
        path = po_file(folder, locale, domain)
        if path.exists():
            # Merging adds messages only; the plural rule stands in the catalogue it came from.
            part = Translations(io.BytesIO(compiled(path, locale, domain)), domain=domain)
            together.merge(part)
            together.plural = part.plural
    return together


def compiled(path: Path, locale: str, domain: str) -> bytes:
    """A PO file as gettext's binary form."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale, domain=domain)
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    return binary.getvalue()
