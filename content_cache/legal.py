"""P THE table of host countries' law: which treaties bind it, which law applies, where the official texts stand, who passed it.

Years are those of ratification, accession or succession, to be compared by the reviewer with the United Nations Treaty Collection
(chapters V-2, IV-9, IV-11). No named reviewer has passed a line yet: no real site shows one until somebody has (docs/adr/0157).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

CONVENTION = "https://treaties.un.org/Pages/ViewDetailsII.aspx?src=TREATY&mtdsg_no=V-2&chapter=5&Temp=mtdsg2&clang=_en"


@dataclass(frozen=True)
class Review:
    """Who has read a country's line and when (ISO date)."""

    by: str
    on: str

    def __post_init__(self) -> None:
        datetime.date.fromisoformat(self.on)
        if not self.by.strip():
            raise ValueError("a review names its reviewer")


@dataclass(frozen=True)
class Law:
    """What applies in one country.

    ``refugees`` is the year since when it is party to the Convention of 1951, None where it is not; ``europe_only``: it holds the
    Convention only for events in Europe. ``torture`` (1984), ``child`` (1989) and ``africa`` (1969) likewise. ``laws`` are names
    as the source writes them, ``sources`` official addresses.
    """

    refugees: int | None
    torture: int | None
    child: int | None
    laws: tuple[str, ...]
    sources: tuple[str, ...]
    europe_only: bool = False
    africa: int | None = None
    review: Review | None = None


def _law(refugees: int | None, torture: int, child: int, *laws: str, europe_only: bool = False, africa: int | None = None) -> Law:
    return Law(refugees, torture, child, laws, (CONVENTION,), europe_only, africa)


LAWS: Mapping[str, Law] = {
    "BD": _law(None, 1998, 1990, "Foreigners Act, 1946"),
    "EG": _law(1981, 1986, 1990, "Law No. 164 of 2024 on the asylum of foreigners", africa=1980),
    "ET": _law(1969, 1994, 1991, "Refugees Proclamation No. 1110/2019", africa=1973),
    "GR": _law(1960, 1988, 1993, "Law 4939/2022 on the reception and international protection of third-country nationals"),
    "IQ": _law(None, 2011, 1994, "Political Refugee Law No. 51 of 1971", "Law No. 76 of 2017 on the residence of foreigners"),
    "JO": _law(
        None, 1991, 1991, "Law No. 24 of 1973 on residence and foreigners' affairs", "Memorandum of understanding with UNHCR, 1998"
    ),
    "KE": _law(1966, 1997, 1990, "Refugees Act, 2021", africa=1992),
    "LB": _law(None, 2000, 1991, "Law of 10 July 1962 on the entry, stay and exit of foreigners"),
    "MD": _law(2002, 1995, 1993, "Law No. 270 of 2008 on asylum"),
    "PK": _law(None, 2010, 1990, "Foreigners Act, 1946"),
    "PL": _law(1991, 1989, 1991, "Act of 13 June 2003 on granting protection to foreigners"),
    "SD": _law(1974, 2021, 1990, "Asylum (Organization) Act, 2014", africa=1972),
    "TD": _law(1981, 1995, 1990, "Law No. 027/PR/2020 on asylum", africa=1981),
    "TR": _law(1962, 1988, 1995, "Law No. 6458 of 2013 on foreigners and international protection", europe_only=True),
    "UA": _law(2002, 1987, 1991, "Law No. 3671-VI of 2011 on refugees and persons in need of protection"),
    "UG": _law(1976, 1986, 1990, "Refugees Act, 2006", africa=1987),
}  # fmt: skip


def servable(country: str, *, demo: bool) -> Law | None:
    """What a site may show of a country's law: what a named reviewer has passed; in the demo also a draft."""
    law = LAWS.get(country)
    return law if law is not None and (demo or law.review is not None) else None
