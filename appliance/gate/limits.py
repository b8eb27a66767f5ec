"""P Which changes of a site file the gate takes over while it runs, and which wait for a start."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

from appliance.config import SiteConfig

LIVE = ("session", "idle", "after_reboot", "daily_mb")
"""Keys of ``[access]``. Who is online keeps the time that was promised; what is new holds from the next tap on."""


@dataclass(frozen=True)
class Change:
    """``config`` to go on with; names of keys that hold ``now``, and of those that wait for a ``start``."""

    config: SiteConfig
    now: tuple[str, ...]
    start: tuple[str, ...]


def change(running: SiteConfig, wanted: SiteConfig) -> Change:
    """What becomes of a new site file."""
    config = replace(running, access=replace(running.access, **{key: getattr(wanted.access, key) for key in LIVE}))
    return Change(config, _different(running, config), _different(config, wanted))


def less_volume(old: SiteConfig, new: SiteConfig) -> bool:
    """Whether a person's volume became less: then everybody's day begins anew, so that nobody is cut for what was allowed."""
    before, after = old.access.daily_mb, new.access.daily_mb
    return after is not None and (before is None or after < before)


def _different(one: SiteConfig, other: SiteConfig) -> tuple[str, ...]:
    """Keys that differ, as ``section.key``."""
    found = list[str]()
    for section in dataclasses.fields(SiteConfig):
        old, new = getattr(one, section.name), getattr(other, section.name)
        if old == new:
            continue
        inner = dataclasses.fields(old) if dataclasses.is_dataclass(old) and dataclasses.is_dataclass(new) else ()
        name = "uplink" if section.name == "uplinks" else section.name
        keys = [f"{name}.{key.name}" for key in inner if getattr(old, key.name) != getattr(new, key.name)]
        found += keys or [name]
    return tuple(found)
