"""P Times of day and days of the week as people write them: ``9:00am``, ``13:00pm``, ``9.30``, ``Sun-Thu``, Arabic too."""

from __future__ import annotations

import re

ORDER = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""RFC 5545 section 3.3.10, in the order of ISO weekdays."""
_NAMES = {
    "MO": "mo mon monday mondays الاثنين الإثنين اثنين دوشنبه lun lundi",
    "TU": "tu tue tues tuesday tuesdays الثلاثاء ثلاثاء mar mardi",
    "WE": "we wed weds wednesday wednesdays الأربعاء الاربعاء أربعاء mer mercredi",
    "TH": "th thu thur thurs thursday thursdays الخميس خميس jeu jeudi",
    "FR": "fr fri friday fridays الجمعة جمعة ven vendredi",
    "SA": "sa sat saturday saturdays السبت سبت sam samedi",
    "SU": "su sun sunday sundays الأحد الاحد أحد dim dimanche",
}
_DAY = {name: code for code, names in _NAMES.items() for name in names.split()}
_EVERY = frozenset(["daily", "every day", "everyday", "all days", "all week", "7 days", "7/7", "يوميا", "كل يوم", "كل الأيام"])
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_DASHES = re.compile(r"\s*(?:[-\u2010-\u2015\u2212~]|\bto\b|\btill\b|\buntil\b|إلى|الى|حتى)\s*", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2})(?:\s*[:.h]\s*(\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*(a\.?m\.?|p\.?m\.?|ص|م)?\Z", re.IGNORECASE)
_WORDS = {"noon": "12:00", "midday": "12:00", "midnight": "00:00", "ظهرا": "12:00"}


def plain(text: str) -> str:
    """Digits of our own, one kind of dash, single spaces, no direction marks."""
    marks = re.sub("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]", "", text.translate(_DIGITS))
    return " ".join(_DASHES.sub("-", marks).split())


def time_of_day(untrusted: str) -> tuple[str | None, bool]:
    """HH:MM and whether it had to be mended (``13:00pm``); None where no time can be known. ``24:00`` is the end of the day."""
    text = untrusted.translate(_DIGITS).strip().lower()
    if text in _WORDS:
        return _WORDS[text], False
    found = _TIME.match(text)
    if found is None or (found[2] is None and found[3] is None):
        return None, False
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").replace(".", "")
    if minute > 59 or hour > 24 or (hour == 24 and (minute or half)) or (half and hour == 0):
        return None, False
    if half and hour > 12:
        return f"{hour:02}:{minute:02}", True
    if half in ("pm", "م") and hour < 12:
        hour += 12
    elif half in ("am", "ص") and hour == 12:
        hour = 0
    return f"{hour % 24:02}:{minute:02}", False


def days(untrusted: str) -> tuple[str, ...] | None:
    """``Sat-Thu`` -> SA SU MO TU WE TH in the order of the week; ``Mon, Wed``; ``daily``. None where a word is no day."""
    text = plain(untrusted).lower().strip(" .")
    text = re.sub(r"\s+only\Z", "", text)
    if text in _EVERY:
        return ORDER
    found = set[str]()
    for part in re.split(r"[,،/&+;]|\band\b|\sو\s?", text):
        begin, dash, end = (one.strip(" .") for one in part.partition("-"))
        if not begin and not dash:
            continue
        if begin not in _DAY or (dash and end not in _DAY):
            return None
        first, last = ORDER.index(_DAY[begin]), ORDER.index(_DAY[end if dash else begin])
        found |= {ORDER[(first + n) % 7] for n in range((last - first) % 7 + 1)}
    return tuple(day for day in ORDER if day in found) or None


def weekday_number(untrusted: object) -> str | None:
    """The weekday column of HSDS 1.x: 1 is Monday, 7 Sunday (0 as well), or a name."""
    text = str(untrusted).strip()
    if re.fullmatch(r"[0-7](\.0)?", text):
        return ORDER[(int(text[0]) - 1) % 7]
    named = days(text)
    return named[0] if named and len(named) == 1 else None
