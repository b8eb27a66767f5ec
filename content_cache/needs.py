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


# Slug and icon of each need; below, their names in the same order. Names other than English are drafts until a named speaker has
# passed them; a language without a line reads English.
_ICONS = (
    ("health", "health-facility"), ("food", "food"), ("water-sanitation", "water-sanitation-and-hygiene"),
    ("shelter", "shelter"), ("cash", "cash-transfer"), ("registration-papers", "registration"),
    ("legal-help", "rule-of-law-and-justice"), ("family", "users"), ("womens-safety", "protection"),
    ("children", "child-protection"), ("education", "education"), ("work-skills", "livelihood"),
    ("disability", "people-with-physical-impairments"), ("phones-charging", "mobile-phone"), ("housing", "house"),
    ("transport", "bus"), ("community", "community-building"),
)  # fmt: skip
_NAMES: Mapping[str, str] = {
    "ar": "الصحة | الغذاء | المياه والصرف الصحي | المأوى ومستلزمات البيت | مساعدة نقدية | التسجيل والوثائق | "
    "المساعدة القانونية والحقوق | البحث عن أفراد العائلة | سلامة النساء | الأطفال | التعليم | العمل والمهارات | "
    "الإعاقة | الهواتف والشحن | السكن والإيجار | المواصلات | المجتمع والمعلومات",
    "fa-AF": "صحت | غذا | آب و حفظ‌الصحه | سرپناه و لوازم خانه | کمک نقدی | ثبت نام و اسناد | کمک حقوقی | "
    "پیدا کردن اعضای خانواده | مصونیت زنان | کودکان | آموزش | کار و مهارت | معلولیت | تلفن و چارج | مسکن و کرایه | "
    "ترانسپورت | اجتماع و معلومات",
    "fa": "سلامت | غذا | آب و دستشویی | سرپناه و لوازم خانه | کمک نقدی | ثبت‌نام و مدارک | کمک حقوقی و حقوق | "
    "پیدا کردن اعضای خانواده | امنیت زنان | کودکان | آموزش | کار و مهارت | معلولیت | تلفن و شارژ | مسکن و اجاره | "
    "رفت‌وآمد | جامعه و اطلاعات",
    "ps": "روغتیا | خواړه | اوبه او تشنابونه | سرپناه او د کور سامان | نغدي مرسته | ثبت او اسناد | حقوقي مرسته او حقونه | "
    "د کورنۍ غړي موندل | د ښځو خوندیتوب | ماشومان | زده کړه | کار او مهارتونه | معلولیت | ټلیفونونه او چارج | "
    "کور او کرایه | ټرانسپورټ | ټولنه او معلومات",
    "ckb": "تەندروستی | خواردن | ئاو و ئاودەست | پەناگە و کەلوپەلی ماڵ | یارمەتی نەختینە | تۆمارکردن و بەڵگەنامە | "
    "یارمەتی یاسایی و مافەکان | دۆزینەوەی خێزان | سەلامەتی ژنان | منداڵان | پەروەردە | کار و لێهاتوویی | "
    "کەمئەندامی | مۆبایل و بارگاویکردنەوە | خانوو و کرێ | هاتوچۆ | کۆمەڵگە و زانیاری",
    "ku": "Tenduristî | Xwarin | Av û tuwalet | Stargeh û tiştên malê | Alîkariya bi pere | Qeydkirin û belge | "
    "Alîkariya hiqûqî û maf | Dîtina malbatê | Ewlehiya jinan | Zarok | Perwerde | Kar û jêhatîbûn | Astengdarî | "
    "Telefon û şarj | Xanî û kirê | Veguhastin | Civak û agahî",
    "ur": "صحت | کھانا | پانی اور بیت الخلا | پناہ اور گھر کا سامان | نقد امداد | اندراج اور کاغذات | "
    "قانونی مدد اور حقوق | خاندان کی تلاش | خواتین کی حفاظت | بچے | تعلیم | کام اور ہنر | معذوری | فون اور چارجنگ | "
    "رہائش اور کرایہ | آمد و رفت | برادری اور معلومات",
    "so": "Caafimaad | Cunto | Biyo iyo musqulo | Hoy iyo alaabta guriga | Lacag caddaan ah | Diiwaangelin iyo waraaqo | "
    "Caawimaad sharci iyo xuquuq | Raadinta qoyska | Badbaadada haweenka | Carruur | Waxbarasho | "
    "Shaqo iyo xirfado | Naafonimo | Taleefanno iyo dallacid | Guri iyo kiro | Gaadiid | Bulsho iyo macluumaad",
    "ti": "ጥዕና | ምግቢ | ማይን ሽንትቤትን | መጽለልን ኣቕሑ ገዛን | ሓገዝ ገንዘብ | ምዝገባን ወረቓቕትን | ሕጋዊ ሓገዝን መሰላትን | ምርካብ ስድራቤት | "
    "ድሕንነት ደቂ ኣንስትዮ | ህጻናት | ትምህርቲ | ስራሕን ክእለትን | ስንክልና | ተሌፎንን ቻርጅን | መንበርን ክራይን | መጓዓዝያ | ማሕበረሰብን ሓበሬታን",
    "fr": "Santé | Nourriture | Eau et toilettes | Abri et articles ménagers | Aide en argent | "
    "Enregistrement et papiers | Aide juridique et droits | Retrouver sa famille | Sécurité des femmes | Enfants | "
    "Éducation | Travail et compétences | Handicap | Téléphones et recharge | Logement et loyer | Transport | "
    "Communauté et information",
    "en": "Health | Food | Water and toilets | Shelter and household items | Cash | Registration and papers | "
    "Legal help and rights | Family lost and found | Women's safety | Children | Education | Work and skills | "
    "Disability | Phones and charging | Housing and rent | Transport | Community and information",
    "uk": "Здоров'я | Їжа | Вода й туалети | Притулок і речі для дому | Грошова допомога | Реєстрація та документи | "
    "Правова допомога та права | Пошук рідних | Безпека жінок | Діти | Освіта | Робота й навички | Інвалідність | "
    "Телефони й зарядка | Житло й оренда | Транспорт | Громада та інформація",
}  # fmt: skip


def _table() -> tuple[Need, ...]:
    columns = {tag: [name.strip() for name in line.split("|")] for tag, line in _NAMES.items()}
    return tuple(
        Need(slug, icon, {tag: names[place] for tag, names in columns.items()}) for place, (slug, icon) in enumerate(_ICONS)
    )


NEEDS: tuple[Need, ...] = _table()

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
