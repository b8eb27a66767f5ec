"""P The fixed services that search is judged on: the sample, a few in Tigrinya and Ukrainian, and the real ones where present.

Without the sample's opportunities and vouchers: they come and go, and a table of first results would change with each.
"""

from __future__ import annotations

from pathlib import Path

from content_cache import needs
from content_cache.hsds import Translation, record
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.importers.services_advisor import import_files
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue, Header

MORE: tuple[tuple[str, str, str, str, str], ...] = (
    ("ti-uk-dialysis", "health", "Kidney ward of the town hospital", "ሕክምና ኩሊት ኣብ ሆስፒታል ከተማ", "Відділення діалізу міської лікарні"),
    ("ti-uk-midwife", "health", "Midwife at home", "መሕረሲት ኣብ ገዛ", "Акушерка вдома"),
    ("ti-uk-lawyer", "legal-help", "Asylum lawyer", "ጠበቃ ዑቕባ", "Юрист із питань притулку"),
    ("ti-uk-school", "education", "Ukrainian Saturday school", "ናይ ቀዳም ቤት ትምህርቲ", "Українська суботня школа"),
    ("ti-uk-food", "food", "Hot soup in the evening", "ምዉቕ መረቕ ምሸት", "Гарячий суп увечері"),
    ("ti-uk-water", "water-sanitation", "Warm showers for families", "ምዉቕ ሻወር ንስድራቤታት", "Теплий душ для сімей"),
    ("ti-uk-job", "work-skills", "Job fair", "ናይ ስራሕ ዕዳጋ", "Ярмарок вакансій"),
    ("ti-uk-women", "womens-safety", "Tea for women", "ሻሂ ንደቂ ኣንስትዮ", "Чай для жінок"),
    ("ti-uk-papers", "registration-papers", "Passport photos", "ስእሊ ንፓስፖርት", "Фото на паспорт"),
    ("ti-uk-sim", "phones-charging", "SIM cards and chargers", "ሲም ካርድን ቻርጀርን", "Сім-картки та зарядні пристрої"),
    ("ti-uk-rooms", "housing", "Rooms to rent", "ክራይ ክፍሊታት", "Кімнати в оренду"),
    ("ti-uk-bus", "transport", "Bus to Kharkiv", "ኣውቶቡስ ናብ ካርኪቭ", "Автобус до Харкова"),
)
"""Key, need, and the name in English, Tigrinya and Ukrainian (drafts, for tests only)."""


def fixed() -> Catalogue:
    """The sample with the entries above."""
    imported = import_sample(SAMPLE.read_bytes())
    passing = {r.values["link_id"] for r in imported.records if r.values.get("link_type") in ("opportunity", "voucher")}
    records = [r for r in imported.records if r.id not in passing]
    texts = [text for text in imported.translations if text.id not in passing]
    organisation = stable_id("organization", "search-corpus")
    records.append(record("organization", id=organisation, name="River Bridge", description=""))
    for key, need, english, tigrinya, ukrainian in MORE:
        id = stable_id("service", "sample", key)
        records += [record("service", id=id, organization_id=organisation, name=english, status="active"), needs.link(id, need)]
        texts += [
            Translation("service", id, "name", tag, text, "test", True) for tag, text in (("ti", tigrinya), ("uk", ukrainian))
        ]
    header = Header("camp-1", "2026-11-20T08:00:00Z", "en", ("en", "ar", "fa-AF", "fr", "ti", "uk"), "Asia/Amman", "A test", True)
    return Catalogue(header, tuple(records), tuple(texts))


def jordan(folder: Path) -> Catalogue:
    """The real services."""
    imported = import_files(
        {"en": (folder / "services.json").read_bytes(), "ar": (folder / "services_ar.json").read_bytes()}, country="JO"
    )
    header = Header("jordan", "2026-11-20T08:00:00Z", "en", ("en", "ar"), "Asia/Amman", "A test", False)
    return Catalogue(header, imported.records, imported.translations)
