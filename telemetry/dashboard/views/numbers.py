"""W Whole numbers in addresses: what is no number, or larger than anything there is, becomes the nearest that makes sense."""

from __future__ import annotations

from flask import request

LARGEST = 2**31 - 1
"""No page, limit or offset is larger. SQLite takes 64 bits, and refuses more with an error that is nobody's fault but ours."""
_DIGITS = 20


def whole(name: str, usual: int, least: int, most: int = LARGEST) -> int:
    """The parameter ``name`` of this request, between ``least`` and ``most``; ``usual`` where it is missing or no number."""
    untrusted = request.args.get(name, "")
    sign, digits = (untrusted[:1], untrusted[1:]) if untrusted[:1] in ("-", "+") else ("", untrusted)
    if not (digits.isascii() and digits.isdigit()):
        return usual
    # int() of many digits costs their square.
    value = least if sign == "-" else int(digits) if len(digits) <= _DIGITS else most
    return min(max(least, value), most)
