"""P THE metric table: what a box measures, why, for how long it is kept and who reads it.

Message format, store, retention, dashboard (each value with its purpose) and Prometheus names derive from this table. The hub
refuses what is not in it. A number is for ever: a metric that is no longer measured keeps its number, a new one takes the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.moment import Moment

Kind = Literal["gauge", "counter", "text"]
Reader = Literal["operators", "technicians", "partners"]

TEXT_LIMIT = 200
"""Characters of a text that are sent; more is cut off."""
WHOLE_LIMIT = 2**63 - 1
"""The largest whole number on the wire and in the store (signed 64 bit)."""

_LARGEST = WHOLE_LIMIT * 1e9
"""No reading is larger, in whatever unit: what is, or is NaN, is none."""


@dataclass(frozen=True)
class Fewer:
    """A count of people too small to be told: fewer than ``than``."""

    than: int

    def __str__(self) -> str:
        return f"fewer than {self.than}"


Value = int | float | str | Fewer
"""What the hub keeps of a metric."""


@dataclass(frozen=True)
class System:
    """What the machine itself says. Bytes and seconds; None where it cannot be measured."""

    cpu_percent: float
    load: float
    memory_total: int
    memory_available: int
    disk_total: int
    disk_free: int
    disk_written: int | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Reading:
    """Everything known at one moment. ``gate``, ``sync``, ``enrol`` and ``selftest`` are the facts of those services, empty when
    untold.

    ``people`` are the counts already made safe (see noise.py): the raw ones in ``gate`` are read by no metric.
    ``certificate_ends`` in seconds since 1970. ``rates`` are bits per second since the reading before.
    """

    moment: Moment
    software: str
    system: System | None = None
    gate: Mapping[str, Any] = field(default_factory=dict)
    sync: Mapping[str, Any] = field(default_factory=dict)
    enrol: Mapping[str, Any] = field(default_factory=dict)
    selftest: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, int | Fewer] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    certificate_ends: float | None = None
    outbox_rows: int = 0
    outbox_dropped: int = 0
    outbox_lost: int = 0
    outbox_unreadable: int = 0


POSSIBLE: Mapping[str, tuple[float, float]] = {
    "": (0, 1e12), "%": (0, 100), "s": (0, 3.2e8), "B": (0, 1e18), "bit/s": (0, 1e12), "°C": (-90, 200),
    "people": (0, 100_000), "searches": (0, 1e9), "d": (0, 40_000),
}  # fmt: skip
"""Least and most by unit, where a metric has no narrower ones: ten years, an exabyte, a terabit a second."""


@dataclass(frozen=True)
class Metric:
    """One thing a box measures.

    ``number`` stands for the name on the wire; it is sent as a whole number of its last decimal (``decimals``; -3: thousands).
    ``prompt``: a change is sent at once, not with the next batch. ``people``: made from people, so noised and suppressed.
    ``retention`` in days. ``value_fn`` gives the value from a reading, or None when there is none.
    """

    number: int
    name: str
    unit: str
    kind: Kind
    purpose: str
    value_fn: Callable[[Reading], Any]
    retention: int = 90
    readers: tuple[Reader, ...] = ("operators", "technicians")
    decimals: int = 0
    people: bool = False
    prompt: bool = False
    least: float | None = None
    most: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most in ``unit`` (of a text, in characters): its own, else those of its unit. All else is impossible."""
        least, most = (0, TEXT_LIMIT) if self.kind == "text" else POSSIBLE[self.unit]
        return least if self.least is None else self.least, most if self.most is None else self.most


def _system(name: str) -> Callable[[Reading], Any]:
    return lambda reading: None if reading.system is None else getattr(reading.system, name)


def _fact(service: Literal["gate", "sync", "enrol"], key: str) -> Callable[[Reading], Any]:
    return lambda reading: getattr(reading, service).get(key)


def _used(total: str, free: str) -> Callable[[Reading], float | None]:
    def percent(reading: Reading) -> float | None:
        if reading.system is None or (whole := int(getattr(reading.system, total))) <= 0:
            return None
        return 100 * (1 - int(getattr(reading.system, free)) / whole)

    return percent


def _uplink(reading: Reading) -> int | None:
    state = reading.gate.get("uplink")
    return None if state is None else int(state == "up")


def _failed(reading: Reading) -> int | None:
    """None while the first self-test of a boot is under way."""
    if reading.selftest.get("state") not in ("passed", "failed"):
        return None
    checks = reading.selftest.get("checks")
    if not isinstance(checks, list):
        return None
    return sum(isinstance(check, Mapping) and check.get("ok") is False for check in checks)


def _certificate_left(reading: Reading) -> float | None:
    """Days. Nothing while the clock is not trusted: it would raise an alarm on every box that starts in 1970."""
    if reading.certificate_ends is None or reading.moment.trust == "none":
        return None
    return max(0.0, (reading.certificate_ends - reading.moment.wall) // 86_400)


SERVED: tuple[Reader, ...] = ("operators", "technicians", "partners")

UNANSWERED = (
    "health", "food", "water-sanitation", "shelter", "cash", "registration-papers", "legal-help", "family", "womens-safety",
    "children", "education", "work-skills", "disability", "phones-charging", "housing", "transport", "community", "other",
)  # fmt: skip
"""The needs a search without an answer is counted under (docs/adr/0092); the place in this row gives a metric its number."""
FIRST_UNANSWERED = 34


def unanswered(slug: str) -> str:
    """The name of the metric that counts the searches of one need without an answer."""
    return f"unanswered_{slug.replace('-', '_')}"


def _in_vain(number: int, slug: str) -> Metric:
    name, purpose = unanswered(slug), f"what people look for in vain since the start: {slug}"
    return Metric(number, name, "searches", "gauge", purpose, lambda r: r.people.get(name), 90, SERVED, people=True)


METRICS: tuple[Metric, ...] = (
    Metric(1, "uptime", "s", "gauge", "shows power cuts and restarts", lambda r: r.moment.uptime),
    Metric(2, "cpu_use", "%", "gauge", "shows a box that is too slow for its people", _system("cpu_percent"), decimals=1),
    Metric(3, "load", "", "gauge", "shows work that waits", _system("load"), decimals=2, most=10_000),
    Metric(4, "memory_use", "%", "gauge", "shows memory running out", _used("memory_total", "memory_available"), decimals=1),
    Metric(5, "memory_available", "B", "gauge", "tells how much is left", _system("memory_available"), decimals=-6),
    Metric(6, "temperature", "°C", "gauge", "shows a box in the sun before it fails", _system("temperature"), decimals=1),
    Metric(7, "disk_use", "%", "gauge", "shows a card that fills up", _used("disk_total", "disk_free"), decimals=1),
    Metric(8, "disk_free", "B", "gauge", "tells whether content still fits", _system("disk_free"), decimals=-6),
    Metric(9, "disk_written", "B", "counter", "shows wear of the card", _system("disk_written"), decimals=-6),
    Metric(10, "uplink", "", "gauge", "1 while the internet is reachable", _uplink, 400, SERVED, prompt=True, most=1),
    Metric(11, "uplink_since", "s", "gauge", "how long the uplink has been so", _fact("gate", "uplink_since_seconds")),
    Metric(12, "link_rate_down", "bit/s", "gauge", "what the line is set to carry", _fact("gate", "rate_down_bps"), decimals=-3),
    Metric(13, "link_rate_up", "bit/s", "gauge", "what the line is set to carry", _fact("gate", "rate_up_bps"), decimals=-3),
    Metric(14, "link_down", "B", "counter", "the volume that is paid for", _fact("gate", "bytes_down"), 400, decimals=-3),
    Metric(15, "link_up", "B", "counter", "the volume that is paid for", _fact("gate", "bytes_up"), 400, decimals=-3),
    Metric(16, "traffic_down", "bit/s", "gauge", "how full the line is", lambda r: r.rates.get("down"), decimals=-3),
    Metric(17, "traffic_up", "bit/s", "gauge", "how full the line is", lambda r: r.rates.get("up"), decimals=-3),
    Metric(18, "queue_drops", "", "counter", "packets the fair share had to drop", _fact("gate", "drops")),
    Metric(19, "queue_backlog", "B", "gauge", "what waits in the box for the line", _fact("gate", "backlog_bytes"), decimals=-3),
    Metric(20, "shaper", "", "text", "which fair queue the kernel has", _fact("gate", "shaper"), 30),
    Metric(
        21, "people_online", "people", "gauge", "whether the place is used, and how many boxes it needs",
        lambda r: r.people.get("people_online"), 400, SERVED, people=True,
    ),
    Metric(
        22, "people_active", "people", "gauge", "how many share the line",
        lambda r: r.people.get("people_active"), 90, people=True,
    ),
    Metric(23, "catalogue_state", "", "text", "whether the catalogue is fresh", _fact("sync", "state"), 90, SERVED, prompt=True),
    Metric(24, "catalogue_why", "", "text", "the reason when it is not", _fact("sync", "why"), 90),
    Metric(
        25, "catalogue_version", "", "gauge", "which boxes carry which catalogue", _fact("sync", "version"), 90, SERVED, prompt=True
    ),
    Metric(26, "catalogue_services", "", "gauge", "an emptied catalogue shows", _fact("sync", "services"), 90, SERVED),
    Metric(27, "catalogue_date", "", "text", "how old the content is", _fact("sync", "snapshot_date"), 90, SERVED),
    Metric(28, "enrol_state", "", "text", "whether the box has its certificate", _fact("enrol", "state"), 90, prompt=True),
    Metric(29, "clock_trust", "", "text", "whether its times can be believed", lambda r: r.moment.trust, 30, prompt=True),
    Metric(30, "software", "", "text", "which boxes need a release", lambda r: r.software, 400),
    Metric(31, "outbox_rows", "", "gauge", "reports not yet acknowledged", lambda r: r.outbox_rows, 30),
    Metric(32, "outbox_dropped", "", "counter", "reports given up for want of room", lambda r: r.outbox_dropped, 90),
    Metric(33, "selftest_failed", "", "gauge", "how many checks of its own a box fails", _failed, 90, prompt=True, most=1_000),
    Metric(80, "catalogue_held", "", "text", "which catalogue waits for somebody to look", _fact("sync", "held"), 90, prompt=True),
    Metric(81, "outbox_lost", "", "counter", "measurements its card could not take", lambda r: r.outbox_lost or None, 90),
    Metric(82, "outbox_unreadable", "", "counter", "reports its card spoilt", lambda r: r.outbox_unreadable or None, 90),
    Metric(83, "certificate_left", "d", "gauge", "shows a box that will fall silent", _certificate_left, 30),
    *(_in_vain(FIRST_UNANSWERED + place, slug) for place, slug in enumerate(UNANSWERED)),
)  # fmt: skip

BY_NUMBER: Mapping[int, Metric] = {metric.number: metric for metric in METRICS}
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}

_ON_THE_WIRE = {m.number: (m.bounds[0] * 10.0**m.decimals, m.bounds[1] * 10.0**m.decimals) for m in METRICS}
PLAIN = {m.number: _ON_THE_WIRE[m.number] for m in METRICS if m.kind != "text" and not m.people}
"""Bounds on the wire, by number, of the metrics whose whole numbers within them are taken without another question."""


def measure(reading: Reading) -> dict[int, int | str | Fewer]:
    """The values of every metric that has one, by number, as they go on the wire. A wrong type or an impossible one is left out."""
    found = {metric.number: to_wire(metric, metric.value_fn(reading)) for metric in METRICS}
    return {number: value for number, value in found.items() if value is not None and not _is_impossible(number, value)}


def _is_impossible(number: int, value: int | str | Fewer) -> bool:
    """Whether a value of the right kind lies outside what its metric can be."""
    told = value.than if isinstance(value, Fewer) else len(value) if isinstance(value, str) else value
    return not _ON_THE_WIRE[number][0] <= told <= _ON_THE_WIRE[number][1]


def to_wire(metric: Metric, value: Any) -> int | str | Fewer | None:
    """A value as it is sent: text cut to TEXT_LIMIT, numbers as whole multiples of the last decimal."""
    if metric.kind == "text":
        # Half a letter, as JSON may name it, can be sent by nobody.
        return value[:TEXT_LIMIT].encode("utf-8", "replace").decode() if isinstance(value, str) and value else None
    if isinstance(value, Fewer):
        return value if metric.people else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        return None
    scaled = round(value * 10.0**metric.decimals) if metric.decimals else round(value)
    return scaled if abs(scaled) <= WHOLE_LIMIT else None


def from_wire(metric: Metric, value: int | str | Fewer) -> Value:
    """A value as the hub keeps and shows it: the inverse of ``to_wire``."""
    if not isinstance(value, int) or metric.decimals == 0:
        return value
    return value * 10**-metric.decimals if metric.decimals < 0 else round(value / 10.0**metric.decimals, metric.decimals)


def refusal(metric: Metric | None, value: int | str | Fewer, smallest_count: int) -> str | None:
    """Why the hub refuses a value, or None when it takes it. Counts of people are checked here a second time."""
    if metric is None:
        return "unknown-metric"
    fitting = (str,) if metric.kind == "text" else (int, Fewer) if metric.people else (int,)
    below = metric.kind == "counter" and isinstance(value, int) and value < 0
    if below or isinstance(value, bool) or not isinstance(value, fitting):
        return "wrong-kind"
    if metric.people and not isinstance(value, str) and (value.than if isinstance(value, Fewer) else value) < smallest_count:
        return "count-too-small"
    return "impossible" if _is_impossible(metric.number, value) else None


def sort_out(values: Mapping[int, int | str | Fewer], smallest_count: int) -> tuple[dict[int, int | str | Fewer], list[str]]:
    """The values the hub takes, and a reason for each that it refuses."""
    reasons = {number: refusal(BY_NUMBER.get(number), value, smallest_count) for number, value in values.items()}
    taken = {number: value for number, value in values.items() if reasons[number] is None}
    return taken, [reason for reason in reasons.values() if reason is not None]


def named(values: Mapping[int, int | str | Fewer]) -> dict[str, Value]:
    """Values from the wire by name; those the table does not know are left out."""
    return {BY_NUMBER[n].name: from_wire(BY_NUMBER[n], value) for n, value in values.items() if n in BY_NUMBER}


def to_json(value: Value) -> int | float | str | dict[str, int]:
    """A value as JSON shows it: ``{"fewer_than": 10}`` for a count that is too small to be told."""
    return {"fewer_than": value.than} if isinstance(value, Fewer) else value


def from_json(value: int | float | str | dict[str, int]) -> Value:
    """The inverse of ``to_json``."""
    return Fewer(value["fewer_than"]) if isinstance(value, dict) else value
