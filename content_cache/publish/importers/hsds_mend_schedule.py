"""P A schedule as older sources write it -> the fields of HSDS 3.1: ``9:00am``, DAILY, names of days."""

from __future__ import annotations

from content_cache.hsds import Value
from content_cache.publish.importers import clock_words

_TIMES = ("opens_at", "closes_at")


def mend(values: dict[str, Value], mends: list[str]) -> None:
    """Changes the values of one schedule in place and names each mend. What stays unclear becomes a note for the reader."""
    for name in _TIMES:
        if name in values:
            _time(values, name, mends)
    _frequency(values, mends)
    if "byday" in values:
        _days(values, mends)


def _time(values: dict[str, Value], name: str, mends: list[str]) -> None:
    written = str(values[name])
    if _with_offset(written):
        return
    kept, strange = clock_words.time_of_day(written)
    if kept is None:
        mends.append(f"unclear time kept as words: {name} {written[:60]!r}")
        del values[name]
        _note(values, f"{name.replace('_', ' ').capitalize()}: {written[:200]}")
    elif kept != written and not written.startswith(f"{kept}:00"):
        mends.append(f"{'strange ' if strange else ''}time mended: {name} {written[:60]!r} read as {kept}")
        values[name] = kept
    else:
        values[name] = kept


def _with_offset(written: str) -> bool:
    """``10:00:00+03:00``: an offset is the source's own word on the clock; it stays."""
    return written.endswith("Z") or "+" in written or written.count("-") > 0


def _frequency(values: dict[str, Value], mends: list[str]) -> None:
    """ "DAILY" is every day of the week; any other frequency HSDS does not know goes to the words."""
    written = str(values.pop("freq", "")).upper()
    if written in ("WEEKLY", "MONTHLY"):
        values["freq"] = written
    elif written == "DAILY" and values.get("interval", 1) == 1 and "byday" not in values:
        values |= {"freq": "WEEKLY", "byday": ",".join(clock_words.ORDER)}
        mends.append("frequency mended: DAILY read as WEEKLY on all seven days")
    elif written:
        mends.append(f"frequency kept as words: {written[:40]}")
        _note(values, f"Frequency: {written[:100].lower()}")


def _days(values: dict[str, Value], mends: list[str]) -> None:
    written = str(values["byday"])
    if all(part.strip().upper()[-2:] in clock_words.ORDER and len(part.strip()) <= 4 for part in written.split(",")):
        plain = ",".join(part.strip().upper() for part in written.split(","))
        if plain != written:
            mends.append(f"days mended: {written[:60]!r} read as {plain}")
        values["byday"] = plain
        return
    named = clock_words.days(written)
    if named is None:
        mends.append(f"days kept as words: {written[:60]!r}")
        del values["byday"]
        values.pop("freq", None)
        _note(values, f"Days: {written[:200]}")
    else:
        values["byday"] = ",".join(named)
        mends.append(f"days mended: {written[:60]!r} read as {values['byday']}")


def _note(values: dict[str, Value], text: str) -> None:
    values["notes"] = f"{values['notes']}; {text}" if "notes" in values else text
