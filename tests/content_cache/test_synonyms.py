"""Whoever types the everyday word for a need, in any language of the box, is understood."""

from __future__ import annotations

import pytest

from appliance.web.languages import LANGUAGES
from content_cache import search_plan, search_text, synonyms, synonyms_more
from content_cache.needs import NEEDS

COLUMNS = (
    "doctor", "hospital", "clinic", "medicine", "health", "food", "water-sanitation", "shelter", "cash", "registration-papers",
    "legal-help", "family", "womens-safety", "children", "education", "work-skills", "disability", "phones-charging", "housing",
    "transport",
)  # fmt: skip
WORDS = {
    "en": "doctor hospital clinic medicine health food water shelter money registration lawyer family woman child school job"
    " disability phone house bus",
    "ar": "طبيب مستشفى عيادة دواء صحة طعام ماء مأوى فلوس تسجيل محامي عائلة امرأة طفل مدرسة عمل إعاقة هاتف بيت مواصلات",
    "fa-AF": "داکتر شفاخانه کلینیک دوا صحت غذا آب سرپناه پول راجستر وکیل فامیل زن طفل مکتب کار معلولیت موبایل خانه ترانسپورت",
    "fa": "پزشک بیمارستان درمانگاه دارو سلامت غذا آب پناهگاه پول ثبت_نام وکیل خانواده زن کودک مدرسه شغل معلولیت گوشی خانه سرویس",
    "ps": "ډاکټر روغتون کلینیک درمل روغتیا خواړه اوبه سرپناه پیسې ثبت وکیل کورنۍ ښځه ماشوم ښوونځی کار معلولیت ټلیفون کور ټرانسپورټ",
    "ckb": "دکتۆر نەخۆشخانە کلینیک دەرمان تەندروستی خواردن ئاو پەناگە پارە تۆمارکردن پارێزەر خێزان ژن منداڵ قوتابخانە کار کەمئەندام"
    " مۆبایل خانوو هاتوچۆ",
    "ku": "doktor nexweşxane klînîk derman tenduristî xwarin av stargeh pere qeydkirin parêzer malbat jin zarok dibistan kar"
    " astengdar telefon xanî veguhastin",
    "ur": "ڈاکٹر ہسپتال کلینک دوا صحت کھانا پانی پناہ پیسے اندراج وکیل خاندان عورت بچے اسکول کام معذوری فون گھر ٹرانسپورٹ",
    "so": "dhakhtar isbitaal rugta daawo caafimaad cunto biyo hoy lacag diiwaangelin qareen qoys haween carruur dugsi shaqo naafo"
    " taleefan guri gaadiid",
    "ti": "ሓኪም ሆስፒታል ክሊኒክ መድሃኒት ጥዕና መግቢ ማይ መጽለሊ ገንዘብ ምዝገባ ጠበቃ ስድራ ሰበይቲ ቆልዓ ቤት_ትምህርቲ ስራሕ ስንክልና ስልኪ ገዛ ኣውቶቡስ",
    "fr": "médecin hôpital clinique médicament santé nourriture eau abri argent enregistrement avocat famille femme enfant école"
    " travail handicap téléphone logement bus",
    "uk": "лікар лікарня клініка ліки здоров'я їжа вода притулок гроші реєстрація юрист родина жінка дитина школа робота"
    " інвалідність телефон житло автобус",
}
"""Language -> a word for each column, as a person might type it."""
CASES = [
    (tag, column, word.replace("_", " ")) for tag, said in WORDS.items() for column, word in zip(COLUMNS, said.split(), strict=True)
]


def test_the_table_has_every_language_and_every_need() -> None:
    assert set(WORDS) == {language.tag for language in LANGUAGES}
    assert set(COLUMNS) - {"doctor", "hospital", "clinic", "medicine"} == {need.slug for need in NEEDS} - {"community"}


def test_the_everyday_word_of_every_language_is_understood() -> None:
    slug = dict.fromkeys(("doctor", "hospital", "clinic", "medicine"), "health")
    missed = [one for one in CASES if slug.get(one[1], one[1]) not in search_plan.needs_meant(one[2])]
    assert not missed


@pytest.mark.parametrize("column", ["doctor", "hospital", "clinic", "medicine"])
def test_a_doctor_is_a_doctor_in_every_language(column: str) -> None:
    """Not only the same need: the very meaning, so that a hospital is found for a hospital."""
    english = {meaning for meaning in synonyms.BY_WORD[column]}
    for tag, _, word in (one for one in CASES if one[1] == column):
        assert english & set(synonyms.BY_WORD[" ".join(search_text.words(word))]), (tag, word)


def test_no_draft_word_is_one_that_other_languages_leave_out_of_a_query() -> None:
    stop = {word for part in synonyms._STOP.split("|") for word in search_text.words(part)}
    more = {" ".join(search_text.words(word)) for words in synonyms_more.more().values() for word in words}
    assert not more & stop and "" not in more
