"""E The sound files that read a page aloud: a person's beside the PO file, else the machine's, else none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from appliance.web.languages import Language

PAGES = {"welcome": "", "emergency": "emergency"}
"""What is read aloud: the name of its files -> its address below ``/<lang>/``."""
FORMATS = {"opus": 'audio/ogg; codecs="opus"', "mp3": "audio/mpeg"}
"""Endings, the better one first. Opus is the smaller; phones that cannot play it (Apple's before 2025) take MP3."""
LARGEST = 50_000
"""Bytes of one file."""
MADE = Path("captive_portal", "voices")
"""Where ``campbox box voices`` puts what a machine has spoken; below the project's code, so that the box image carries it."""


@dataclass(frozen=True)
class Recording:
    """One page in one language, in every format. ``machine``: no person has spoken it."""

    tag: str
    page: str
    machine: bool
    folder: Path

    def file(self, ending: str) -> Path:
        """Where it stands on disk."""
        return self.folder / f"{self.page}.{ending}"

    @property
    def sources(self) -> list[tuple[str, str]]:
        """Address and media type of each format; an address changes with its file, as phones keep it for a week."""
        return [
            (f"/{self.address(ending)}?{hashlib.sha256(self.file(ending).read_bytes()).hexdigest()[:8]}", kind)
            for ending, kind in FORMATS.items()
        ]

    def address(self, ending: str) -> str:
        """Its place below the front's folder of pages."""
        return f"voice/{self.tag}/{self.page}.{ending}"


def find(code: Path, language: Language, page: str) -> Recording | None:
    """The recording of a page, or None where there is none in every format: no page shows a button that does nothing."""
    for machine, folder in ((False, _recorded(code, language)), (True, code / MADE / language.tag)):
        recording = Recording(language.tag, page, machine, folder)
        if all(recording.file(ending).is_file() for ending in FORMATS):
            return recording
    return None


def _recorded(code: Path, language: Language) -> Path:
    return code / "captive_portal" / "translations" / language.locale / "LC_MESSAGES"
