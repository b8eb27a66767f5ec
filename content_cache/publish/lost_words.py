"""P What goes with opening hours that a correction replaces: notes, dates, translations; named before anybody approves it."""

from __future__ import annotations

from content_cache.publish.corrections import Correction, schedules, telling
from content_cache.snapshot import Catalogue

_IN_A_LINE = ("freq", "byday", "opens_at", "closes_at")
Lost = dict[str, str]
"""``tag`` ("" for the language it is written in) and ``text``."""


def lost_words(catalogue: Catalogue, one: Correction) -> list[Lost]:
    """Every word of the hours before that no line of the new ones can say; none where the hours stay."""
    if one.hours is None:
        return []
    gone = schedules(catalogue, one.service)
    ids = {old.id for old in gone}
    beside = [r for r in catalogue.records if r.entity == "attribute" and r.values.get("link_id") in ids]
    plain = [
        f"{name.replace('_', ' ')}: {value}"
        for old in gone
        for name, value in sorted(telling(old).items())
        if name not in _IN_A_LINE and name != "id" and not name.endswith("_id") and value not in ("", None)
    ]
    plain += [str(r.values.get("value") or r.values.get("label") or "") for r in beside]
    ids |= {r.id for r in beside}
    spoken = [Lost(tag=t.tag, text=t.text) for t in catalogue.translations if t.id in ids]
    return [*(Lost(tag="", text=text) for text in plain if text), *spoken]
