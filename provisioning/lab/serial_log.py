"""P What a box says on its serial console: ready or not, units that failed, a kernel that gave up."""

from __future__ import annotations

import json
import re
from typing import Any

from provisioning.console_page import READY

LARGEST = 2_000_000
"""Characters kept of a console; a start says some thousands."""

_CONTROL = re.compile(r"\x1b\[[0-9;?=]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[@-Z\\^_=>78c]|[\x00-\x08\x0b-\x1f\x7f]")
_FAILED = re.compile(r"\[FAILED\] Failed to (?:start|mount|listen on|activate) (.+?)\.?$", re.M)
_UNIT = re.compile(r"\b([a-zA-Z0-9@_.\\-]+\.(?:service|mount|socket|timer|target|swap|path))\b")
_PANIC = re.compile(
    r"Kernel panic - not syncing: .*|You are in (?:emergency|rescue) mode.*|ALERT! .* does not exist.*"
    r"|campbox: (?:cannot start|no rescue mode);.*"  # what an image says instead of a shell
    r"|BdsDxe: No bootable option.*|to skip startup\.nsh"  # UEFI found no boot loader on the card, and offers its own shell
)


def plain(untrusted_text: str) -> str:
    """The console's text without colours and cursor movements; carriage returns gone."""
    return _CONTROL.sub("", untrusted_text.replace("\r\n", "\n"))


def ready(untrusted_text: str) -> dict[str, Any] | None:
    """The last thing that the console page said of the box, or None before that."""
    for line in reversed(plain(untrusted_text).splitlines()):
        _, mark, rest = line.partition(READY)
        if mark and (told := _object(rest)) is not None:
            return told
    return None


def _object(untrusted_text: str) -> dict[str, Any] | None:
    try:
        found, _ = json.JSONDecoder().raw_decode(untrusted_text.strip())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def failed(untrusted_text: str) -> tuple[str, ...]:
    """Units that systemd said on the console it could not start: their file names where it tells them, else their words."""
    said = (match.strip() for match in _FAILED.findall(plain(untrusted_text)))
    return tuple(dict.fromkeys(unit[1] if (unit := _UNIT.search(words)) else words for words in said))


def gave_up(untrusted_text: str) -> str | None:
    """Why this start leads nowhere (a panic, an emergency shell), or None."""
    found = _PANIC.search(plain(untrusted_text))
    return None if found is None else found[0].strip()


def last_words(untrusted_text: str, lines: int = 3) -> str:
    """The end of what was said, in one line."""
    return "; ".join(line.strip() for line in plain(untrusted_text).splitlines()[-40:] if line.strip())[-160 * lines :]
