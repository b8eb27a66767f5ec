"""P From when until when a certificate is good (RFC 5280 section 4.1.2.5), and when it is to be renewed. Loads no library.

The enrolment agent asks this every 30 s on a computer that has nothing to spare. Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False  # typing's own costs what is saved here
if TYPE_CHECKING:
    from appliance.moment import Moment

RENEW_LEFT = 1 / 3
"""Renewed from when this part of the life is left: four months of a year for a box that is seldom online."""
ALARM_LEFT = 14 * 86_400
"""Seconds left from when somebody has to hear of it."""
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def dates(untrusted_pem: bytes) -> tuple[float, float]:
    """When the first certificate of a PEM file begins and ends to be valid. Raises ValueError for anything else."""
    start = untrusted_pem.index(_BEGIN) + len(_BEGIN)
    try:
        der = binascii.a2b_base64(untrusted_pem[start : untrusted_pem.index(_END, start)])
        outer, _ = _open(der, 0, _SEQUENCE)
        at, _ = _open(der, outer, _SEQUENCE)
        if der[at] == _VERSION:
            at = _after(der, at)
        for _ in ("serialNumber", "signature", "issuer"):  # RFC 5280 section 4.1: what stands before validity
            at = _after(der, at)
        first, _ = _open(der, at, _SEQUENCE)
        return _time(der, first), _time(der, _after(der, first))
    except (IndexError, binascii.Error) as error:
        raise ValueError("not a certificate") from error


def is_due(begins: float, ends: float, moment: Moment) -> bool:
    """Whether a certificate is to be renewed now. A clock that knows nothing decides nothing.

    ``floor`` means "not earlier than": it can say that much of the life is gone, but not that the certificate is too new.
    """
    if moment.trust == "none":
        return False
    if moment.wall >= ends - (ends - begins) * RENEW_LEFT:
        return True
    return moment.trust == "synced" and moment.wall < begins


def is_ending(ends: float, moment: Moment) -> bool:
    """Whether so little is left that a person must hear of it."""
    return moment.trust != "none" and moment.wall >= ends - ALARM_LEFT


def is_good(begins: float, ends: float, moment: Moment) -> bool:
    """Whether nothing that is known of the time speaks against a certificate."""
    if moment.trust == "none":
        return True
    return moment.wall < ends and (moment.trust != "synced" or begins <= moment.wall)


def _open(der: bytes, at: int, kind: int) -> tuple[int, int]:
    """Where the content of the element at ``at`` begins and ends (X.690 section 8.1.3)."""
    if der[at] != kind:
        raise ValueError("not a certificate")
    length, begin = der[at + 1], at + 2
    if length >= 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4:
            raise ValueError("not a certificate")
        length, begin = int.from_bytes(der[begin : begin + octets], "big"), begin + octets
    if begin + length > len(der):
        raise ValueError("not a certificate")
    return begin, begin + length


def _after(der: bytes, at: int) -> int:
    return _open(der, at, der[at])[1]


def _time(der: bytes, at: int) -> float:
    """RFC 5280 section 4.1.2.5: YYMMDDHHMMSSZ until 2049, with four digits of the year from then on."""
    kind = der[at]
    begin, end = _open(der, at, kind)
    text = der[begin:end].decode("ascii")
    if kind == _UTC_TIME and len(text) == 13:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif kind != _GENERALIZED_TIME:
        raise ValueError("not a time")
    if len(text) != 15 or text[14] != "Z" or not text[:14].isdecimal():
        raise ValueError("not a time")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        raise ValueError("not a time")
    return float(_days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar, the year counted from March so that its leap day comes last."""
    shifted, from_march = (year, month - 3) if month > 2 else (year - 1, month + 9)
    leaps = shifted // 4 - shifted // 100 + shifted // 400
    return shifted * 365 + leaps + (153 * from_march + 2) // 5 + day - 719_469
