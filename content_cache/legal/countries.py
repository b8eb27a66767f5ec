"""P THE table of host countries' law: which treaties bind each, which law applies, where its text stands, who passed it.

Years are those in which the country deposited its ratification, accession or succession. Every fact says how it was checked before
a lawyer reads it; no live page was opened. No named reviewer has passed a line yet: no real site shows one until somebody has
(docs/adr/0157). docs/review/law.md is made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from content_cache.legal.terms import Checked, How, Law, Party, Statute

_DATA = Checked(How.COPY, "year tables made from the UN Treaty Collection, world-politics-datalab (to 2021)")
_OUTSIDE = Checked(How.COPY, "Forced Migration Review 67 (2021), states that are not party")
_VIENNA = "Austrian federal gazette III 217/2005, ris.bka.gv.at"
_VIENNA_PROTOCOL = "Austrian federal gazette III 216/2005, copy at lexisnexis.at"
_HAGUE = Checked(How.OFFICIAL, "Dutch treaty gazette 1995, 136, zoek.officielebekendmakingen.nl")
_SWISS = Checked(How.COPY, "parties to SR 0.142.301 towards Switzerland, ipr-izvr.plus")
_PRINTED = Checked(How.COPY, "docslib.org copy of the Treaty Collection's list, chapter V-2")
_UNHCR_SUDAN = Checked(How.COPY, "UNHCR's submission on Sudan to the Human Rights Council, 11th session")
_RLP = Checked(How.COPY, "Refugee Law Project, Kampala: treaties of Uganda (December 2005)")
_NANSEN = Checked(How.COPY, "Nansen Initiative, Kenya context, 2014")
_REGISTER = Checked(How.OFFICIAL, "treaties.un.org, registration 14691, deposits")
_UNHCR_LAW = Checked(How.OFFICIAL, "rimap.unhcr.org, copy of 2025")
_REFWORLD = Checked(How.OFFICIAL, "refworld.org, copy under its older http address")
_LINKED = Checked(How.CITED, "public code that links there")
_UNKNOWN = Checked(How.UNFOUND)


def _unknown(note: str) -> Checked:
    return Checked(How.UNFOUND, note=note)


def _party(year: int | None, checked: Checked) -> Party:
    return Party(year, checked)


def _law(
    refugees: Party,
    protocol: Party,
    torture: int,
    child: int,
    *statutes: Statute,
    africa: Party | None = None,
    europe_only: bool = False,
    more: Mapping[str, Checked] | None = None,
) -> Law:
    """``torture`` and ``child`` were compared with the same tables in every country, but for what ``more`` says."""
    checks = more or {}
    parties = {
        "refugees": refugees,
        "protocol": protocol,
        **({"africa": africa} if africa else {}),
        "torture": _party(torture, checks.get("torture", _DATA)),
        "child": _party(child, checks.get("child", _DATA)),
    }
    return Law(parties, statutes, europe_only)


_NOT_PARTY = _party(None, _OUTSIDE)
_RIMAP = "https://rimap.unhcr.org/node"

LAWS: Mapping[str, Law] = {
    "BD": _law(
        _NOT_PARTY, _NOT_PARTY, 1998, 1990,
        Statute("The Foreigners Act, 1946", f"{_RIMAP}/282", _UNHCR_LAW),
    ),
    "EG": _law(
        _party(1981, _HAGUE), _party(1981, _SWISS), 1986, 1990,
        Statute(
            "Law No. 164 of 2024 on the asylum of foreigners",
            "https://www.refworld.org/legal/legislation/natlegbod/2024/ar/149388",
            Checked(How.CITED, "UNHCR's law table, which links there", "text in Arabic"),
        ),
        africa=_party(1980, _REGISTER),
    ),
    "ET": _law(
        _party(1969, _PRINTED), _party(1969, _SWISS), 1994, 1991,
        Statute("Refugees Proclamation No. 1110/2019", f"{_RIMAP}/351", _UNHCR_LAW),
        africa=_party(1973, Checked(How.OFFICIAL, _REGISTER.against, "deposit 25 October 1973; in force 20 June 1974")),
    ),
    "GR": _law(
        _party(1960, _UNKNOWN), _party(1968, _unknown("party before 21 December 1973, by the Austrian federal gazette 78/1974")),
        1988, 1993,
        Statute(
            "Law 4939/2022 on the reception and international protection of third-country nationals", None,
            _unknown("gazette A 111 of 10 June 2022, by private law sites; no page of the state was seen"),
        ),
    ),
    "IQ": _law(
        _NOT_PARTY, _NOT_PARTY, 2011, 1994,
        Statute(
            "Political Refugee Law No. 51 of 1971",
            "https://www.refworld.org/country,,,LEGISLATION,IRQ,,3ae6b4ed10,0.html",
            Checked(How.OFFICIAL, _REFWORLD.against, "text in French; whether it is still applied is for the reviewer"),
        ),
        Statute(
            "Law No. 76 of 2017 on the residence of foreigners", None,
            _unknown("private sites name it; the official gazette was not found on line"),
        ),
    ),
    "JO": _law(
        _NOT_PARTY, _NOT_PARTY, 1991, 1991,
        Statute(
            "Law No. 24 of 1973 on residence and foreigners' affairs", None,
            _unknown("private copy at sahourilaw.com; the Lower House passed amendments on 19 February 2025: are they in force?"),
        ),
        Statute(
            "Memorandum of understanding with UNHCR, 1998", None,
            _unknown("the Jordan Times of 31 March 2014 tells of it and of two articles amended that day; no text was found"),
        ),
    ),
    "KE": _law(
        _party(1966, _NANSEN), _party(1981, _NANSEN), 1997, 1990,
        Statute(
            "Refugees Act (Cap. 173), No. 10 of 2021", "https://new.kenyalaw.org/akn/ke/act/2021/10/eng@2022-12-31",
            Checked(How.OFFICIAL, "new.kenyalaw.org, revision of 31 December 2022"),
        ),
        africa=_party(1993, Checked(How.OFFICIAL, _REGISTER.against, "deposit 4 February 1993; lists of the AU may say 1992")),
    ),
    "LB": _law(
        _NOT_PARTY, _NOT_PARTY, 2000, 1991,
        Statute(
            "Law of 10 July 1962 on the entry, stay and exit of foreigners",
            "https://www.refworld.org/country,LEGAL,NATLEGBOD,,LBN,,3ae6b4f30,0.html",
            Checked(How.OFFICIAL, _REFWORLD.against, "text in French"),
        ),
    ),
    "MD": _law(
        _party(2002, Checked(How.OFFICIAL, _VIENNA, "deposit 31 January 2002; the law to accede is of 2001")),
        _party(2002, Checked(How.COPY, _VIENNA_PROTOCOL, "deposit 31 January 2002")), 1995, 1993,
        Statute(
            "Law No. 270 of 2008 on asylum", "https://igm.gov.md/en/rights-and-duties-asylum",
            Checked(How.OFFICIAL, "igm.gov.md", "quotes article 28; the whole text was seen only without https, at lex.justice.md"),
        ),
    ),
    "PK": _law(
        _NOT_PARTY, _NOT_PARTY, 2010, 1990,
        Statute("The Foreigners Act, 1946", f"{_RIMAP}/62634", _UNHCR_LAW),
        more={"child": Checked(How.COPY, "stateofchildren.com: 12 November 1990", "the year tables say 1995")},
    ),
    "PL": _law(
        _party(1991, _HAGUE), _party(1991, _SWISS), 1989, 1991,
        Statute(
            "Act of 13 June 2003 on granting protection to foreigners",
            "https://isap.sejm.gov.pl/isap.nsf/DocDetails.xsp?id=WDU20031281176",
            Checked(How.CITED, _LINKED.against, "Journal of Laws 2003, No. 128, item 1176"),
        ),
    ),
    "SD": _law(
        _party(1974, _UNHCR_SUDAN), _party(1974, _UNHCR_SUDAN), 2021, 1990,
        Statute("The Asylum Regulation Act, 2014", f"{_RIMAP}/59005", _UNHCR_LAW),
        africa=_party(1978, Checked(How.COPY, _UNHCR_SUDAN.against, "ratified in 1972 by other accounts, deposited later")),
    ),
    "TD": _law(
        _party(1981, _HAGUE),
        _party(1981, Checked(How.OFFICIAL, "treaties.un.org, chapter V-5, status of 19 March 2024")), 1995, 1990,
        Statute("Law No. 027/PR/2020 on asylum", f"{_RIMAP}/39192", _UNHCR_LAW),
        africa=_party(1981, _REGISTER),
    ),
    "TR": _law(
        _party(1962, _unknown("the law to ratify, No. 359, is of 29 August 1961; the limit to Europe was read in three places")),
        _party(1968, Checked(How.COPY, "madde14.org: decision of 1 July 1968")), 1988, 1995,
        Statute(
            "Law No. 6458 of 2013 on foreigners and international protection",
            "https://www.mevzuat.gov.tr/mevzuat?MevzuatNo=6458&MevzuatTur=1&MevzuatTertip=5", _LINKED,
        ),
        europe_only=True,
    ),
    "UA": _law(
        _party(2002, Checked(How.OFFICIAL, _VIENNA, "deposit 10 June 2002")),
        _party(2002, Checked(How.COPY, _VIENNA_PROTOCOL, "deposit 4 April 2002")), 1987, 1991,
        Statute(
            "Law No. 3671-VI of 2011 on refugees and persons in need of protection",
            "https://zakon.rada.gov.ua/laws/show/3671-17", _LINKED,
        ),
    ),
    "UG": _law(
        _party(1976, _RLP), _party(1976, _RLP), 1986, 1990,
        Statute(
            "Refugees Act, 2006 (Act 21 of 2006)", "https://ulii.org/akn/ug/act/2006/21/eng@2006-08-04",
            Checked(How.OFFICIAL, "ulii.org, version of 4 August 2006", "section 21(4) not yet in force there"),
        ),
        africa=_party(1987, _UNKNOWN),
        more={
            "torture": Checked(How.COPY, _DATA.against, "Refugee Law Project says 26 June 1987, when the treaty came into force"),
            "child": Checked(How.COPY, _DATA.against, "Refugee Law Project says 16 September 1990, thirty days after the deposit"),
        },
    ),
}  # fmt: skip
