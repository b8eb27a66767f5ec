"""P What the storage table says of one writer: how it begins, what it acknowledges, how that is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from appliance.layout import Layout


class Deeds(Protocol):
    """A service that has begun."""

    def write(self, number: int) -> bool | None:
        """Do the deed whose content is ``number``. It is acknowledged unless this is false or raises CampboxError."""

    def kept(self) -> list[int]:
        """The numbers that can be read back."""


@dataclass(frozen=True)
class Row:
    """One writer. ``modules`` are those whose writes it goes through; ``cannot`` gives the reason for a cell without content.

    ``everything``: all that was acknowledged is kept; else the last. ``open``: it holds a file open. ``lock``: what another can
    hold. ``room``: bytes of the disk. ``before``: made while the disk is not there yet, in a folder beside it.
    """

    name: str
    begin: Callable[[Layout], Deeds]
    modules: tuple[str, ...]
    everything: bool = False
    open: bool = False
    lock: Callable[[Layout], Path] | None = None
    room: int = 768 * 1024
    before: Callable[[Path], None] | None = None
    cannot: Mapping[str, str] = field(default_factory=dict)
