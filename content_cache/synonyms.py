"""P THE table of what people type: words that mean the same, by the need they mean. Search alone reads it.

An entry is one meaning: its need ("-" for none), then its words language after language: English, Arabic, Dari and Persian, French,
Tigrinya, Ukrainian (with Russian); the other languages follow in ``synonyms_more``. ``_`` joins words that mean this only together.
Words other than English are drafts until a named speaker has passed them; a wrong one can only find too much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from content_cache import needs, search_text, synonyms_more


@dataclass(frozen=True)
class Meaning:
    """Words (several joined by a space) that mean the same, normalised, and the need they speak of."""

    need: str
    words: frozenset[str]


_TABLE = """
health | health healthcare medical | صحة صحي علاج | صحت صحی تداوی | santé soin soins | ጥዕና ሕክምና
  | здоров'я медицина медична лікування здоровье
health | doctor doctors physician gp | طبيب دكتور أطباء حكيم | داکتر دکتر طبیب پزشک | médecin docteur | ሓኪም ዶክተር
  | лікар лікаря доктор врач
health | clinic clinics dispensary | عيادة مستوصف عيادات | کلینیک درمانگاه | clinique dispensaire consultation | ክሊኒክ
  | клініка поліклініка амбулаторія клиника
health | hospital hospitals | مستشفى مشفى مستشفيات | شفاخانه بیمارستان
  | hôpital hôpitaux | ሆስፒታል | лікарня лікарню госпіталь больница
health | pharmacy medicine medicines drug drugs pills tablets | صيدلية دواء أدوية حبوب | دواخانه دوا داروخانه دارو
  | pharmacie médicament médicaments | መድሃኒት ፋርማሲ | аптека ліки таблетки лекарства
health | nurse nurses | ممرضة ممرض ممرضات | نرس پرستار | infirmière infirmier | ነርስ | медсестра
health | dentist tooth teeth toothache dental | أسنان سن ضرس | دندان دندانساز | dentiste dent dents | ስኒ ኣስናን
  | стоматолог зуб зуби дантист
health | sick ill illness disease fever pain | مريض مرض حمى ألم وجع | مریض بیمار تب درد
  | malade maladie fièvre douleur | ሕሙም ሕማም ረስኒ | хворий хвороба біль болить гарячка больной
health | diabetes sugar chronic hypertension asthma | سكري سكر مزمن مزمنة ضغط ربو | شکر فشار دوامدار دیابت
  | diabète chronique hypertension asthme | ሽኮርያ | діабет тиск астма хронічний
health | pregnant pregnancy birth midwife maternity delivery | حامل ولادة قابلة | حامله بارداری ولادت زایمان قابله
  | enceinte grossesse accouchement naissance sage_femme | ጥንሲ ወሊድ ነፍሰጾር
  | вагітна вагітність пологи акушерка беременная
health | vaccine vaccines vaccination immunisation | لقاح لقاحات تطعيم تحصين | واکسین واکسن
  | vaccin vaccins vaccination | ክታበት | щеплення вакцина вакцинація прививка
health | mental psychologist psychological sad stress trauma counselling | نفسي نفسية حزن صدمة | روانی روان غم مشوره
  | psychologue psychologique stress tristesse | ጭንቀት ኣእምሮ | психолог психологічна стрес тривога
health | ambulance | إسعاف | امبولانس آمبولانس | ambulance | ኣምቡላንስ | швидка_допомога швидка скорая
health | glasses eye eyes hearing | نظارات نظارة عين سمع سماعة | عینک چشم شنوایی | lunettes œil yeux audition
  | መነጽር ዓይኒ | окуляри очі слух
food | food nutrition meal meals eat hungry | غذاء طعام أكل وجبة جوع تغذية | غذا خوراک نان گرسنه تغذیه
  | nourriture repas manger faim nutrition aliment | መግቢ ምግቢ ጥሜት | їжа харчування харчі голод еда питание
food | bread bakery oven | خبز فرن مخبز | نان نانوایی تنور | pain four boulangerie | ባኒ ሕምባሻ | хліб пекарня хлеб
food | groceries parcel parcels ration rations | مؤن سلة حصة طرد | بسته جیره راشن | colis ration vivres | ራሽን
  | продукти пайок продуктовий набір
water-sanitation | water drinking tap taps | ماء مياه شرب حنفية | آب نل نوشیدن | eau robinet boire | ማይ
  | вода воду питна кран
water-sanitation | toilet toilets latrine wc | مرحاض حمام مراحيض دورة_مياه | تشناب دستشویی
  | toilette toilettes latrine latrines wc | ሽቓቕ ሽንትቤት | туалет туалети
water-sanitation | shower showers bath wash washing | دش استحمام غسيل | حمام شستن دوش | douche douches laver
  | ሻወር ምሕጻብ | душ прання мити
water-sanitation | soap hygiene pads sanitary | صابون نظافة فوط | صابون حفظ‌الصحه نظافت | savon hygiène serviettes
  | ሳሙና ጽሬት | мило гігієна прокладки
water-sanitation | waste rubbish garbage trash | نفايات قمامة زبالة | کثافات زباله | déchets poubelle ordures | ጎሓፍ
  | сміття відходи мусор
shelter | shelter sleep bed | مأوى ملجأ نوم سرير | سرپناه پناهگاه خواب | abri hébergement dormir lit | መጽለሊ መዕቆቢ
  | притулок укриття ночівля приют
shelter | tent tents | خيمة خيام | خیمه | tente tentes | ድንኳን ተንዳ | намет палатка
shelter | blanket blankets mattress | بطانية بطانيات فراش حرام | کمپل پتو توشک | couverture couvertures matelas
  | ኮበርታ ኮቦርታ | ковдра ковдри матрац одеяло
shelter | stove stoves heater heating cold winter | مدفأة مدافئ صوبة تدفئة برد شتاء | بخاری گرم سرما زمستان
  | poêle poêles chauffage froid hiver | ዛሕሊ | обігрівач піч холод зима
shelter | clothes clothing shoes | ملابس ثياب أحذية | لباس کالا بوت | vêtements habits chaussures | ክዳን ጫማ
  | одяг взуття одежда
cash | cash money payment financial | نقد نقود مال فلوس مصاري نقدية مالية | پول نقد نقدی مالی
  | argent espèces paiement | ገንዘብ ቅርሺ | гроші готівка виплата допомога_грошова деньги
cash | bank atm pin | بنك صراف رقم_سري | بانک رمز | banque distributeur code | ባንኪ | банк банкомат пін
cash | loan savings saving | قرض ادخار توفير | قرض قرضه پس‌انداز | prêt épargne | ልቓሕ ቁጠባ | позика заощадження
registration-papers | register registration unhcr asylum refugee | تسجيل مفوضية لجوء لاجئ | ثبت_نام راجستر پناهندگی
  | enregistrement inscription asile réfugié | ምዝገባ ዑቕባ | реєстрація зареєструватися притулок біженець
registration-papers | document documents papers certificate id | وثيقة وثائق أوراق شهادة هوية مستند
  | سند اسناد تذکره شهادتنامه مدرک | document documents papiers certificat identité acte | ሰነድ ወረቐት መንነት
  | документ документи довідка посвідчення паспорт
registration-papers | passport visa | جواز تأشيرة جواز_سفر | پاسپورت ویزه | passeport visa | ፓስፖርት ቪዛ | паспорт віза
registration-papers | birth_certificate birth_paper | شهادة_ميلاد | تولدنامه تذکره_نوزاد | acte_de_naissance
  | ምስክር_ልደት | свідоцтво_про_народження
registration-papers | copy copies photo photos photocopy | نسخ صورة صور تصوير | کاپی عکس | copie copies photo photos
  | ቅዳሕ ስእሊ | копія фото ксерокс
legal-help | legal lawyer lawyers attorney advocate | قانوني قانونية محامي محام | حقوقی وکیل
  | juridique avocat avocate | ሕጋዊ ጠበቃ | юрист адвокат юридична правова
legal-help | law rights right court judge | قانون حقوق محكمة قاضي | قانون حق محکمه قاضی
  | droit droits loi tribunal juge | ሕጊ መሰል ፍርዲ ቤት_ፍርዲ | закон права суд суддя
legal-help | arrest arrested police prison detention | توقيف شرطة سجن اعتقال | توقیف پولیس زندان بازداشت
  | arrestation arrêté police prison | ፖሊስ ማእሰርቲ | арешт поліція затримання
legal-help | marriage divorce custody | زواج طلاق حضانة | ازدواج طلاق سرپرستی نکاح | mariage divorce garde_des_enfants | መርዓ ፍትሕ
  | шлюб розлучення опіка
legal-help | complaint complaints feedback | شكوى شكاوى اقتراح | شکایت شکایات پیشنهاد | plainte plaintes réclamation
  | ጥርዓን | скарга скарги пропозиція
family | family relatives reunification tracing | عائلة أسرة أقارب لم_شمل | فامیل خانواده
  | famille proches regroupement | ስድራ ቤተሰብ | родина сім'я родичі семья
family | missing lost search disappeared | مفقود ضائع ضائعين بحث | گمشده گم گم‌شده جستجو | disparu perdu recherche
  | ጥፉእ | зниклий загублений пошук розшук
womens-safety | woman women female | امرأة نساء سيدات | زن زنان خانم | femme femmes | ሰበይቲ ደቂ_ኣንስትዮ ኣንስቲ | жінка жінки жінок женщина
womens-safety | girl girls | فتاة فتيات بنات بنت | دختر دختران | fille filles | ጓል ኣዋልድ | дівчина дівчата девочка
womens-safety | violence rape abuse gbv beaten | عنف اغتصاب إساءة ضرب | خشونت تجاوز آزار لت‌وکوب
  | violence violences viol abus | ዓመጽ | насильство зґвалтування насилие
children | child children kid kids baby babies youth | طفل أطفال رضيع شباب | کودک کودکان طفل اطفال نوزاد جوانان
  | enfant enfants bébé jeunes | ቆልዓ ህጻን ህጻናት | дитина діти немовля ребенок дети
children | play playground games | لعب ملعب ألعاب | بازی | jeu jeux jouer | ጸወታ | гра ігри майданчик
education | education | تعليم | تعلیم آموزش معارف | éducation enseignement | ትምህርቲ | освіта навчання образование
education | school schools class classes lesson | مدرسة مدارس صف درس | مکتب صنف درس مدرسه | école écoles classe cours
  | ቤት_ትምህርቲ | школа школи клас урок
education | teacher teachers | معلم معلمة مدرس | معلم استاد | professeur enseignant | መምህር | вчитель вчителька учитель
education | language languages english | لغة لغات إنجليزي | زبان انگلیسی | langue langues anglais | ቋንቋ
  | мова мови англійська
education | university college scholarship | جامعة كلية منحة | پوهنتون دانشگاه بورس | université bourse | ዩኒቨርሲቲ
  | університет стипендія
education | read reading write writing literacy library books | قراءة كتابة مكتبة كتب
  | خواندن نوشتن سواد کتابخانه کتاب | lire écrire lecture bibliothèque livres | ምንባብ መጽሓፍ
  | читати читання бібліотека книги
work-skills | work job jobs employment livelihood | عمل وظيفة شغل توظيف | کار وظیفه شغل | travail emploi boulot | ስራሕ
  | робота працевлаштування работа
work-skills | training course skills vocational | تدريب دورة مهارات مهني | تمرین کورس مهارت آموزش_حرفوی
  | formation stage compétences | ስልጠና | курси тренінг навички
work-skills | sewing tailor tailoring | خياطة خياط | خیاطی خیاط | couture tailleur | ስፌት | шиття кравець
work-skills | garden farming agriculture | حديقة زراعة زراعية | باغ باغچه زراعت | jardin agriculture | ሕርሻ | город сад
disability | disability disabled handicap | إعاقة معاق معوق ذوي_الإعاقة | معلول معلولیت معیوب | handicap handicapé
  | ስንክልና | інвалідність інвалід
disability | wheelchair wheelchairs crutches walker | كرسي_متحرك كراسي_متحركة عكاز كرسي | ویلچر چوکی_چرخ‌دار عصا
  | fauteuil_roulant fauteuils_roulants béquilles | ዊልቸር | візок інвалідний_візок милиці
disability | physiotherapy rehabilitation exercise | علاج_طبيعي تأهيل | فزیوتراپی | physiothérapie kiné rééducation
  | ፊዝዮተራፒ | фізіотерапія реабілітація
disability | blind deaf sign_language | كفيف أعمى أصم لغة_الإشارة | نابینا ناشنوا زبان_اشاره
  | aveugle sourd langue_des_signes | ዓይነስውር ጽሙም | сліпий глухий жестова_мова
phones-charging | phone phones mobile telephone smartphone | هاتف هواتف موبايل جوال تلفون | موبایل تلفن تلفون گوشی
  | téléphone téléphones portable mobile | ስልኪ ሞባይል ተሌፎን | телефон мобільний
phones-charging | charge charging charger battery power electricity | شحن بطارية كهرباء شاحن | چارج شارژ بطری برق
  | recharge charger batterie électricité | ቻርጅ ባትሪ ኤለክትሪክ | зарядка зарядити батарея електрика
phones-charging | sim | شريحة | سیم سیم‌کارت سیم_کارت | sim puce | ሲም | сім сімкарта
phones-charging | internet wifi wi_fi | إنترنت نت واي_فاي | انترنت وای‌فای | internet wifi wi_fi | ኢንተርነት ዋይፋይ
  | інтернет вайфай
housing | rent lease landlord contract | إيجار أجار عقد مؤجر | کرایه اجاره قرارداد | loyer bail location contrat | ክራይ
  | оренда договір аренда
housing | housing house home apartment flat room rooms | سكن بيت شقة غرفة غرف منزل مسكن | خانه مسکن اپارتمان اتاق
  | logement maison appartement | ገዛ | житло квартира будинок жилье
housing | room rooms | غرفة غرف | اتاق | chambre chambres | ክፍሊ ክፍሊታት | кімната кімнати комната
transport | transport bus buses ride | مواصلات حافلة باص نقل | ترانسپورت بس سرویس | transport bus trajet navette
  | ኣውቶቡስ መጓዓዝያ | транспорт автобус маршрутка
transport | car taxi | سيارة تاكسي | موتر تکسی | voiture taxi | መኪና ታክሲ | машина таксі
community | information info help desk | معلومات مساعدة استعلامات | معلومات کمک اطلاعات
  | information renseignement aide | ሓበሬታ ሓገዝ | інформація довідкова помощь
community | meeting community group | اجتماع مجتمع مجموعة | جلسه اجتماع گروه | réunion communauté groupe | ኣኼባ ጉጅለ
  | зустріч громада група
- | night nighttime | ليل ليلا ليلي الليلية | شب شبانه | nuit nocturne | ለይቲ | ніч нічний вночі
- | repair fix broken | إصلاح تصليح صيانة | ترمیم تعمیر | réparation réparer | ጽገና | ремонт полагодити
- | free gratis | مجاني مجانا | رایگان مفت | gratuit gratuite | ብነጻ ነጻ | безкоштовно безплатно
- | camp camps | مخيم مخيمات | کمپ | camp camps | መዓስከር | табір
- | city town | مدينة | شهر | ville | ከተማ | місто
health | emergency emergencies | طوارئ | urgences urgence | ህጹጽ | невідкладна екстрена
- | urgent urgently | عاجل عاجلة | عاجل | urgent urgence | ህጹጽ | терміново
"""
_STOP = """
a an the of for to in on at is are be i my me we you and or with from near where when what who how can do does find need want get
looking there any some please | من في على الى إلى عن مع هل هو هي ما أين اين كيف متى أريد اريد أجد ابحث احتاج و أو يوجد هذا عند |
از در به با که و را است برای کجا چطور من ما می خواهم دارم است میخواهم | le la les un une des de du d l à au aux et ou en dans pour
par sur avec où est comment je mon ma mes cherche besoin trouver | ኣበይ እዩ ንምንታይ ናይ ኣብ ምስ ከመይ እንታይ | де як що я ми у в на з до для
та і й або чи мені потрібен потрібна потрібно знайти где как мне нужно
"""


def _read() -> tuple[Meaning, ...]:
    made, others = [], synonyms_more.more()
    for line in _TABLE.strip().replace("\n  |", " |").splitlines():
        need, *languages = (part.strip() for part in line.split("|"))
        need = "" if need == "-" else need
        assert not need or need in needs.BY_SLUG, line
        said = [word for part in languages for word in part.split()]
        said += others.pop(said[0], ())
        made.append(Meaning(need, frozenset(" ".join(search_text.words(word.replace("_", " "))) for word in said)))
    assert not others, others
    return tuple(made)


MEANINGS: tuple[Meaning, ...] = _read()


def _by_word() -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for meaning in MEANINGS:
        for word in meaning.words:
            found[word] = (*found.get(word, ()), meaning)
    return found


BY_WORD: Mapping[str, tuple[Meaning, ...]] = _by_word()
STOP: frozenset[str] = frozenset(word for part in _STOP.split("|") for word in search_text.words(part)) - set(BY_WORD)
"""Words without a meaning of their own; left out of a query that has others. Arabic "what" is written as "water" is typed."""
PHRASES: frozenset[str] = frozenset(word for word in BY_WORD if " " in word)


NEED_NAMES: Mapping[str, str] = {
    " ".join(search_text.words(name)): need.slug for need in needs.NEEDS for name in need.names.values()
}  # fmt: skip
"""The normalised name of a need, in any language -> its slug."""
