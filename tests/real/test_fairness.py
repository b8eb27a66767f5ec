"""Equal shares in a real kernel, with whatever it has: CAKE or a class a person."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.errors import CommandFailed
from appliance.fairness.counters import Counters
from appliance.fairness.plan import Plan, plan
from appliance.fairness.shaper import Shaper
from appliance.gate.elements import Admit
from appliance.gate.interfaces import Interfaces
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import ruleset
from appliance.values import Rate
from tests.real.flows import Flows
from tests.real.gate_camp import BOX4, NET4, NET6, Camp, inside, phone_mac, reaches

pytestmark = [pytest.mark.net, pytest.mark.kernel]
EMULATED = bool(os.environ.get("CAMPBOX_VM"))
DOWN, UP = (1, 1) if EMULATED else (12, 6)
"""Mbit/s of the line; an emulated processor cannot fill more."""
WARM, WINDOW = (2.0, 5.0) if EMULATED else (1.5, 2.5)
FILLED, ALIKE = (0.6, 0.3) if EMULATED else (0.8, 0.25)
"""How much of the line arrives as content at least, and how far a share may be from the mean, in seconds of real TCP on a
busy machine. Unshared, the greedy one of ``greedy`` would have 1.25 more than the mean."""
LOOKS = 3
"""A machine that is busy elsewhere spoils one look; a line that is not shared is never seen shared."""


@dataclasses.dataclass
class Line:
    """A camp of three people behind the shapers, with streams from the internet and from the box itself."""

    camp: Camp
    plan: Plan
    shapers: tuple[Shaper, Shaper]
    internet: Flows
    pages: Flows
    counters: Counters


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    camp = Camp("gatef", phones=3)
    try:
        uplink = dataclasses.replace(camp.config.uplinks[0], down=Rate(DOWN * 1_000_000), up=Rate(UP * 1_000_000))
        config = dataclasses.replace(camp.config, uplinks=(uplink,))
        wanted = plan(config, [1, 2, 3])
        with inside(camp.box.name):
            kernel = Nftables(config.lan.bridge)
            try:
                kernel.load(ruleset(config))
            except CommandFailed:
                kernel.load(ruleset(config, knows_bridges=False))
            camp.plug_in_first()
            Interfaces(config).bring_up()
            shapers = (Shaper(upload=False), Shaper(upload=True))
            for shaper in shapers:
                shaper.follow(wanted)
            counters = Counters()
        camp.plug_in()
        kernel.perform([Admit(phone_mac(n), n, 600) for n in (1, 2, 3)])
        made = Line(camp, wanted, shapers, Flows(camp.net, 5_000), Flows(camp.box, 80), counters)
        yield made
        made.internet.close()
        made.pages.close()
    finally:
        camp.close()


def sent_by(line: Line, interface: str) -> Callable[[], int]:
    """How many octets the box has sent on an interface."""

    def octets() -> int:
        with inside(line.camp.box.name):  # read at once: between a program's look and its end a busy machine sends on
            rows = (row.partition(":") for row in Path("/proc/thread-self/net/dev").read_text().splitlines())
        return next(int(counted.split()[8]) for name, _, counted in rows if name.strip() == interface)

    return octets


def greedy(line: Line) -> list[tuple[object, str]]:
    """One person with six flows, two with one each."""
    one, two, three = line.camp.phones
    return [*[(one, "greedy")] * 6, (two, "second"), (three, "third")]


@pytest.mark.parametrize(("what", "host", "rate"), [("down", NET4, DOWN), ("down", NET6, DOWN), ("up", NET4, UP), ("up", NET6, UP)])
def test_shares_are_equal_however_many_flows_a_person_opens(line: Line, what: str, host: str, rate: int) -> None:
    sent, seen = sent_by(line, "br-lan" if what == "down" else "wan"), list[dict[str, float]]()
    for _ in range(LOOKS):
        seen.append(line.internet.run(what, host, greedy(line), warm=WARM, seconds=WINDOW, line=sent))  # type: ignore[arg-type]
        assert line.internet.carried < rate, f"of a line of {rate} Mbit/s"
        if shared(seen[-1], rate):
            return
    pytest.fail(f"the line's {rate} Mbit/s handed out: {seen}")


def shared(got: dict[str, float], rate: int) -> bool:
    """Whether the line was filled, and each had a third of it."""
    total = sum(got.values())
    return total > FILLED * rate and all(abs(share - total / 3) < ALIKE * total / 3 for share in got.values())


@pytest.mark.parametrize("got", [{"greedy": 8.0, "second": 1.9, "third": 1.1}, {"greedy": 2.0, "second": 2.0, "third": 2.0}])
def test_a_line_that_is_not_shared_or_not_filled_is_noticed(got: dict[str, float]) -> None:
    assert not shared(got, 12)


def test_cake_shares_wherever_the_kernel_has_it(line: Line) -> None:
    line.camp.box.ip("link", "add", "try0", "type", "veth", "peer", "name", "try1")
    try:
        has_cake = line.camp.box.run("tc", "qdisc", "add", "dev", "try0", "root", "cake", check=False).returncode == 0
    finally:
        line.camp.box.ip("link", "del", "try0")
    assert [shaper.method for shaper in line.shapers] == ["cake" if has_cake else "htb"] * 2
    for interface in ("br-lan", "wan"):
        assert ("qdisc cake 30: parent 1:3" in line.camp.box.run("tc", "qdisc", "show", "dev", interface).stdout) == has_cake


def test_whoever_is_alone_has_the_whole_line(line: Line) -> None:
    alone = [(line.camp.phones[1], "second")]
    looks = (line.internet.run("down", NET4, alone, warm=1.0, seconds=2.0) for _ in range(LOOKS))
    assert any(got["second"] > FILLED * DOWN for got in looks)


def test_the_box_s_own_pages_are_not_slowed_by_the_uplink(line: Line) -> None:
    looks = (line.pages.run("down", BOX4, [(line.camp.phones[0], "reader")], warm=0.1, seconds=0.3) for _ in range(LOOKS))
    assert any(got["reader"] > 3 * DOWN for got in looks)


def test_the_queues_count_what_they_dropped_and_what_waits_in_them(line: Line) -> None:
    seen, over = list[tuple[int, int]](), threading.Event()

    def look() -> None:
        with inside(line.camp.box.name):
            while not over.wait(0.02):
                seen.append(line.counters.totals(line.plan.down.interface, line.plan.up.interface, "nowhere"))

    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(look)
        line.internet.run("down", NET4, greedy(line), warm=1.0, seconds=0.5)  # type: ignore[arg-type]
        over.set()
        looking.result()
    drops = [dropped for dropped, _ in seen]
    assert 0 < drops[-1] == max(drops)
    assert max(waiting for _, waiting in seen) >= 1_000, "a greedy line is never without a queue"


def test_a_new_gate_takes_the_tree_over_without_touching_it(line: Line) -> None:
    before = line.camp.box.run("tc", "class", "show", "dev", "br-lan").stdout
    with inside(line.camp.box.name):
        again = Shaper(upload=False)
        assert again.keep(line.plan.down) and again.method == line.shapers[0].method
        again.follow(line.plan)
    assert line.camp.box.run("tc", "class", "show", "dev", "br-lan").stdout == before


def test_joining_and_leaving_re_rates_everyone_in_place(line: Line) -> None:
    more = dataclasses.replace(line.plan, marks=frozenset({1, 2, 3, 900}))
    with inside(line.camp.box.name):
        shaper = Shaper(upload=False)
        shaper.follow(more)
        classes = line.camp.box.run("tc", "class", "show", "dev", "br-lan").stdout
        if shaper.method == "htb":
            assert f"1:{0x1000 + 900:x} " in classes
        shaper.follow(line.plan)
    classes = line.camp.box.run("tc", "class", "show", "dev", "br-lan").stdout
    assert f"1:{0x1000 + 900:x} " not in classes
    assert reaches(line.camp.phones[0], BOX4)


def test_an_uplink_that_is_plugged_in_again_is_shaped_again(line: Line) -> None:
    with inside(line.camp.box.name):
        shaper = Shaper(upload=True)
        lost = dataclasses.replace(line.plan.up, interface="usb0")
        assert not shaper.keep(lost)
        line.camp.box.ip("link", "add", "usb0", "type", "veth", "peer", "name", "usb1")
        try:
            shaper.follow(dataclasses.replace(line.plan, up=lost))
            assert " htb 1: root" in line.camp.box.run("tc", "qdisc", "show", "dev", "usb0").stdout
        finally:
            line.camp.box.ip("link", "del", "usb0")


def test_a_tree_that_somebody_took_away_is_made_anew(line: Line) -> None:
    with inside(line.camp.box.name):
        line.camp.box.run("tc", "qdisc", "del", "dev", "wan", "root")
        broken = dataclasses.replace(line.plan, up=dataclasses.replace(line.plan.up, guarantee=1_234_000))
        with pytest.raises(CommandFailed):
            line.shapers[1].follow(broken)
        line.shapers[1].follow(line.plan)
    classes = line.camp.box.run("tc", "class", "show", "dev", "wan").stdout
    assert "htb 1:1 root" in classes and (line.shapers[1].method == "cake" or "htb 1:1003" in classes)
