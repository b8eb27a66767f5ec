"""P The words of facility surveys: types of places and their needs, health services, desks; Arabic is the project's draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``needs``: slugs of what people come for; none: a place on the map, but no service for people."""

    needs: tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """In plain English and Arabic; ``need`` is the slug of what it answers."""

    en: str
    ar: str
    need: str = "health"


KINDS: Mapping[str, Kind] = {
    "Health": Kind(("health",)),
    "School": Kind(("education",)),
    "Kindergarten": Kind(("education", "children")),
    "Child Friendly Space": Kind(("children",)),
    "Playground": Kind(("children",)),
    "Youth Center": Kind(("education", "community")),
    "Community Center": Kind(("community",)),
    "Community Office": Kind(("community",)),
    "Recreation": Kind(("community",)),
    "Mosque": Kind(("community",)),
    "Distribution Point": Kind(("food", "shelter")),
    "Registration": Kind(("registration-papers",)),
    "Security": Kind(("legal-help",)),
    "Water Facilities": Kind(("water-sanitation",)),
    "Recycling Facilities": Kind(("water-sanitation",)),
    "Office": Kind(("community",)),
    "Warehouse": Kind(()),
}
OTHER = Kind(("community",))
EMPTY = frozenset(["Vacant"])
"""Types that say there is nothing."""
_VACANT = ("vacant", "شاغرة", "فارغة")

OFFERS: Mapping[str, Word] = {
    "EMERGENCY": Word("Emergency care", "رعاية الطوارئ"),
    "REPRODUCTI": Word("Reproductive health", "الصحة الإنجابية"),
    "MALNUTRITI": Word("Malnutrition screening and treatment", "فحص سوء التغذية وعلاجه"),
    "VACCINATIO": Word("Vaccination", "التطعيم"),
    "ACUTE_COND": Word("Treatment of acute and chronic conditions", "علاج الحالات الحادة والمزمنة"),
    "ORT": Word("Oral rehydration", "الإرواء الفموي"),
    "GBV": Word("Support after gender-based violence", "الدعم بعد العنف القائم على النوع الاجتماعي", "womens-safety"),
    "DENTIST": Word("Dentist", "طبيب أسنان"),
    "PSYCHOTHER": Word("Psychotherapy", "العلاج النفسي"),
    "SECONDARY": Word("Secondary health care", "الرعاية الصحية الثانوية"),
    "PHYSIOTHER": Word("Physiotherapy", "العلاج الطبيعي"),
}
DESKS: Mapping[str, Word] = {
    "ER": Word("emergency room", "قسم الطوارئ"),
    "MOH": Word("Ministry of Health", "وزارة الصحة"),
}
"""Abbreviations of desks within a place."""


def says_vacant(name: str) -> bool:
    """Whether a name, English or Arabic, says that there is nothing."""
    return any(word in name.lower() for word in _VACANT)
