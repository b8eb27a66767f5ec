"""W Everything the gate touches, by what it needs of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.config import SiteConfig
from appliance.fairness.plan import Method, Plan
from appliance.gate.admission import Memory
from appliance.gate.code_desk import Files
from appliance.gate.kernel import Kernel
from appliance.gate.links import Link
from appliance.gate.reachability import Heard
from appliance.moment import Moment
from appliance.values import Ip, Mac


class _Neighbours(Protocol):
    def mac_of(self, address: Ip) -> Mac | None: ...
    def everyone(self) -> dict[Mac, set[Ip]]: ...


class _Conntrack(Protocol):
    def forget_led(self, addresses: set[Ip]) -> None: ...
    def forget_person(self, mark: int) -> None: ...
    def forget_all_led(self) -> None: ...


class _Shaper(Protocol):
    method: Method

    def follow(self, plan: Plan, *, rates: bool = True) -> None: ...
    def look(self) -> None: ...


class _Counters(Protocol):
    def totals(self, *interfaces: str) -> tuple[int, int]: ...


class _Links(Protocol):
    def link(self, name: str) -> Link | None: ...


class _Interfaces(Protocol):
    def bring_up(self) -> None: ...
    def keep(self) -> None: ...


@dataclass(frozen=True)
class Edges:
    """``site`` reads the site file anew and raises CampboxError; ``moment`` tells the date as far as it is known.

    ``heard`` is what answers in the internet's place; ``tell`` says to the other services how the uplink is.
    """

    kernel: Kernel
    neighbours: _Neighbours
    conntrack: _Conntrack
    shapers: tuple[_Shaper, ...]
    counters: _Counters
    links: _Links
    interfaces: _Interfaces
    last_success: Callable[[], float | None]
    clock: Callable[[], float]
    remember: Callable[[Memory], None]
    codes: Files
    moment: Callable[[], Moment]
    site: Callable[[], SiteConfig]
    heard: Callable[[], Heard] = Heard
    tell: Callable[[dict[str, Any]], None] = lambda told: None
