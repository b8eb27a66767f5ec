"""P What has come from the broker and waits for the store: a queue for each box, served in turn, each within its box's budget.

A box that sends more than its budget is served more slowly, alone; what its own queue has no room for is dropped and counted. It is
not acknowledged by the hub, so an honest box sends it again later.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

BASE = 200
"""What a message costs its box beside its bytes."""
OVER_BUDGET, NO_ROOM = "over-budget", "no-room"
"""Reasons for a refusal: the box sends more than its share; all boxes together send more than is taken (QoS 0 alone)."""


@dataclass(frozen=True)
class Limit:
    """A budget in bytes on the wire: so many at once (``burst``), then so many a second (``rate``)."""

    burst: float
    rate: float


LIMITS = (Limit(400_000, 8_000), Limit(4_000_000, 500))
"""An honest row takes about a hundred bytes, one a second at the most: the second is what a box may use for ever, with room for all
that gathered in its outbox; the first keeps it from bringing that all at once."""
BOX_MESSAGES, BOX_BYTES = 16, 600_000
"""What may wait of one box."""
SLOWED_MESSAGES = 2
"""The same of one that is over its budget: what waits holds a place among the messages the broker sends unacknowledged."""
QOS0_BYTES = 16_000_000
"""What may wait of all boxes together before messages are dropped that the broker does not hold back (QoS 0)."""


@dataclass(frozen=True)
class Arrived:
    """One message. ``number`` acknowledges it to the broker when ``qos`` is 1, on the ``connection`` that brought it."""

    box: str
    topic: str
    payload: bytes
    retained: bool
    qos: int
    number: int
    connection: int = 0

    @property
    def cost(self) -> int:
        """What it takes from its box's budget."""
        return BASE + len(self.payload)


@dataclass
class _Account:
    """How much a box may still send, for each of LIMITS, at ``clock``; and what waits of it."""

    left: list[float]
    clock: float
    waiting: deque[Arrived] = field(default_factory=deque)
    size: int = 0
    named: bool = False
    """Whether it has been said that it is over its budget."""

    def refill(self, limits: tuple[Limit, ...], clock: float) -> bool:
        """Whether the box may be served now."""
        passed, self.clock = max(0.0, clock - self.clock), clock
        self.left = [min(limit.burst, left + passed * limit.rate) for limit, left in zip(limits, self.left, strict=True)]
        if self.named:
            self.named = any(left < limit.burst / 4 for limit, left in zip(limits, self.left, strict=True))
        return min(self.left) > 0

    def full(self, limits: tuple[Limit, ...]) -> bool:
        """Whether nothing is owed and nothing waits: as if the box had never been heard."""
        return not self.waiting and all(left >= limit.burst for limit, left in zip(limits, self.left, strict=True))


class Inbox:
    """All queues. Not for several threads at once: who uses it locks."""

    def __init__(self, limits: tuple[Limit, ...] = LIMITS) -> None:
        self._limits = limits
        self._accounts: dict[str, _Account] = {}
        self._turn: deque[str] = deque()
        self.dropped: Counter[tuple[str, str]] = Counter()
        """(box, reason) of what was dropped, and once of a box that is served more slowly; whoever writes it down empties it."""
        self.waiting = self.size = 0
        """Messages and their bytes."""

    def put(self, message: Arrived, clock: float) -> bool:
        """Let a message wait; False when it is dropped instead."""
        account = self._accounts.get(message.box)
        if account is None:
            account = self._accounts[message.box] = _Account([limit.burst for limit in self._limits], clock)
        length, within = len(message.payload), account.refill(self._limits, clock)
        most = BOX_MESSAGES if within else SLOWED_MESSAGES
        crowded = account.waiting and (len(account.waiting) >= most or account.size + length > BOX_BYTES)
        if crowded or (message.qos == 0 and self.size + length > QOS0_BYTES):
            self.dropped[message.box, OVER_BUDGET if crowded else NO_ROOM] += 1
            return False
        if not account.waiting:
            self._turn.append(message.box)
        account.waiting.append(message)
        account.size += length
        self.waiting += 1
        self.size += length
        return True

    def take(self, clock: float, most: int, most_bytes: int) -> list[Arrived]:
        """The next messages, one of each box in turn, at most so many and (but for the first) so many bytes."""
        taken, size, passed_over = list[Arrived](), 0, 0
        while self._turn and passed_over < len(self._turn) and len(taken) < most:
            account = self._accounts[box := self._turn[0]]
            if not account.refill(self._limits, clock):
                if not account.named:
                    account.named = True
                    self.dropped[box, OVER_BUDGET] += 1
                self._turn.rotate(-1)
                passed_over += 1
                continue
            size += len(account.waiting[0].payload)
            if taken and size > most_bytes:
                break
            taken.append(self._next(box, account))
            passed_over = 0
        return taken

    def forget(self, clock: float) -> None:
        """Boxes of which there is nothing to know."""
        for account in self._accounts.values():
            account.refill(self._limits, clock)
        self._accounts = {box: account for box, account in self._accounts.items() if not account.full(self._limits)}

    def clear(self) -> None:
        """Nothing waits any more: the connection is gone, and the broker brings again what was not acknowledged."""
        for account in self._accounts.values():
            account.waiting.clear()
            account.size = 0
        self._turn.clear()
        self.waiting = self.size = 0

    def _next(self, box: str, account: _Account) -> Arrived:
        message = account.waiting.popleft()
        self._turn.popleft()
        account.size -= len(message.payload)
        self.waiting -= 1
        self.size -= len(message.payload)
        # What a box owes is never more than one message, as it is served only while it owes nothing: so it is heard again some time
        # after it has stopped shouting. A bound below that would give away what was sent beyond it.
        account.left = [left - message.cost for left in account.left]
        if account.waiting:
            self._turn.append(box)
        return message
