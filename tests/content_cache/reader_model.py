"""P What a reader may see while versions arrive: never an older one, never a mixture, never nothing once there was something."""

from __future__ import annotations

from dataclasses import dataclass, field

from content_cache.catalogue_store import About


@dataclass(frozen=True)
class Seen:
    """One look at a store: what it said of itself before and after, and how many of each entity it held in between."""

    before: About | None
    counts: tuple[int, ...]
    after: About | None


@dataclass
class Reader:
    """Judges one look after the other. ``published`` is serial -> (hash of the snapshot, counts of its entities)."""

    published: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    newest: int = 0
    looks: int = 0
    versions: set[int] = field(default_factory=set)

    def objection(self, seen: Seen) -> str:
        """What was wrong with it, or ""."""
        self.looks += 1
        if seen.before is None or seen.after is None:
            return "nothing, where there was something" if self.newest else ""
        if seen.before.serial != seen.after.serial:
            # A swap happened during the look: only its ends can be judged.
            return self._older(seen.before) or self._older(seen.after)
        return self._older(seen.before) or self._mixed(seen.before, seen.counts)

    def _older(self, about: About) -> str:
        if about.serial < self.newest:
            return f"version {about.serial} after {self.newest}"
        self.newest = about.serial
        self.versions.add(about.serial)
        return ""

    def _mixed(self, about: About, counts: tuple[int, ...]) -> str:
        wanted = self.published.get(about.serial)
        if wanted is None:
            return f"version {about.serial} was never published"
        return "" if wanted == (about.sha256, counts) else f"version {about.serial} holds {counts} of {about.sha256[:8]}"
