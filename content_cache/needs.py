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

SEARCH_WORDS: Mapping[str, str] = {
    "health": "doctor clinic hospital medicine nurse sick pharmacy طبيب دكتور عيادة مستشفى دواء صيدلية داکتر کلینیک شفاخانه دوا"
    " médecin docteur clinique hôpital médicament pharmacie",
    "food": "meal bread groceries voucher طعام أكل خبز وجبة نان خوراک غذا repas pain manger",
    "water-sanitation": "water toilet latrine shower wash ماء مياه مرحاض حمام آب تشناب eau toilettes latrine douche",
    "shelter": "tent blanket stove mattress kitchen خيمة بطانية مأوى خیمه کمپل tente couverture",
    "cash": "money bank card payment مال نقود فلوس بطاقة پول نقد argent carte",
    "registration-papers": "register document card certificate passport تسجيل وثيقة بطاقة شهادة ثبت سند کارت"
    " carte document certificat",
    "legal-help": "lawyer law court rights محامي قانون حقوق محكمة وکیل قانون avocat droit tribunal",
    "family": "missing lost tracing reunification مفقود لم شمل گمشده disparu famille",
    "womens-safety": "women woman girl violence نساء امرأة بنات عنف زنان زن خشونت femme violence",
    "children": "child kid baby play طفل أطفال رضيع لعب کودک طفل بازی enfant bébé jeu",
    "education": "school teacher lesson course university مدرسة معلم درس دورة مکتب معلم درس école cours professeur",
    "work-skills": "job work training livelihood عمل وظيفة تدريب کار وظیفه تمرین travail emploi formation",
    "disability": "wheelchair blind deaf physiotherapy كرسي متحرك إعاقة معلول ویلچر fauteuil roulant handicap",
    "phones-charging": "sim charge battery internet wifi شحن بطارية هاتف چارج موبایل téléphone recharge",
    "housing": "rent apartment house إيجار شقة بيت کرایه خانه loyer appartement maison",
    "transport": "bus car taxi ambulance باص حافلة سيارة موتر بس bus voiture",
    "community": "information centre meeting help desk معلومات مركز اجتماع معلومات مرکز information centre",
}
"""What people type when they mean a need, in all languages together; found after an entry's own words."""

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
