"""W Where codes are taken, entered and forgotten. One slow hash a try, and few tries."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from appliance.errors import BadInput, CampboxError, NotSo
from appliance.gate import admission, codes, protocol
from appliance.gate.admission import Decision, Knowledge
from appliance.gate.codes import Book, Code
from appliance.gate.later import Later
from appliance.gate.meter import Meter
from appliance.gate.quota_desk import QuotaDesk
from appliance.limiter import Limiter
from appliance.moment import Moment
from appliance.values import Mac

log = logging.getLogger(__name__)
DAY = 86_400
EVERYONE = "everyone"
WAITING = 8
"""Slow hashes that may wait for each other; one more would wait longer than its caller."""
REFRESH, REREAD, AT_ONCE = 3 * 3600.0, 60.0, 5
"""Seconds after which a running session's end is written anew, for the time after a power cut, and after
which codes that the disk refused are read again; files written in one tick."""
WRONG = {"ok": False, "why": "wrong-code"}
WAIT = {"ok": False, "why": "wait"}
"""Before the code is looked at: it says nothing about the code."""

Answer = dict[str, Any] | Later


class Files(Protocol):
    """Where codes are kept (appliance.gate.code_files)."""

    def read(self) -> dict[str, Any]: ...
    def write(self, selector: str, value: dict[str, Any]) -> None: ...
    def remove(self, selector: str) -> None: ...


class Owner(Protocol):
    """What the desk needs of the gate: who passes, and its hand on the kernel."""

    knowledge: Knowledge
    boot: str
    meter: Meter
    quota: QuotaDesk

    def enact(self, decision: Decision) -> dict[str, Any]:
        """Carry it out and give its answer. Raises CommandFailed."""

    def session(self) -> int:
        """Seconds of a whole session."""


class CodeDesk:
    """The codes of one box. ``clock`` counts seconds steadily, ``moment`` tells the date as far as it is known."""

    def __init__(self, owner: Owner, files: Files, clock: Callable[[], float], moment: Callable[[], Moment]) -> None:
        self._owner, self._files, self._clock, self._moment = owner, files, clock, moment
        self._book = dict[str, Code]()
        self._by_mark = dict[int, str]()
        self._written = dict[str, float]()
        self._unwritten = dict[str, None]()
        self._waiting = 0
        # At the steady rate of everyone together one of the 10^8 secrets takes years to guess; a person mistypes a few times.
        self._each, self._all, self._takers = Limiter(6, 1 / 60, 4_096), Limiter(60, 0.2, 1), Limiter(3, 1 / 60, 4_096)
        self._salt = secrets.token_bytes(codes.SALT)
        self._fresh, self._yesterdays = set[str](), set[str]()
        self._seen_day: int | None = None
        self._again = 0.0

    def begin(self) -> None:
        """Read what is kept, once the disk gives it. A mark is believed where the kernel still knows it, within its boot."""
        now, alive = self._clock(), self._owner.knowledge.marks
        self._again = now + REREAD
        try:
            kept = self._files.read()
        except NotSo as error:
            log.error("codes are not known yet: %s", error)
            return
        self._again = 0.0
        for selector, value in kept.items():
            try:
                code = codes.from_json(selector, value, self._owner.boot, now)
            except BadInput:
                log.warning("a kept code cannot be read; it is left out")
                continue
            if code.mark not in alive or code.mark in self._by_mark:
                code = replace(code, mark=None)
            self._put(code, now)
            self._fresh.add(selector)

    @property
    def book(self) -> Book:
        """All codes."""
        return self._book

    def of(self, mark: int) -> Code | None:
        """The code of the person with this mark."""
        selector = self._by_mark.get(mark)
        return None if selector is None else self._book[selector]

    def take(self, mac: Mac) -> Answer:
        """A new code for the person of this device; an older one of theirs is good no longer."""
        device = self._owner.knowledge.people.get(mac)
        if device is None or device.until <= self._clock():
            return {"ok": False, "why": "not-connected"}
        if self._again or self._waiting >= WAITING or not self._takers.allows(self._asker(mac), self._clock()):
            return WAIT
        secret = f"{secrets.randbelow(10**codes.SECRET):0{codes.SECRET}}"
        salt = secrets.token_bytes(codes.SALT)
        return self._slowly(secret, salt, lambda digest: self._taken(mac, secret, salt, digest))

    def enter(self, mac: Mac, untrusted_text: str) -> Answer:
        """Let a device pass as the person of this code. The same answer for every code that opens nothing."""
        if not self._room(mac):
            return WAIT
        parts = codes.split(untrusted_text)
        if parts is None:
            return WRONG
        selector, secret = parts
        code = self._book.get(selector)
        salt = code.salt if code else bytes(codes.SALT)
        return self._slowly(secret, salt, lambda digest: self._entered(mac, selector, digest))

    def forget(self, mac: Mac) -> None:
        """Remove the code of this device's person, before the device is dismissed. Raises NotSo when it stays on the disk."""
        device = self._owner.knowledge.people.get(mac)
        selector = self._by_mark.get(device.mark) if device is not None else None
        if selector is not None:
            self._drop(selector)

    def released(self, marks: Iterable[int], before: Knowledge) -> None:
        """These persons pass no longer: from now on their codes know what they had left."""
        for mark in marks:
            if (code := self.of(mark)) is not None:
                down, up = self._owner.meter.carried(mark)
                del self._by_mark[mark]
                away = replace(self._spending(code), mark=None, until=_end(before, code), down=code.down + down, up=code.up + up)
                self._book[code.selector] = away
                self._unwritten[code.selector] = None

    def tick(self) -> None:
        """Codes whose days are over go, and a few files that are behind are written."""
        now, day = self._clock(), self._day()
        for limiter in (self._each, self._all, self._takers):
            limiter.expire(now)
        if self._again and now >= self._again:
            self.begin()
        self._begin_day(day)
        for code in [one for one in self._book.values() if one.mark is None and codes.ended(one, day)]:
            self._attempt(lambda code=code: self._drop(code.selector))  # type: ignore[misc]
        for selector in self._behind(now, day)[:AT_ONCE]:
            yesterdays = selector in self._yesterdays
            self._attempt(lambda selector=selector: self._write(self._current(self._book[selector], day)))  # type: ignore[misc]
            if yesterdays and selector not in self._yesterdays:
                self._fresh.discard(selector)

    def _begin_day(self, day: int | None) -> None:
        """Files of the day before are written anew, a few a tick: the file system notes when it made each (docs/adr/0191)."""
        if day is not None and day != self._seen_day:
            if self._seen_day is not None:
                self._yesterdays, self._fresh = self._yesterdays | self._fresh & self._book.keys(), set()
                self._unwritten.update(dict.fromkeys(sorted(self._yesterdays)))
            self._seen_day = day

    def new_day(self) -> None:
        """Nobody has used anything of the new day's volume. What the marks carried is counted anew from now on, so it is noted."""
        for code in list(self._book.values()):
            down, up = (0, 0) if code.mark is None else self._owner.meter.carried(code.mark)
            fresh = replace(code, down=code.down + down, up=code.up + up, spent=0, spent_day=self._owner.quota.date)
            if fresh != code:
                self._book[code.selector] = fresh
                self._unwritten[code.selector] = None

    def _behind(self, now: float, day: int | None) -> list[str]:
        def stale(code: Code) -> bool:
            running = code.mark is not None or code.until > now
            much = self._owner.quota.is_much(self._spending(code).spent - code.spent)
            late = much or now - self._written[code.selector] >= REFRESH
            return running and late or day is not None and code.last_day is None

        return list(dict.fromkeys([*self._unwritten, *(one.selector for one in self._book.values() if stale(one))]))

    def _current(self, code: Code, day: int | None) -> Code:
        """With the end of the session as the person's devices have it now."""
        return replace(self._spending(codes.dated(code, day)), until=_end(self._owner.knowledge, code))

    def _spending(self, code: Code) -> Code:
        """With what its person has used of the day's volume."""
        quota = self._owner.quota
        if quota.limit is None:
            return code
        used = codes.spent_on(code, quota.date) if code.mark is None else quota.used(code.mark)
        return replace(code, spent=used, spent_day=quota.date)

    @staticmethod
    def _attempt(deed: Callable[[], None]) -> None:
        """What is not asked for by anyone is tried again with the next tick."""
        try:
            deed()
        except NotSo as error:
            log.error("%s", error)

    def _room(self, mac: Mac) -> bool:
        now = self._clock()
        if self._again or self._waiting >= WAITING:
            return False
        return self._each.allows(self._asker(mac), now) and self._all.allows(EVERYONE, now)

    def _asker(self, mac: Mac) -> str:
        """What a device is called where tries are counted: nothing that can be led back to it once this process has ended.

        It is forgotten six minutes after its last try; "forget me" does not shorten that, or it would give new tries.
        """
        return hashlib.blake2b(str(mac).encode(), key=self._salt, digest_size=8).hexdigest()

    def _slowly(self, secret: str, salt: bytes, then: Callable[[bytes], dict[str, Any]]) -> Later:
        self._waiting += 1

        def answer(digest: bytes) -> bytes:
            self._waiting -= 1
            try:
                return protocol.answer_line(then(digest))
            except CampboxError as error:
                log.error("a code could not be served: %s", error)
                return protocol.answer_line({"ok": False, "why": "try-again"})

        return Later(lambda: codes.slow_hash(secret, salt), answer)

    def _taken(self, mac: Mac, secret: str, salt: bytes, digest: bytes) -> dict[str, Any]:
        device = self._owner.knowledge.people.get(mac)
        if device is None:
            return {"ok": False, "why": "not-connected"}
        if not digest:
            return {"ok": False, "why": "try-again"}
        old, full = self.of(device.mark), codes.superfluous(self._book)
        selector = codes.free_selector(self._book, secrets.randbelow(10**codes.SELECTOR))
        used = (old.down, old.up) if old else (0, 0)
        self._write(codes.used(Code(selector, salt, digest, device.until, device.mark, *used), self._day()))
        for gone in {code for code in (old.selector if old else None, full) if code is not None}:
            self._drop(gone)
        return {"ok": True, "code": selector + secret}

    def _entered(self, mac: Mac, selector: str, digest: bytes) -> dict[str, Any]:
        now, day, code = self._clock(), self._day(), self._book.get(selector)
        if code is None or not codes.fits(code, digest, day):
            return WRONG
        current = self._current(code, day)
        if refused := self._owner.quota.refusal(current.spent):
            return refused
        seconds = codes.seconds_left(current, self._owner.session(), now)
        joined = admission.join(self._owner.knowledge, mac, code.mark, seconds, now)
        answer = self._owner.enact(replace(joined, brought=current.spent))
        if answer.get("ok") is True:
            mark = self._owner.knowledge.people[mac].mark
            down, up = (0, 0) if current.until <= now and code.mark is None else (code.down, code.up)
            self._put(replace(codes.used(code, day), mark=mark, until=now + seconds, down=down, up=up), now)
            self._unwritten[selector] = None
            self._attempt(lambda: self._write(self._book[selector]))
        return answer

    def _put(self, code: Code, now: float) -> None:
        self._book[code.selector] = code
        self._written[code.selector] = now
        if code.mark is not None:
            self._by_mark[code.mark] = code.selector

    def _write(self, code: Code) -> None:
        now = self._clock()
        self._files.write(code.selector, codes.as_json(code, self._owner.boot, now))
        self._unwritten.pop(code.selector, None)
        self._yesterdays.discard(code.selector)
        self._fresh.add(code.selector)
        self._put(code, now)

    def _drop(self, selector: str) -> None:
        self._files.remove(selector)
        code = self._book.pop(selector)
        self._written.pop(selector, None)
        self._unwritten.pop(selector, None)
        self._fresh.discard(selector)
        self._yesterdays.discard(selector)
        if code.mark is not None and self._by_mark.get(code.mark) == selector:
            del self._by_mark[code.mark]

    def _day(self) -> int | None:
        moment = self._moment()
        return int(moment.wall // DAY) if moment.trust == "synced" else None


def _end(knowledge: Knowledge, code: Code) -> float:
    """When the session of this code's person ends."""
    return max((device.until for device in knowledge.people.values() if device.mark == code.mark), default=code.until)
