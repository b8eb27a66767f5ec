"""P THE table of conventions, in the order in which pages tell of them."""

from __future__ import annotations

from collections.abc import Mapping

from content_cache.legal.terms import Checked, Convention, How

_UN = "https://treaties.un.org"
_FOUND = "public code and papers that link there"

CONVENTIONS: Mapping[str, Convention] = {
    "refugees": Convention(
        "Convention relating to the Status of Refugees, 1951",
        "Convention relating to the Status of Refugees, Geneva, 28 July 1951",
        1951,
        f"{_UN}/Pages/ViewDetailsII.aspx?src=TREATY&mtdsg_no=V-2&chapter=5&Temp=mtdsg2&clang=_en",
        Checked(How.OFFICIAL, "treaties.un.org, chapter V-2 (same page, lang=en)", "the copy showed declarations, not the list"),
    ),
    "protocol": Convention(
        "Protocol relating to the Status of Refugees, 1967",
        "Protocol relating to the Status of Refugees, New York, 31 January 1967",
        1967,
        f"{_UN}/pages/ShowMTDSGDetails.aspx?src=UNTSONLINE&tabid=2&mtdsg_no=V-5&chapter=5&lang=en",
        Checked(How.OFFICIAL, "treaties.un.org, chapter V-5, status of 19 March 2024", "the copy ended at Chile"),
    ),
    "africa": Convention(
        "OAU Refugee Convention, 1969",
        "OAU Convention Governing the Specific Aspects of Refugee Problems in Africa, Addis Ababa, 10 September 1969",
        1969,
        "https://au.int/en/treaties/oau-convention-governing-specific-aspects-refugee-problems-africa",
        Checked(How.CITED, _FOUND),
    ),
    "torture": Convention(
        "Convention against Torture, 1984",
        "Convention against Torture and Other Cruel, Inhuman or Degrading Treatment or Punishment, New York, 10 December 1984",
        1984,
        f"{_UN}/pages/ViewDetails.aspx?src=TREATY&mtdsg_no=IV-9&chapter=4",
        Checked(How.CITED, _FOUND),
    ),
    "child": Convention(
        "Convention on the Rights of the Child, 1989",
        "Convention on the Rights of the Child, New York, 20 November 1989",
        1989,
        f"{_UN}/pages/ViewDetails.aspx?src=TREATY&mtdsg_no=IV-11&chapter=4&clang=_en",
        Checked(How.CITED, _FOUND),
    ),
}
