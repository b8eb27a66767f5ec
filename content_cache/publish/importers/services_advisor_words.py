"""P The closed vocabulary of the UNHCR Jordan Services Advisor: each English term in plain words and in Arabic.

The published Arabic file shifts some terms: "Open to all" stands there as "serious medical condition". So what people read in
Arabic comes from this table, never from a term of the Arabic file that means something else; each such place is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "campbox"
"""Who translated the texts of this table: drafts of the project."""


@dataclass(frozen=True)
class Word:
    """One term: what is shown in English and Arabic, and the terms of the Arabic file that mean the same."""

    en: str
    ar: str
    same: tuple[str, ...] = ()


def _w(en: str, ar: str, *same: str) -> Word:
    return Word(en, ar, same)


NATIONALITY: Mapping[str, Word] = {
    "No restriction": _w("All nationalities", "جميع الجنسيات", "لا توجد قيود"),
    "Syrians only": _w("Syrians only", "السوريون فقط", "السوريون فقط"),
    "Jordanians only": _w("Jordanians only", "الأردنيون فقط", "الأردنيون فقط"),
    "Other nationalities only": _w("Other nationalities only (not Syrian, not Jordanian)", "جنسيات أخرى فقط", "جنسيات أخرى فقط"),
}
INTAKE: Mapping[str, Word] = {
    "Open to all": _w("Open to all", "مفتوح للجميع"),
    "Specific Vulnerability Calculation/Scoring": _w(
        "Those found most in need by an assessment", "حسب تقييم مستوى الضعف", "حساب وتقدير مستوى الضعف المحدد"
    ),
    "Family unity": _w("Family unity", "وحدة الأسرة", "وحدة الأسرة"),
    "Disability": _w("People with disabilities", "الأشخاص ذوو الإعاقة", "إعاقة"),
    "Child at risk": _w("Children at risk", "الأطفال المعرضون للخطر", "طفل في خطر"),
    "Single parent or caregiver": _w(
        "Single parents or caregivers", "الوالد الوحيد أو مقدم الرعاية", "الوالد الوحيد أو مقدم الرعاية"
    ),
    "Woman at risk": _w("Women at risk", "النساء المعرضات للخطر", "امرأة في خطر"),
    "Serious medical condition": _w("People with a serious medical condition", "ذوو الحالات الصحية الخطيرة", "حالة صحية خطيرة"),
    "Older person at risk": _w("Older people at risk", "كبار السن المعرضون للخطر", "مسن في خطر"),
    "Unaccompanied or separated child": _w(
        "Unaccompanied or separated children", "الأطفال غير المصحوبين أو المنفصلون", "الطفل الغير المصحوب أو المنفصل (UASC)"
    ),
    "SGBV": _w(
        "Survivors of sexual and gender-based violence",
        "الناجون من العنف الجنسي والعنف القائم على النوع الاجتماعي",
        "ضحايا العنف الجنسي والقائم على نوع الجنس",
    ),
    "Specific legal and physical protection needs": _w(
        "People with legal or physical protection needs", "ذوو احتياجات الحماية القانونية أو الجسدية"
    ),
    "Torture": _w("Survivors of torture", "الناجون من التعذيب"),
}
ACCESS: Mapping[str, Word] = {
    "All the above": _w(
        "Walk in, by outreach team, by hotline or by referral", "بالحضور أو عبر فريق ميداني أو الخط الساخن أو بالإحالة"
    ),
    "Outreach": _w("An outreach team comes to people", "فريق ميداني يصل إلى الناس", "الوصول"),
    "Walk-in": _w("Walk in", "الحضور مباشرة", "الخدمة متوفرة لكل من يطلبها"),
    "Referrals only": _w("By referral only", "بالإحالة فقط", "المحالون فقط"),
    "Outreach Information hotline": _w("Outreach team and information hotline", "فريق ميداني وخط ساخن للمعلومات"),
    "Outreach, Information hotline": _w("Outreach team and information hotline", "فريق ميداني وخط ساخن للمعلومات"),
    "Hotline and follow up home visit": _w(
        "Hotline, then a home visit", "الخط الساخن ثم زيارة منزلية", "الاتصال بالخط الساخن والزيارة المنزلية المتابعة للاتصال"
    ),
    "Walk-in & Outreach": _w("Walk in, or an outreach team comes", "الحضور مباشرة أو عبر فريق ميداني"),
}
COVERAGE: Mapping[str, Word] = {
    "District where the service is located": _w(
        "The district around it", "اللواء الذي تقع فيه الخدمة", "المقاطعة التي تقع فيها الخدمة"
    ),
    "Governorate where the service is located": _w(
        "The governorate around it", "المحافظة التي تقع فيها الخدمة", "المحافظة حيث تقع الخدمة"
    ),
    "Countrywide": _w("The whole country", "البلد كله", "البلد كله"),
    "City where the service is located": _w("The city around it", "المدينة التي تقع فيها الخدمة", "المدينة التي تقع فيها الخدمة"),
    "Office location only - walk in distance": _w("Within walking distance", "ضمن مسافة المشي", "موقع المكتب فقط- مسافة المشي"),
    "North": _w("The north of the country", "شمال البلاد", "شمال الاردن"),
    "South": _w("The south of the country", "جنوب البلاد", "جنوب الاردن"),
    "Central": _w("The middle of the country", "وسط البلاد", "وسط الاردن"),
    "Governorate & Adjacent Governorates": _w(
        "The governorate around it and its neighbours", "المحافظة والمحافظات المجاورة", "المحافظة والمحافظات المجاورة"
    ),
}
PAPERS: Mapping[str, Word] = {
    "No Requirement": _w("No papers needed", "لا حاجة إلى وثائق", "لا توجد متطلبات"),
    "Valid UNHCR ASC and MOI card": _w(
        "Valid UNHCR asylum seeker certificate and Ministry of Interior service card",
        "شهادة طالب لجوء سارية من المفوضية وبطاقة خدمة سارية من وزارة الداخلية",
        "وثيقة طلب اللجوء و بطاقة الخدمات الصادرة عن وزارة الداخلية صالحتان",
    ),
    "Expired and Valid UNHCR ASC and MOI": _w(
        "UNHCR asylum seeker certificate and Ministry of Interior service card, valid or expired",
        "شهادة طالب لجوء من المفوضية وبطاقة خدمة من وزارة الداخلية، سارية أو منتهية",
        "وثيقة طلب اللجوء و بطاقة الخدمات الصادرة عن وزارة الداخلية صالحتان أو منتهيتان الصلاحية",
    ),
    "UNHCR ASC": _w("UNHCR asylum seeker certificate", "شهادة طالب لجوء من المفوضية", "وثيقة طلب اللجوء"),
    "Orginal Proof of Syrian ID": _w(
        "Original proof of Syrian identity", "إثبات أصلي للهوية السورية", "الإثبات الاصلي للهوية السورية"
    ),
    "Copy of Proof of Syrian ID": _w("Copy of proof of Syrian identity", "نسخة من إثبات الهوية السورية"),
    "MOI card": _w("Ministry of Interior service card", "بطاقة خدمة من وزارة الداخلية", "بطاقة الخدمات الصادرة عن وزارة الداخلية"),
}
REFERRAL: Mapping[str, Word] = {
    "Email on a per case basis": _w(
        "Organisations refer by e-mail", "تحيل المنظمات عبر البريد الإلكتروني", "الإتصال بايميل على أساس كل حالة تستجد"
    ),
    "IA Form": _w("Organisations refer by inter-agency form", "تحيل المنظمات عبر استمارة الإحالة", "إستمارة للإحالة بين الوكالات"),
    "Referrals not accepted": _w("Referrals are not accepted", "لا تُقبل الإحالات", "Referrals not accepted"),
    "Telephone on a per case basis": _w(
        "Organisations refer by telephone", "تحيل المنظمات عبر الهاتف", "الإتصال هاتفياً على أساس كل حالة تستجد"
    ),
    "RAIS": _w("Organisations refer through RAIS", "تحيل المنظمات عبر نظام RAIS", "RAIS"),
    "Referral is not required": _w("No referral is needed", "لا حاجة إلى إحالة", "Referral is not required"),
    "No Referral": _w("No referral", "لا إحالة"),
}
AVAILABILITY: Mapping[str, Word] = {
    "Every Day": _w("", "", "كل يوم"),
    "Once a week": _w("Once a week", "مرة في الأسبوع", "مرة في الأسبوع"),
    "Biweekly": _w("Every two weeks", "كل أسبوعين", "كل أسبوعين"),
    "Once a month": _w("Once a month", "مرة في الشهر", "كل شهر"),
    "Bimonthly": _w("Every two months", "كل شهرين", "كل شهرين"),
    "Once per trimester or more": _w("Every three months or less often", "كل ثلاثة أشهر أو أكثر", "كل ثلاثة أشهر"),
    "One Off": _w("Once only", "مرة واحدة فقط", "مرة واحدة فقط"),
    "One time": _w("Once only", "مرة واحدة فقط", "مرة واحدة"),
}
DAYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Sun-Thurs": ("SU,MO,TU,WE,TH", ("الأحد-الخميس",)),
    "Mon-Thurs and Sat": ("MO,TU,WE,TH,SA", ("الاثنين-الخميس والسبت",)),
    "Mondays only": ("MO", ("أيام الاثنين فقط",)),
    "Tuesdays only": ("TU", ("أيام الثلاثاء فقط",)),
    "Wednesdays only": ("WE", ("أيام الأربعاء فقط",)),
    "Thursdays only": ("TH", ("أيام الخميس فقط",)),
    "Fridays only": ("FR", ("أيام الجمعة فقط",)),
    "Saturdays only": ("SA", ("أيام السبت فقط",)),
    "Sundays only": ("SU", ("أيام الأحد فقط",)),
}
ALWAYS = {"Always open", "Never closed"}

PLACES: Mapping[str, str] = {
    "Zaatari Camp (all district)": "مخيم الزعتري (كل القطاعات)",
    "Emirati Jordanian Camp (EJC)": "المخيم الإماراتي الأردني",
    "Al Khaldyah": "الخالدية",
}
"""Where the Arabic file leaves the name of a place in English."""

ACTIVITIES: Mapping[str, str] = {
    "Women Safe Spaces": "مساحات آمنة للنساء",
    "Distribution for Basic needs (NFI)": "توزيع الاحتياجات الأساسية (المواد غير الغذائية)",
    "Hygiene & hygiene products Delivery": "النظافة وتوزيع مواد النظافة",
    "Drainage": "تصريف المياه",
}
"""Where the Arabic file's name of an activity is half English, doubled or names another thing."""

NEED_OF_ACTIVITY: Mapping[str, tuple[str, ...]] = {
    "Child Protection": ("children",),
    "Women Safe Spaces": ("womens-safety",),
    "Psychosocial & Mental Health": ("health",),
    "Case-focused MHPSS": ("health",),
    "General MHPSS & Protection": ("health", "community"),
    "Community-Focused MHPSS and Protection": ("community", "health"),
    "Community-focused Protection": ("community",),
    "Protection Services": ("legal-help",),
    "Protection": ("legal-help",),
    "Refugee Right": ("registration-papers",),
    "Cash For Rent": ("housing", "cash"),
    "Economic capacity of Syrian refugee families": ("work-skills",),
    "Education for children with disabilities": ("education", "disability"),
}
NEED_OF_CATEGORY: Mapping[str, str] = {
    "CASH": "cash",
    "NFI": "shelter",
    "WASH": "water-sanitation",
    "HEALTH": "health",
    "EDUCATION": "education",
    "SHELTER": "shelter",
    "FOOD": "food",
    "PROTECTION": "community",
}
NEED_OF_INDICATOR: tuple[tuple[str, str], ...] = (
    ("legal services", "legal-help"),
    ("family tracing", "family"),
    ("livelihoods", "work-skills"),
    ("registration procedures", "registration-papers"),
    ("registration and reception", "registration-papers"),
    ("gender-based violence", "womens-safety"),
    ("physical therapy", "disability"),
    ("persons with disabilities", "disability"),
    ("child-friendly spaces", "children"),
    ("nutrition", "food"),
)
"""A word in an active indicator that puts the service under one need more."""
