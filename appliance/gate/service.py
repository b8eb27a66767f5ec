"""W The gate at work: looks facts up, lets the rules decide, has the kernel do it, and keeps time."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from appliance.config import SiteConfig
from appliance.errors import BadInput, CampboxError, CommandFailed, Refused
from appliance.fairness.plan import Plan, plan
from appliance.gate import admission, limits, protocol, reachability, reconcile, telling
from appliance.gate.admission import Decision, Knowledge, Memory
from appliance.gate.bridge import on_lan
from appliance.gate.code_desk import CodeDesk
from appliance.gate.edges import Edges
from appliance.gate.elements import Command, Listing
from appliance.gate.later import Later
from appliance.gate.meter import Meter
from appliance.gate.protocol import Request
from appliance.gate.quota_desk import QuotaDesk
from appliance.gate.remembering import Remembering
from appliance.gate.rounds import FLAG_SECONDS as FLAG_SECONDS
from appliance.gate.rounds import Rounds
from appliance.gate.ruleset import NEWCOMERS, ruleset
from appliance.values import Ip, Mac

log = logging.getLogger(__name__)
DOUBT = 8.0
"""Seconds without a success after which the uplink is looked at closely: two checks that should have come have not."""
_NO_CODES = {"ok": False, "why": "no-codes"}
TRIES = 10
"""How often what a tap leaves to tidy up is tried where the kernel does not answer."""


class Gate:
    """One box's gate. ``memory`` is what stands on disk, ``boot`` the id of this boot, empty where it cannot be read."""

    def __init__(self, config: SiteConfig, edges: Edges, memory: Memory | None, boot: str) -> None:
        self.config, self.edges, self.boot = config, edges, boot
        self.kept = Remembering(memory, edges.remember, lambda stamp: edges.kernel.perform([stamp]), edges.clock)
        self.knowledge = Knowledge()
        self.meter = Meter(edges.kernel.carried, edges.clock)
        self.quota = QuotaDesk(self, edges.clock, edges.moment)
        self.desk = CodeDesk(self, edges.codes, edges.clock, edges.moment) if config.access.identity == "code" else None
        self.reachability = reachability.begin(edges.clock())
        self.untidy_since: float | None = None
        self._turned = set[Mac]()
        self._left = set[int]()
        self._unshared, self._untidied = False, 0
        self.rounds = Rounds(self)

    @property
    def memory(self) -> Memory | None:
        """What the next start is to know."""
        return self.kept.memory

    def begin(self) -> None:
        """Rules first, so that nobody passes before them; then what the kernel knows; then the interfaces and shares."""
        edges, now = self.edges, self.edges.clock()
        self._load()
        listing = edges.kernel.listing()
        self.reachability = reachability.begin(now, down=listing.offline)
        if not self.boot:  # /run tells no id: these sets are of the boot that made them
            self.boot = listing.stamp.boot if listing.stamp is not None else str(uuid.uuid4())
        same_boot = reconcile.same_boot(listing, self.memory, self.boot)
        memory = self._start(listing, same_boot=same_boot, now=now)
        edges.kernel.perform(self.quota.begin(listing.spent, memory.day, same_boot=same_boot))
        if self.desk is not None:
            self.desk.begin()
        edges.interfaces.bring_up()
        self.share_out(rates=True)
        self.rounds.begin(now)
        log.info("the gate stands; %d people were online already", len(self.knowledge.people))

    def _start(self, listing: Listing, *, same_boot: bool, now: float) -> Memory:
        """Take up what the kernel and the disk know. Of this boot the disk says at first that nobody was online in it."""
        before, access = self.memory, self.config.access
        if not same_boot and not (before and before.had_admitted):
            fresh = Memory(self.boot, had_admitted=False, day=before.day if before else None)
            if not self.kept.is_on_disk(fresh):
                # What cannot be written now could not be written then: "nobody was online" is not known. Decided for people.
                before = Memory("", had_admitted=True, day=fresh.day)
        decision, memory = admission.start(listing, before, self.boot, access.after_reboot, now, access.session)
        if same_boot:
            # Known as they are, whatever becomes of what is to be put right in the kernel: every look tries that again.
            self.carry_out(replace(decision, commands=()))
            self._put_right(decision.commands)
        else:
            self.carry_out(decision)
        self.kept.begin(listing.stamp)
        memory = memory if same_boot else replace(memory, had_admitted=False)
        self.kept.keep(memory)
        return memory

    def _put_right(self, commands: Sequence[Command]) -> None:
        for command in commands:
            try:
                self.edges.kernel.perform([command])
            except CampboxError as error:
                log.error("what stands in the kernel could not be put right: %s", error)

    def _load(self) -> None:
        try:
            self.edges.kernel.load(ruleset(self.config))
        except CommandFailed:
            # Without nft_meta_bridge the rules cannot name the bridge: every bridge in this namespace is kept apart.
            self.edges.kernel.load(ruleset(self.config, knows_bridges=False))

    def stand_again(self) -> None:
        """Another program has flushed the rules, and everybody with them: all of it is put back as it is known.

        Raises CommandFailed: then nobody passes, and the next look tries again.
        """
        log.error("somebody took the rules out of the kernel; they are put back, with everybody who is online")
        self._load()
        now, listing = self.edges.clock(), self.edges.kernel.listing()
        back = reconcile.lost(self.knowledge, listing, now)  # the flag "offline" is raised anew every few seconds anyway
        self.edges.kernel.perform((*back, *self.quota.kept_commands(listing.spent)))
        self.kept.look(listing.stamp)

    def somebody_is_online(self) -> None:
        """The next start after a reboot is to know it."""
        self.kept.keep(replace(self.memory or Memory(self.boot, had_admitted=True), had_admitted=True))

    def answer(self, untrusted_line: bytes, uid: int) -> bytes | Later:
        """Answer one line of a caller with user id ``uid``, at once or later."""
        try:
            request = protocol.parse(untrusted_line, uid)
        except (BadInput, Refused) as error:
            return protocol.answer_line(protocol.refusal(error))
        try:
            answer = self._about_device(request, request.ip) if request.ip is not None else self._about_box(request.do)
        except CampboxError as error:
            log.error("it cannot be done: %s", error)
            answer = {"ok": False, "why": "try-again"}
        return answer if isinstance(answer, Later) else protocol.answer_line(answer)

    def _about_box(self, deed: str) -> dict[str, Any]:
        return self._facts() if deed == "facts" else self._reload()

    def _facts(self) -> dict[str, Any]:
        # Without a grace the newcomers' mark is no person's, but of all that the captive do in the garden.
        return telling.facts(self, frozenset({NEWCOMERS}) if self.knowledge.grace_until is None else frozenset())

    def _about_device(self, request: Request, ip: Ip) -> dict[str, Any] | Later:
        if not on_lan(self.config, ip):
            return {"ok": False, "why": "not-on-lan"}
        mac = self.edges.neighbours.mac_of(ip)
        if mac is None:
            return {"ok": False, "why": "unknown-device"}
        now = self.edges.clock()
        match request.do:
            case "status":
                return telling.status(self, mac, now)
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
        """Carry a decision out and give its answer. Raises CommandFailed: then the kernel is looked at with the next tick."""
        try:
            self.carry_out(decision)
        except CommandFailed:
            self.rounds.look_soon()
            raise
        if decision.answer.get("state") == "admitted":
            self.somebody_is_online()
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
            self.new_day()
        self.knowledge = admission.rest_from_now(self.knowledge, self.edges.clock())
        log.info("the site file was read again; new: %s", ", ".join(found.now) or "nothing")
        return {"ok": True, "now": list(found.now), "start": list(found.start)}

    def carry_out(self, decision: Decision) -> None:
        """Do it, the kernel first: if it refuses, nothing is known that is not so. What can wait for ``tidy`` waits for it."""
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

        Until then, a tenth of a second at most, a newcomer's packets go where those without a class go. What the kernel refuses is
        tried again with the next ticks, ``TRIES`` times in all. Raises CommandFailed.
        """
        self.untidy_since = None
        self._untidied += 1
        with ExitStack() as deeds:  # each is done, whatever becomes of the one before
            deeds.callback(self._forget_left)
            deeds.callback(self._forget_turned)
            if self._unshared:
                self.share_out(rates=False)
        self._untidied = 0

    def tidy_again(self) -> None:
        """``tidy``, where the last times may have failed. Raises CommandFailed."""
        if self._untidied >= TRIES:  # nobody is remembered for ever because the kernel does not answer
            self._turned, self._left, self._untidied = set(), set(), 0
        self.tidy()

    def _forget_turned(self) -> None:
        if self._turned:
            present = self.edges.neighbours.everyone()
            self.edges.conntrack.forget_led({ip for mac in self._turned for ip in present.get(mac, ())})
            self._turned = set()

    def _forget_left(self) -> None:
        for mark in self._left - self.knowledge.marks:
            self.edges.conntrack.forget_person(mark)
        self._left = set()

    @property
    def busy(self) -> bool:
        """Whether people wait for what a tick notices: marks in the grace, the uplink's return, and perhaps its end."""
        doubtful = self.edges.clock() - self.reachability.success > DOUBT
        return doubtful or self.knowledge.grace_until is not None or self.reachability.state == "down"

    def tick(self) -> None:
        """What time brings; call it once a second while ``busy``, else every few seconds. Raises what the last failed deed did."""
        self.rounds.tick()

    def new_day(self) -> None:
        """Everybody's volume begins anew. Raises CommandFailed: then it is still to come."""
        fresh = self.quota.new_day_commands()
        self.edges.kernel.perform(fresh)
        if self.desk is not None:
            self.desk.new_day()
        self.quota.new_day()
        self.meter.forget_freed(fresh)

    def _marks(self) -> frozenset[int]:
        nameless = self.knowledge.grace_until is not None or bool(self.config.access.garden)
        newcomers = frozenset({NEWCOMERS}) if nameless else frozenset()
        return self.knowledge.marks | newcomers

    def plan(self) -> Plan:
        """What everybody is to get."""
        return plan(self.config, self._marks())

    def share_out(self, *, rates: bool) -> None:
        """Everyone's fair share, as it is now; ``rates``: what the line gives may have changed as well."""
        self._unshared = False
        wanted = self.plan()
        for shaper in self.edges.shapers:
            try:
                shaper.follow(wanted, rates=rates)
            except CommandFailed as error:
                # Passing does not hang on sharing: the tree is tried again with the next tick.
                log.error("the shares cannot be set: %s", error)
