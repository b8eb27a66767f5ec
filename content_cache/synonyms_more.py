"""P More of THE table of what people type: words in Pashto, Sorani, Kurmanji, Urdu and Somali, behind the meaning they join.

An entry begins with the first English word of its meaning in ``synonyms``; then come the five languages in the order of ``TAGS``.
All are drafts until a named speaker has passed them.
"""

from __future__ import annotations

TAGS = ("ps", "ckb", "ku", "ur", "so")
TABLE = """
health | روغتیا درملنه | تەندروستی چارەسەر | tenduristî saxlemî | صحت علاج | caafimaad daaweyn
doctor | ډاکټر ډاکتر | دکتۆر پزیشک | doktor bijîşk | ڈاکٹر | dhakhtar takhtar
clinic | کلینیک روغتیایي_مرکز | کلینیک بنکەی_تەندروستی | klînîk | کلینک | rugta rug_caafimaad
hospital | روغتون | نەخۆشخانە خەستەخانە | nexweşxane | ہسپتال اسپتال | isbitaal cisbitaal
pharmacy | درمل درملتون | دەرمان دەرمانخانە | derman dermanxane | دوا دوائی دوائیں دواخانہ | daawo dawo farmashi
nurse | نرسه | پەرستار | hemşîre perestar | نرس | kalkaaliye
dentist | غاښ غاښونه | ددان دان | diran dranan | دانت | ilko ilkaha
sick | ناروغ ناروغي تبه درد | نەخۆش نەخۆشی تا ئازار | nexweş nexweşî êş ta | بیمار بیماری بخار درد | xanuun buka qandho
pregnant | امیندواره حامله زیږون | دووگیان سکپڕ لەدایکبوون | ducanî zayîn | حاملہ زچگی دائی | uur dhalmo umuliso
vaccine | واکسین | ڤاکسین کوتان | vaksîn derzî | ٹیکہ ویکسین | tallaal
ambulance | امبولانس | فریاکەوتن ئەمبولانس | ambûlans | ایمبولینس | ambalaas
food | خواړه | خواردن خۆراک | xwarin | کھانا خوراک | cunto raashin
bread | ډوډۍ نان | نان | nan | روٹی | rooti
water | اوبه | ئاو | av | پانی | biyo
toilet | تشناب | ئاودەست تەوالێت | tuwalet destav | بیت_الخلا ٹوائلٹ | musqul musqulo
soap | صابون پاکوالی | سابوون پاکوخاوێنی | sabûn paqijî | صابن صفائی | saabuun nadaafad
shelter | سرپناه | پەناگە | stargeh | پناہ | hoy
tent | خیمه | خێمە چادر | kon çadir | خیمہ | teendho
blanket | کمپله بړستن | بەتانی | betanî | کمبل | buste
clothes | جامې کالي بوټان | جلوبەرگ پێڵاو | cil cilûberg sol | کپڑے جوتے | dhar kabo
cash | پیسې نغدې | پارە پووڵ | pere dirav | پیسے نقد | lacag
register | ثبت راجستر کډوال | تۆمارکردن پەنابەر | qeydkirin tomarkirin penaber | اندراج رجسٹریشن پناہ_گزین | diiwaangelin qaxooti
document | اسناد سند تذکره | بەڵگەنامە ناسنامە | belge nasname | کاغذات دستاویز شناختی_کارڈ | waraaqo warqad aqoonsi
passport | پاسپورټ ویزه | پاسپۆرت ڤیزا | pasaport vîze | پاسپورٹ ویزا | baasaboor fiiso
legal | حقوقي وکیل | یاسایی پارێزەر | hiqûqî parêzer | قانونی وکیل | sharci qareen
law | قانون حقونه محکمه | یاسا ماف دادگا | qanûn maf dadgeh | قانون حقوق عدالت | sharciga xuquuq maxkamad
family | کورنۍ | خێزان | malbat | خاندان | qoys
missing | ورک | ونبوو | winda | گمشدہ لاپتہ | lumay
woman | ښځه ښځې | ژن ژنان ئافرەت | jin jinan | عورت عورتیں خواتین | haween naag dumar
girl | نجلۍ نجونې | کچ کچان | keç keçan | لڑکی لڑکیاں | gabar gabdho
violence | تاوتریخوالی | توندوتیژی | tundî tundûtûjî | تشدد | rabshad tacaddi
child | ماشوم ماشومان | منداڵ منداڵان | zarok zarokan | بچہ بچے بچوں | carruur ilmo
education | زده_کړه زده_کړې | پەروەردە خوێندن | perwerde xwendin | تعلیم | waxbarasho
school | ښوونځی | قوتابخانە | dibistan mekteb | اسکول سکول | dugsi iskuul
teacher | ښوونکی | مامۆستا | mamoste | استاد | macallin
language | ژبه ژبې | زمان | ziman | زبان | luqad af
work | کار دنده | کار ئیش | kar | کام نوکری ملازمت | shaqo
training | مهارت مهارتونه | لێهاتوویی ڕاهێنان | jêhatîbûn | ہنر تربیت | xirfad xirfado tababar
disability | معلول معلولیت | کەمئەندام کەمئەندامی | astengdar astengdarî | معذور معذوری | naafo naafonimo
wheelchair | ویلچر | ویلچەر کورسی_گەڕۆک | kursiya_bi_teker | وہیل_چیئر | kursi_curyaan
phone | ټلیفون موبایل | مۆبایل تەلەفۆن | telefon mobîl | فون موبائل | taleefan mobeyl
charge | چارج برېښنا | شەحن بارگاویکردنەوە کارەبا | şarj elektrîk | چارجنگ چارج بجلی | dallacid koronto
internet | انټرنېټ | ئینتەرنێت | înternet | انٹرنیٹ | internet
rent | کرایه | کرێ | kirê | کرایہ | kiro
housing | کور | خانوو ماڵ | xanî mal | رہائش گھر مکان | guri
transport | ټرانسپورټ موټر | هاتوچۆ پاس | veguhastin otobus | ٹرانسپورٹ سواری | gaadiid bas
meeting | ټولنه غونډه | کۆمەڵگە کۆبوونەوە | civak civîn | برادری | bulsho kulan
information | معلومات مرسته | زانیاری یارمەتی | agahî alîkarî | معلومات مدد | macluumaad caawimaad
night | شپه | شەو | şev | رات | habeen
free | وړیا | خۆڕایی | belaş | مفت | bilaash
emergency | بیړنی | فریاگوزاری | acîl | ہنگامی ایمرجنسی | gurmad degdeg
"""


def more() -> dict[str, tuple[str, ...]]:
    """The first English word of a meaning -> its words in the five languages, ``_`` between those that belong together."""
    found = dict[str, tuple[str, ...]]()
    for line in TABLE.strip().splitlines():
        head, *languages = (part.strip() for part in line.split("|"))
        assert len(languages) == len(TAGS), line
        found[head] = tuple(word for part in languages for word in part.split())
    return found
