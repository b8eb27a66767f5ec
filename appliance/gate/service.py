"""W The gate at work: looks facts up, lets the rules decide, has the kernel do it, and keeps time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from appliance.config import SiteConfig
from appliance.errors import BadInput, CampboxError, CommandFailed, NotSo, Refused
from appliance.fairness import explain
from appliance.fairness.plan import Plan, plan
from appliance.gate import admission, limits, protocol, reachability
from appliance.gate.admission import Decision, Knowledge, Memory
from appliance.gate.bridge import on_lan
from appliance.gate.code_desk import CodeDesk
from appliance.gate.edges import Edges
from appliance.gate.elements import Lower, Raise
from appliance.gate.later import Later
from appliance.gate.meter import Meter
from appliance.gate.protocol import Request
from appliance.gate.quota_desk import QuotaDesk
from appliance.gate.ruleset import NEWCOMERS, ruleset
from appliance.values import Ip, Mac

log = logging.getLogger(__name__)
FLAG_SECONDS, FLAG_EVERY = 40, 10.0
"""The flag "uplink down" falls by itself if the gate dies; it is raised anew this often."""
DOUBT = 8.0
"""Seconds without a success after which the uplink is looked at closely: two checks that should have come have not."""
_NO_CODES = {"ok": False, "why": "no-codes"}
KEEP_EVERY, LOOK_EVERY = 5.0, 60.0


@dataclass
class _Due:
    """When each repeated deed was last done."""

    keep: float = 0.0
    look: float = 0.0
    flag: float = 0.0


class Gate:
    """One box's gate. ``memory`` is what stands on disk, ``boot`` the id of this boot."""

    def __init__(self, config: SiteConfig, edges: Edges, memory: Memory | None, boot: str) -> None:
        self.config, self.edges, self.boot = config, edges, boot
        self.memory = memory
        self.knowledge = Knowledge()
        self.meter = Meter(edges.kernel.carried, edges.clock)
        self.quota = QuotaDesk(self, edges.clock, edges.moment)
        self.desk = CodeDesk(self, edges.codes, edges.clock, edges.moment) if config.access.identity == "code" else None
        self.reachability = reachability.begin(edges.clock())
        self.untidy_since: float | None = None
        self._turned = set[Mac]()
        self._left = set[int]()
        self._unshared = False
        self._due = _Due()

    def begin(self) -> None:
        """Rules first, so that nobody passes before them; then what the kernel knows; then the interfaces and shares."""
        edges, now = self.edges, self.edges.clock()
        self._load()
        listing = edges.kernel.listing()
        self.reachability = reachability.begin(now, down=listing.offline)
        decision, memory = admission.start(listing, self.memory, self.boot, self.config.access.after_reboot, now)
        self._carry_out(decision)
        same_boot = memory is self.memory
        self._remember(memory)
        edges.kernel.perform(self.quota.begin(listing.spent, memory.day, same_boot=same_boot))
        if self.desk is not None:
            self.desk.begin()
        edges.interfaces.bring_up()
        self._share_out(rates=True)
        self._due = _Due(keep=now, look=now, flag=now - FLAG_EVERY)
        log.info("the gate stands; %d people were online already", len(self.knowledge.people))

    def _load(self) -> None:
        try:
            self.edges.kernel.load(ruleset(self.config))
        except CommandFailed:
            # Without nft_meta_bridge the rules cannot name the bridge: every bridge in this namespace is kept apart.
            self.edges.kernel.load(ruleset(self.config, knows_bridges=False))

    def _remember(self, memory: Memory) -> None:
        if memory != self.memory:
            self.edges.remember(memory)
            self.memory = memory

    def answer(self, untrusted_line: bytes, uid: int) -> bytes | Later:
        """Answer one line of a caller with user id ``uid``, at once or later."""
        try:
            request = protocol.parse(untrusted_line, uid)
        except (BadInput, Refused) as error:
            return protocol.answer_line(protocol.refusal(error))
        try:
            answer = self._about_device(request, request.ip) if request.ip is not None else self._about_box(request.do)
        except (CommandFailed, NotSo) as error:
            log.error("it cannot be done: %s", error)
            answer = {"ok": False, "why": "try-again"}
        return answer if isinstance(answer, Later) else protocol.answer_line(answer)

    def _about_box(self, deed: str) -> dict[str, Any]:
        return self._facts() if deed == "facts" else self._reload()

    def _about_device(self, request: Request, ip: Ip) -> dict[str, Any] | Later:
        if not on_lan(self.config, ip):
            return {"ok": False, "why": "not-on-lan"}
        mac = self.edges.neighbours.mac_of(ip)
        if mac is None:
            return {"ok": False, "why": "unknown-device"}
        now = self.edges.clock()
        match request.do:
            case "status":
                return self._status(mac, now)
            case "admit":
                return self.enact(self.quota.admit(self.knowledge, mac, self.session(), now))
            case "take-code":
                return _NO_CODES if self.desk is None else self.desk.take(mac)
            case "enter-code":
                return _NO_CODES if self.desk is None else self.desk.enter(mac, request.code)
            case "erase" if self.desk is not None:
                self.desk.forget(mac)
        return self.enact(admission.dismiss(self.knowledge, mac, now))

    def enact(self, decision: Decision) -> dict[str, Any]:
        """Carry a decision out and give its answer. Raises CommandFailed."""
        self._carry_out(decision)
        if decision.answer.get("state") == "admitted":
            self._remember(replace(self.memory or Memory(self.boot, had_admitted=True), had_admitted=True))
        return decision.answer

    def session(self) -> int:
        """Seconds of a whole session."""
        return self.config.access.session

    def _reload(self) -> dict[str, Any]:
        """Take over what may change while people are online. Nobody who is online loses time, or is cut for silence until now."""
        try:
            wanted = self.edges.site()
        except CampboxError as error:
            return {"ok": False, "why": "bad-site-file", "said": str(error)}
        found = limits.change(self.config, wanted)
        less, self.config = limits.less_volume(self.config, found.config), found.config
        if less:
            self._new_day()
        self.knowledge = admission.rest_from_now(self.knowledge, self.edges.clock())
        log.info("the site file was read again; new: %s", ", ".join(found.now) or "nothing")
        return {"ok": True, "now": list(found.now), "start": list(found.start)}

    def _carry_out(self, decision: Decision) -> None:
        """The kernel first: if it refuses, nothing is known that is not so. What can wait for ``tidy`` waits for it."""
        accounts, booked = self.quota.book(decision)
        self.edges.kernel.perform((*decision.commands, *booked))
        if self.desk is not None and decision.left:
            self.desk.released(decision.left, self.knowledge)
        self.quota.accounts = accounts
        self.meter.forget_freed(decision.commands)
        self._unshared = self._unshared or decision.knowledge is not self.knowledge
        self.knowledge = decision.knowledge
        self._turned |= set(decision.turned)
        self._left |= set(decision.left)
        if self.untidy_since is None and (self._turned or self._left or self._unshared):
            self.untidy_since = self.edges.clock()

    def tidy(self) -> None:
        """Give newcomers their class and forget connections begun under rules that hold no longer; after the answers are out.

        Until then, a tenth of a second at most, a newcomer's packets go where those without a class go.
        """
        if self._unshared:
            self._share_out(rates=False)
        turned, left = self._turned, self._left
        self._turned, self._left = set(), set()
        self.untidy_since = None
        if turned:
            present = self.edges.neighbours.everyone()
            self.edges.conntrack.forget_led({ip for mac in turned for ip in present.get(mac, ())})
        for mark in left - self.knowledge.marks:
            self.edges.conntrack.forget_person(mark)

    @property
    def busy(self) -> bool:
        """Whether people wait for what a tick notices: marks in the grace, the uplink's return, and perhaps its end."""
        doubtful = self.edges.clock() - self.reachability.success > DOUBT
        return doubtful or self.knowledge.grace_until is not None or self.reachability.state == "down"

    def tick(self) -> None:
        """What time brings; call it once a second while ``busy``, else every few seconds."""
        now, due = self.edges.clock(), self._due
        self._carry_out(admission.prune(self.knowledge, now))
        if self.knowledge.grace_until is not None:
            self._carry_out(admission.greet(self.knowledge, self.edges.neighbours.everyone(), now))
        self._judge_uplink(now)
        if now - due.look >= LOOK_EVERY:
            due.look = now
            self._carry_out(admission.look(self.knowledge, self.edges.kernel.listing(), self.config.access.idle, now))
        if now - due.keep >= KEEP_EVERY:
            due.keep = now
            self.edges.interfaces.keep()
            self._share_out(rates=True)
        if self.meter.age >= self.quota.read_every:
            # Costs milliseconds, and is done besides for whoever looks at a page; this one keeps the comparison fresh.
            self.meter.read()
        self._keep_volumes()
        if self.desk is not None:
            self.desk.tick()
        self.tidy()

    def _keep_volumes(self) -> None:
        if self.quota.turned():
            self._new_day()
        if self.memory is not None and self.quota.limit is not None:
            self._remember(replace(self.memory, day=self.quota.date))
        if (over := self.quota.cut()) is not None:
            self._carry_out(over)

    def _new_day(self) -> None:
        """Everybody's volume begins anew."""
        if self.desk is not None:
            self.desk.new_day()
        fresh = self.quota.new_day()
        self.edges.kernel.perform(fresh)
        self.meter.forget_freed(fresh)

    def _judge_uplink(self, now: float) -> None:
        judged = reachability.judge(self.reachability, self.edges.last_success(), now)
        changed, self.reachability = judged.state != self.reachability.state, judged
        if judged.state == "down" and (changed or now - self._due.flag >= FLAG_EVERY):
            self._due.flag = now
            self.edges.kernel.perform([Raise("offline", FLAG_SECONDS)])
        elif judged.state == "up" and changed:
            self.edges.kernel.perform([Lower("offline")])
        if changed:
            log.info("the uplink is %s", judged.state)
            self.edges.conntrack.forget_all_led()

    def _marks(self) -> frozenset[int]:
        nameless = self.knowledge.grace_until is not None or bool(self.config.access.garden)
        newcomers = frozenset({NEWCOMERS}) if nameless else frozenset()
        return self.knowledge.marks | newcomers

    def _garden_marks(self) -> frozenset[int]:
        """Without a grace the newcomers' mark is no person's, but of all that the captive do in the garden."""
        return frozenset({NEWCOMERS}) if self.knowledge.grace_until is None else frozenset()

    def _plan(self) -> Plan:
        return plan(self.config, self._marks())

    def _share_out(self, *, rates: bool) -> None:
        self._unshared = False
        wanted = self._plan()
        for shaper in self.edges.shapers:
            try:
                shaper.follow(wanted, rates=rates)
            except CommandFailed as error:
                # Passing does not hang on sharing: the tree is tried again with the next tick.
                log.error("the shares cannot be set: %s", error)

    def _status(self, mac: Mac, now: float) -> dict[str, Any]:
        self.meter.read()
        state, seconds = admission.state_of(self.knowledge, mac, now)
        mark = admission.mark_of(self.knowledge, mac) if state != "captive" else 0
        share = explain.share(self._plan(), self.meter.busy, mark, uplink_up=self.reachability.state == "up")
        code = self.desk.of(mark) if self.desk is not None else None
        down, up = self.meter.carried(mark)
        return {
            "ok": True,
            "state": state,
            "seconds_remaining": seconds,
            "bytes_down": down + (code.down if code else 0),
            "bytes_up": up + (code.up if code else 0),
            "uplink": self.reachability.state,
            "share": share.as_answer(),
            "quota": self.quota.told(mac),
            **({} if self.desk is None else {"code": code is not None}),
        }

    def _facts(self) -> dict[str, Any]:
        now, wanted = self.edges.clock(), self._plan()
        self.meter.read()
        link = self.edges.links.link(wanted.up.interface)
        drops, waiting = self.edges.counters.totals(wanted.down.interface, wanted.up.interface)
        return {
            "ok": True,
            "people_online": len(self.knowledge.marks),
            "uplink": self.reachability.state,
            "uplink_since_seconds": int(now - self.reachability.since),
            "rate_down_bps": wanted.down.rate,
            "rate_up_bps": wanted.up.rate,
            "bytes_down": link.bytes_in if link else 0,
            "bytes_up": link.bytes_out if link else 0,
            "drops": drops,
            "backlog_bytes": waiting,
            "shaper": self.edges.shapers[0].method if self.edges.shapers else "htb",
            "active_people": len(self.meter.busy - self._garden_marks()),
        }
