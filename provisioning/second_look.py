"""P Which failed tests are looked at once more, alone, after lanes that ran side by side (docs/adr/0160).

Lanes share two cores, so a test of real servers may fail for the others' sake. One that fails alone too has failed. Whatever is
pure has no such excuse, and many failures at once are no accident.
"""

from __future__ import annotations

MOST = 3
"""Failed tests at most."""
_REAL = ("net", "browser", "vm", "image")


def line(kind: str, test: str) -> str:
    """What a lane notes of one failure."""
    return f"{kind}\t{test}\n"


def again(noted: str) -> tuple[str, ...]:
    """The tests (pytest's node ids) to be looked at once more, by the lines of all lanes; none where the failures stand."""
    failures = dict.fromkeys(tuple(one.split("\t", 1)) for one in noted.splitlines())
    if len(failures) > MOST or any(kind not in _REAL for kind, *_ in failures):
        return ()
    return tuple(test for _, test in failures)
