"""P THE list of hosts whose pages count as official sources of law, each with the reason why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """Who keeps the pages, as people may know them, and why the table may send a person there."""

    name: str
    why: str


HOSTS: Mapping[str, Host] = {
    "treaties.un.org": Host("United Nations Treaty Collection", "the Secretary-General is depositary of the treaties of the UN"),
    "au.int": Host("African Union", "depositary of the convention of 1969"),
    "www.refworld.org": Host("UNHCR Refworld", "UNHCR's own collection of national laws"),
    "rimap.unhcr.org": Host("UNHCR, laws by country", "UNHCR's own table of national laws, with the articles on refugees"),
    "new.kenyalaw.org": Host("Kenya Law", "the National Council for Law Reporting publishes the laws of Kenya"),
    "ulii.org": Host("Uganda Legal Information Institute", "the Judiciary of Uganda publishes laws there"),
    "isap.sejm.gov.pl": Host("Sejm of Poland", "the parliament's own register of acts"),
    "www.mevzuat.gov.tr": Host("Mevzuat, Republic of Türkiye", "the state's own register of laws"),
    "zakon.rada.gov.ua": Host("Parliament of Ukraine", "the parliament's own register of laws"),
    "igm.gov.md": Host("General Inspectorate for Migration, Moldova", "the office that decides on asylum quotes the law there"),
}
