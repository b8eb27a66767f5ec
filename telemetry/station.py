"""W Takes the readings of a box: asks every sensor once and makes counts of people safe before anything else sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance import clock
from appliance.layout import Layout
from telemetry import schedule, sensors
from telemetry.metrics import BY_NAME, UNANSWERED, Fewer, Reading, unanswered
from telemetry.noise import period_of, release
from telemetry.outbox import Outbox

PEOPLE = {"people_online": "people_online", "people_active": "active_people"}
"""Metric of people -> the gate's fact it is made from."""


class Station:
    """Takes readings of this box. Counts of people are made safe here, before anything else sees them."""

    def __init__(self, layout: Layout, outbox: Outbox, boot: bytes, pace: schedule.Pace, smallest_count: int) -> None:
        self.layout, self.outbox, self.boot, self.pace, self.smallest = layout, outbox, boot, pace, smallest_count
        self._before: dict[str, tuple[float, Mapping[str, object]]] = {}

    def read(self, purpose: str) -> Reading:
        """A reading now; rates are since the last one for the same ``purpose``."""
        moment, gate = clock.now(), sensors.gate(self.layout)
        counted = (moment.uptime, gate)
        rates = schedule.rates(self._before.get(purpose), counted)
        self._before[purpose] = counted
        return Reading(
            moment=moment,
            software=sensors.software(),
            system=sensors.system(self.layout),
            gate=gate,
            sync=sensors.told(self.layout, "sync"),
            enrol=sensors.told(self.layout, "enrol"),
            certificate_ends=sensors.certificate_ends(self.layout),
            selftest=sensors.told(self.layout, "selftest"),
            people=self._people(self._counted(gate), moment.uptime),
            rates=rates,
            outbox_rows=self.outbox.count(),
            outbox_dropped=self.outbox.dropped,
            outbox_lost=self.outbox.lost,
            outbox_unreadable=self.outbox.unreadable,
        )

    def _counted(self, gate: Mapping[str, Any]) -> dict[str, Any]:
        """The raw counts of people and of their searches without an answer, by metric."""
        vain = sensors.told(self.layout, "catalogue").get("unanswered")
        known = vain if isinstance(vain, dict) else {}
        return {name: gate.get(fact) for name, fact in PEOPLE.items()} | {unanswered(slug): known.get(slug) for slug in UNANSWERED}

    def _people(self, counted: Mapping[str, Any], uptime: float) -> dict[str, int | Fewer]:
        period = period_of(self.boot.hex(), uptime, self.pace.period)
        told: dict[str, int | Fewer] = {}
        for name, count in counted.items():
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= BY_NAME[name].bounds[1]:
                continue
            before = self.outbox.released(name)
            now = release(before, count, name=name, period=period, smallest=self.smallest, secret=self.outbox.secret)
            if now != before:
                self.outbox.keep_release(name, now)  # kept first: a restart must not tell a second number for the period
            if now.value is not None:
                told[name] = now.value
        return told
