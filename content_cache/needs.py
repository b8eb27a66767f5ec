"""P THE table of needs: what people come for. Pages, importers and search take slugs, icons and names from here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from content_cache.hsds import Record, Translation, record

NAMESPACE = uuid.UUID("6b1a7f0e-52d5-5d0e-9a53-0c5f0a1c6d11")
"""Of every id this project gives: UUID version 5 (RFC 9562) of "entity/source/key"."""


def stable_id(entity: str, *key: object) -> str:
    """The same key always gives the same id."""
    return str(uuid.uuid5(NAMESPACE, "/".join([entity, *map(str, key)])))


@dataclass(frozen=True)
class Need:
    """One need: its slug in addresses, the icon beside its word, its name by language."""

    slug: str
    icon: str
    names: Mapping[str, str]

    @property
    def term_id(self) -> str:
        """The id of its HSDS taxonomy term."""
        return stable_id("taxonomy_term", "need", self.slug)


def _need(slug: str, icon: str, en: str, ar: str, fa_af: str, fr: str) -> Need:
    return Need(slug, icon, {"en": en, "ar": ar, "fa-AF": fa_af, "fr": fr})


# Names other than English are drafts until a named speaker has passed them.
NEEDS: tuple[Need, ...] = (
    _need("health", "health-facility", "Health", "الصحة", "صحت", "Santé"),
    _need("food", "food", "Food", "الغذاء", "غذا", "Nourriture"),
    _need(
        "water-sanitation",
        "water-sanitation-and-hygiene",
        "Water and toilets",
        "المياه والصرف الصحي",
        "آب و حفظ‌الصحه",
        "Eau et toilettes",
    ),
    _need(
        "shelter",
        "shelter",
        "Shelter and household items",
        "المأوى ومستلزمات البيت",
        "سرپناه و لوازم خانه",
        "Abri et articles ménagers",
    ),
    _need("cash", "cash-transfer", "Cash", "مساعدة نقدية", "کمک نقدی", "Aide en argent"),
    _need(
        "registration-papers",
        "registration",
        "Registration and papers",
        "التسجيل والوثائق",
        "ثبت نام و اسناد",
        "Enregistrement et papiers",
    ),
    _need(
        "legal-help",
        "rule-of-law-and-justice",
        "Legal help and rights",
        "المساعدة القانونية والحقوق",
        "کمک حقوقی",
        "Aide juridique et droits",
    ),
    _need("family", "users", "Family lost and found", "البحث عن أفراد العائلة", "پیدا کردن اعضای خانواده", "Retrouver sa famille"),
    _need("womens-safety", "protection", "Women's safety", "سلامة النساء", "مصونیت زنان", "Sécurité des femmes"),
    _need("children", "child-protection", "Children", "الأطفال", "کودکان", "Enfants"),
    _need("education", "education", "Education", "التعليم", "آموزش", "Éducation"),
    _need("work-skills", "livelihood", "Work and skills", "العمل والمهارات", "کار و مهارت", "Travail et compétences"),
    _need("disability", "people-with-physical-impairments", "Disability", "الإعاقة", "معلولیت", "Handicap"),
    _need("phones-charging", "mobile-phone", "Phones and charging", "الهواتف والشحن", "تلفن و چارج", "Téléphones et recharge"),
    _need("housing", "house", "Housing and rent", "السكن والإيجار", "مسکن و کرایه", "Logement et loyer"),
    _need("transport", "bus", "Transport", "المواصلات", "ترانسپورت", "Transport"),
    _need(
        "community",
        "community-building",
        "Community and information",
        "المجتمع والمعلومات",
        "اجتماع و معلومات",
        "Communauté et information",
    ),
)

BY_SLUG: Mapping[str, Need] = {need.slug: need for need in NEEDS}
TAXONOMY_ID = stable_id("taxonomy", "needs")


def taxonomy(slugs: set[str]) -> tuple[list[Record], list[Translation]]:
    """The taxonomy of needs with those terms that are used, and their names in every language."""
    records = [record("taxonomy", id=TAXONOMY_ID, name="Needs", description="What people come for")]
    texts = list[Translation]()
    for need in NEEDS:
        if need.slug in slugs:
            english = need.names["en"]
            term = record(
                "taxonomy_term", id=need.term_id, code=need.slug, name=english, description=english, taxonomy="Needs",
                taxonomy_id=TAXONOMY_ID, language="en",
            )  # fmt: skip
            records.append(term)
            texts += [
                Translation("taxonomy_term", need.term_id, "name", tag, name, "campbox", True)
                for tag, name in need.names.items()
                if tag != "en"
            ]
    return records, texts


def link(service_id: str, slug: str) -> Record:
    """The attribute that puts a service under a need."""
    return record(
        "attribute", id=stable_id("attribute", service_id, "need", slug), link_id=service_id, link_entity="service",
        link_type="taxonomy", taxonomy_term_id=BY_SLUG[slug].term_id, label="need", value=slug,
    )  # fmt: skip
