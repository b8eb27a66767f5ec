"""E espeak-ng, opusenc and lame: a text becomes sound files small enough for a camp's phones."""

from __future__ import annotations

import tempfile
from pathlib import Path

from appliance.errors import NotSo
from appliance.files import write_atomically
from appliance.run import run
from captive_portal.aloud import LARGEST

WORDS_A_MINUTE = 140
"""Slower than espeak-ng's own 175: for people who hear it in a noisy place, perhaps in their second language."""
_RATES = {"opus": ("16", "12", "8", "6"), "mp3": ("24", "16", "8")}
"""kbit/s to try, the best first."""


def speak(text: str, voice: str, ending: str, to: Path) -> int:
    """Write ``to``; returns its bytes. Raises MissingComponent for a program that is not here, NotSo for a text too long."""
    with tempfile.TemporaryDirectory(prefix="campbox-voice-") as folder:
        spoken, sound = Path(folder, "said.wav"), Path(folder, f"said.{ending}")
        run(["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "-w", str(spoken), "--stdin"], input=text)
        for rate in _RATES[ending]:
            run(_encode(ending, rate, spoken, sound))
            if sound.stat().st_size <= LARGEST:
                to.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(to, sound.read_bytes())
                return sound.stat().st_size
    raise NotSo(f"the text takes more than {LARGEST} bytes to say", where=str(to), mend="mark less of the page with data-aloud")


def _encode(ending: str, rate: str, spoken: Path, sound: Path) -> list[str]:
    if ending == "opus":
        return ["opusenc", "--quiet", "--speech", "--bitrate", rate, "--serial", "1", str(spoken), str(sound)]
    return ["lame", "--quiet", "-m", "m", "--resample", "16", "-b", rate, str(spoken), str(sound)]
