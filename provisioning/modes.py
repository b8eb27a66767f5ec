"""P How a run of tests is asked to differ from the ordinary one, by its environment (docs/adr/0180)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import BadInput

GOLDEN, RANDOM = "CAMPBOX_GOLDEN", "CAMPBOX_RANDOM"
_WORDS = {GOLDEN: "write", RANDOM: "1"}
ASKED = tuple(_WORDS)
"""The variables that ask for something."""


@dataclass(frozen=True)
class Modes:
    """Golden files are written instead of compared with; property tests try examples that nobody has tried before."""

    writes_golden: bool = False
    random: bool = False


def read(environment: Mapping[str, str]) -> Modes:
    """What is asked for. Raises BadInput for a word that means nothing, and for any in CI, where every run is to be the same."""
    asked = {name: value for name in _WORDS if (value := environment.get(name))}
    for name, value in asked.items():
        if value != _WORDS[name]:
            raise BadInput(f"{name} is {value!r}", mend=f"only {name}={_WORDS[name]} means something")
        if environment.get("CI"):
            raise BadInput(f"{name}={value} is refused where CI is set", mend="it is for a person who reads what comes of it")
    return Modes(GOLDEN in asked, RANDOM in asked)
