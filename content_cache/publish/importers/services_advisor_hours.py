"""P Opening days and hours of the Services Advisor -> the fields of an HSDS schedule; mends are named, nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from content_cache.publish.importers import services_advisor_words as words

_TIME = re.compile(r"(?:close at\s*)?(\d{1,2})[:.](\d{2})\s*(am|pm)?\Z", re.IGNORECASE)


@dataclass
class Hours:
    """What was understood. Times are HH:MM; ``notes`` go to the reader (in Arabic where all of them can be said).

    ``mends`` and ``doubts`` go to the report.
    """

    byday: str | None = None
    opens: str | None = None
    closes: str | None = None
    weekly: bool = False
    how_often: str | None = None
    notes: list[str] = field(default_factory=list)
    notes_ar: list[str] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def time_of_day(untrusted: str, mends: list[str]) -> str | None:
    """``13:00pm`` -> ``13:00`` (a mend), ``8:30am`` -> ``08:30``; None where it cannot be known: ``12:00am`` of an office."""
    found = _TIME.match(untrusted.strip())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if minute > 59 or hour > 23 or (hour == 12 and half == "am"):
        return None
    if hour > 12 and half:
        mends.append(f"hour mended: {untrusted.strip()} read as {hour:02}:{minute:02}")
    elif half == "pm" and hour < 12:
        hour += 12
    return f"{hour:02}:{minute:02}"


def understand(often: Sequence[str], days: Sequence[str], opens: Sequence[str], closes: Sequence[str]) -> Hours:
    """The four availability fields, each a list of chosen terms."""
    hours = Hours()
    _days(hours, [" ".join(day.split()) for day in days])
    _often(hours, often)
    if set(opens) & words.ALWAYS:
        hours.opens = hours.closes = "00:00"
        if set(closes) - words.ALWAYS:
            hours.doubts.append(f"always open yet closing: {', '.join(closes)}")
        return hours
    hours.opens = _earliest(hours, opens, "opening")
    hours.closes = _earliest(hours, [c for c in closes if c not in words.ALWAYS], "closing")
    return hours


def _days(hours: Hours, days: Sequence[str]) -> None:
    known = [words.DAYS[day][0] for day in days if day in words.DAYS]
    hours.notes += [day for day in days if day not in words.DAYS]
    hours.doubts += [f"unknown day: {day}" for day in days if day not in words.DAYS]
    order = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    chosen = {code for codes in known for code in codes.split(",")}
    hours.byday = ",".join(code for code in order if code in chosen) or None


def _often(hours: Hours, often: Sequence[str]) -> None:
    # "Every two weeks" does not say which weeks, and "one Monday a month" not which Monday: words, not a rule.
    unknown = [term for term in often if term not in words.AVAILABILITY]
    hours.doubts += [f"unknown availability: {term}" for term in unknown]
    hours.notes += unknown
    rarely = [term for term in often if term in words.AVAILABILITY and words.AVAILABILITY[term].en]
    hours.how_often = words.AVAILABILITY[rarely[0]].en if rarely else None
    hours.notes += [words.AVAILABILITY[term].en for term in rarely[1:]]
    if len(often) > 1:
        hours.doubts.append(f"more than one availability: {', '.join(often)}")
    hours.weekly = not rarely and not unknown and hours.byday is not None


def _earliest(hours: Hours, terms: Sequence[str], kind: str) -> str | None:
    understood = {term: time_of_day(term, hours.mends) for term in terms}
    for term, time in understood.items():
        if time is None:
            hours.doubts.append(f"unclear {kind} time: {term}")
            hours.notes.append(f"{kind.capitalize()} time as written: {term}")
    times = sorted(time for time in understood.values() if time is not None)
    if len(times) > 1:
        hours.mends.append(f"several {kind} times: {', '.join(times)}; the first is taken, the others noted")
        hours.notes.append(f"The source names {len(times)} {kind} times: {', '.join(times)}")
        hours.notes_ar.append(f"يذكر المصدر {'أوقات فتح' if kind == 'opening' else 'أوقات إغلاق'} متعددة: {'، '.join(times)}")
    return times[0] if times else None
