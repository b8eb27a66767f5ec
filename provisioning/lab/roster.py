"""W The demo's phones: each a namespace, a process that makes its journey, and what it has reported so far."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.run import run
from provisioning.lab import cabling, kinds
from provisioning.lab import topology as plan
from provisioning.lab.judging import ARRIVED, Outcome
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient

JOURNEY = ("join", "held", "welcome", "tap", "online", "catalogue", "about_me", "api")
AT_ONCE = 3
"""Phones on their journey at the same time."""


@dataclass
class Rider:
    """One phone. ``outcomes`` are those of its journey, ``latest`` what it does now."""

    name: str
    kind: kinds.PhoneKind
    namespace: Namespace
    process: subprocess.Popen[bytes] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    latest: str = "out of reach"
    finished: bool = False
    buffer: bytes = b""

    @property
    def short(self) -> str:
        """Its name without the prefix."""
        return self.name.removeprefix("campbox-")

    @property
    def wrong(self) -> list[Outcome]:
        """What did not hold."""
        return [o for o in self.outcomes if not o.holds]


class Roster:
    """All of them: started one after the other, then left to live."""

    def __init__(
        self, count: int, box: Namespace, bridge: str, *, command: Sequence[str], environment: dict[str, str],
        names: Callable[[int], str] = plan.phone_name, first_neighbour: str = plan.VISITOR, journey: Sequence[str] = JOURNEY,
    ) -> None:  # fmt: skip
        self.box, self.bridge, self.command, self.environment = box, bridge, tuple(command), environment
        self.names, self.first_neighbour, self.journey = names, first_neighbour, tuple(journey)
        self.riders: list[Rider] = []
        self.count = count

    @property
    def arrived(self) -> bool:
        """Whether every journey is over."""
        return len(self.riders) == self.count and all(rider.finished for rider in self.riders)

    def tick(self) -> list[Rider]:
        """Read what phones say, start the next one when there is room; the riders whose journey ended just now."""
        before = [rider for rider in self.riders if rider.finished]
        for rider in self.riders:
            self._listen(rider)
        under_way = [rider for rider in self.riders if not rider.finished]
        if len(self.riders) < self.count and len(under_way) < AT_ONCE and not any(r.latest == "joining" for r in under_way):
            self._start(len(self.riders) + 1)
        return [rider for rider in self.riders if rider.finished and rider not in before]

    def rejoin(self, box: Namespace) -> None:
        """The box was rebooted: plug every phone in again and let it ask for its address."""
        self.box = box
        for rider in self.riders:
            cabling.plug(rider.namespace, box, self.bridge)
            self.act(rider.namespace.name, rider.kind, ("join",))

    def act(self, name: str, kind: kinds.PhoneKind, deeds: Iterable[str], *more: str) -> list[Outcome]:
        """Let one phone do something now, to its end."""
        argv = [*Namespace(name).enter, *self.command, "--name", name, "--kind", kind.name, *more, *deeds]
        done = run(argv, env=self.environment, check=False, timeout=patient(240))
        return [Outcome.from_json(line) for line in done.stdout.splitlines()]

    def begin(self, rider: Rider, deeds: Iterable[str]) -> subprocess.Popen[bytes]:
        """Let a phone do something more in a second process; nobody listens to what it says."""
        argv = [*self.command, "--name", rider.name, "--kind", rider.kind.name, *deeds]
        quiet = subprocess.DEVNULL
        begun: subprocess.Popen[bytes] = rider.namespace.spawn(argv, stdin=quiet, stdout=quiet, stderr=quiet, env=self.environment)
        return begun

    def stop(self) -> None:
        """End every phone's process."""
        for rider in self.riders:
            if rider.process is not None:
                rider.process.kill()
                rider.process.wait()
                rider.process = None

    def _start(self, number: int) -> None:
        name, kind = self.names(number), kinds.kind_of(number)
        namespace = cabling.make_phone(name)
        cabling.plug(namespace, self.box, self.bridge)
        here = [rider.name for rider in self.riders if rider.finished]
        neighbour = here[-1] if here else self.first_neighbour
        others = [part for address in addresses_of(neighbour) for part in ("--neighbour", address)]
        argv = [*self.command, "--name", name, "--kind", kind.name, *others, *self.journey, "live"]
        rider = Rider(name, kind, namespace, latest="joining")
        rider.process = namespace.spawn(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment
        )
        assert rider.process is not None and rider.process.stdout is not None
        os.set_blocking(rider.process.stdout.fileno(), False)
        self.riders.append(rider)

    def _listen(self, rider: Rider) -> None:
        if rider.process is None or rider.process.stdout is None:
            return
        data: Any = rider.process.stdout.read()
        *lines, rider.buffer = (rider.buffer + (data or b"")).split(b"\n")
        for line in lines:
            self._heard(rider, Outcome.from_json(line.decode()))
        if rider.process.poll() is not None and not rider.finished:
            rider.outcomes.append(Outcome("goes its whole way", False, f"ended with {rider.process.returncode}"))
            rider.finished, rider.latest = True, "gone"

    def _heard(self, rider: Rider, outcome: Outcome) -> None:
        rider.latest = f"{outcome.expect}: {outcome.figure}"
        if outcome.expect == ARRIVED:
            rider.finished = True
        elif not rider.finished:
            rider.outcomes.append(outcome)


def addresses_of(name: str) -> list[str]:
    """A phone's addresses as seen from outside, without the link-local ones."""
    done = run(["ip", "-j", "-n", name, "address", "show", "dev", "wlan0"], check=False)
    links = json.loads(done.stdout or "[]")
    return [a["local"] for link in links for a in link.get("addr_info", []) if a["scope"] == "global"]


def phone_command(python: str, world: Path) -> tuple[str, ...]:
    """How a phone's process is started, without its name and deeds."""
    return (python, "-m", "provisioning.lab.phone", "--world", str(world))
