"""W Where a person's volume of a day is kept: by device in the kernel, by code on the disk. Inert where the site has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from appliance.config import SiteConfig
from appliance.gate import admission, quota
from appliance.gate.admission import Decision, Knowledge
from appliance.gate.elements import Command, ForgetSpent, FreeMark, Spend
from appliance.gate.meter import Meter
from appliance.gate.quota import Accounts, Day
from appliance.moment import Moment
from appliance.values import Mac

MEGABYTE = 1_000_000
READ_EVERY, READ_CLOSELY = 15.0, 5.0
"""Seconds between two looks at the counters, without and with volumes: so long may somebody use the line beyond their volume."""


class Owner(Protocol):
    """What the desk needs of the gate."""

    config: SiteConfig
    knowledge: Knowledge
    meter: Meter


class QuotaDesk:
    """One box's volumes. ``clock`` counts seconds steadily, ``moment`` tells the date as far as it is known."""

    def __init__(self, owner: Owner, clock: Callable[[], float], moment: Callable[[], Moment]) -> None:
        self._owner, self._clock, self._moment = owner, clock, moment
        self.accounts = Accounts()
        self.day = Day(None, 0)

    @property
    def limit(self) -> int | None:
        """Bytes a person may send and receive in a day."""
        daily = self._owner.config.access.daily_mb
        return None if daily is None else int(daily * MEGABYTE)

    @property
    def date(self) -> int | None:
        """The site's day, where it is known."""
        return self.day.date

    @property
    def read_every(self) -> float:
        """Seconds between two looks at the counters."""
        return READ_EVERY if self.limit is None else READ_CLOSELY

    def begin(self, spent: Mapping[Mac, int], date: int | None, *, same_boot: bool) -> tuple[Command, ...]:
        """Take up what the kernel knows, for the day ``date`` if that was known. After a reboot it knows nothing that is true."""
        self.day = Day(date, int(self._clock() // quota.HOURS_24))
        self.accounts = quota.rebuilt(self._owner.knowledge.people, spent if same_boot else {})
        return () if same_boot else (ForgetSpent(),)

    def kept_commands(self, there: Mapping[Mac, int]) -> tuple[Command, ...]:
        """What the kernel is to know of the day's volumes and does not; ``there`` is what it knows."""
        if self.limit is None:
            return ()
        return tuple(Spend(mac, used) for mac, used in self.accounts.spent.items() if used and there.get(mac, 0) != used)

    def new_day_commands(self) -> tuple[Command, ...]:
        """What the kernel forgets with the day: what devices used, and what is counted by mark."""
        return (ForgetSpent(), *(FreeMark(mark) for mark in sorted(self._owner.knowledge.marks)))

    def new_day(self) -> None:
        """Everybody's volume begins anew."""
        self.accounts = Accounts()

    def turned(self) -> bool:
        """Whether a new day has begun since this was last asked."""
        zone = self._owner.config.site.timezone
        self.day, anew = quota.turn(self.day, quota.date_of(self._moment(), zone), self._clock())
        return anew and self.limit is not None

    def used(self, mark: int) -> int:
        """Bytes the person with this mark has used today."""
        return self.accounts.used(mark, self._owner.meter.both())

    def book(self, decision: Decision) -> tuple[Accounts, tuple[Command, ...]]:
        """What is known and kept once ``decision`` is carried out."""
        old, new = self._owner.knowledge.people, decision.knowledge.people
        if self.limit is None or old is new:
            return self.accounts, ()
        if decision.left:
            self._owner.meter.read()
        return quota.follow(self.accounts, old, new, self._owner.meter.both(), decision.brought)

    def cut(self) -> Decision | None:
        """Who has used the day's volume up passes no longer."""
        if self.limit is None:
            return None
        knowledge, carried = self._owner.knowledge, self._owner.meter.both()
        marks = quota.used_up(self.accounts, knowledge.people, carried, self.limit)
        return admission.cut(knowledge, marks) if marks else None

    def refusal(self, used: int) -> dict[str, Any] | None:
        """The answer to somebody who has ``used`` so much and asks to pass; None where that is less than the volume."""
        if self.limit is None or used < self.limit:
            return None
        return {"ok": False, "why": "used-up", "renews_seconds": self._renews()}

    def is_much(self, octets: int) -> bool:
        """Whether so much more used is worth a write to the disk: a hundredth of the volume."""
        return self.limit is not None and octets * 100 >= self.limit

    def admit(self, knowledge: Knowledge, mac: Mac, session: int, now: float) -> Decision:
        """What a tap of this device leads to, where ``knowledge`` is what holds by then."""
        refused = self.refusal(self._of(mac))
        return admission.admit(knowledge, mac, session, now) if refused is None else Decision(knowledge, refused)

    def told(self, mac: Mac) -> dict[str, int] | None:
        """For the person of this device: their volume, what is left of it, and in how many seconds it begins anew."""
        if self.limit is None:
            return None
        left = max(0, self.limit - self._of(mac))
        return {"bytes": self.limit, "bytes_remaining": left, "renews_seconds": self._renews()}

    def _of(self, mac: Mac) -> int:
        device = self._owner.knowledge.people.get(mac)
        return self.accounts.spent.get(mac, 0) if device is None else self.used(device.mark)

    def _renews(self) -> int:
        return quota.seconds_to_next(self._moment(), self._owner.config.site.timezone, self._clock())
