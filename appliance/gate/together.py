"""W People who tap at the same moment are let in together: decided one after the other, one transaction of the kernel."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from appliance.errors import BadInput, CommandFailed, Refused
from appliance.gate import protocol
from appliance.gate.admission import Decision
from appliance.gate.bridge import on_lan
from appliance.gate.elements import Admit
from appliance.gate.later import Later
from appliance.gate.service import Gate
from appliance.gate.socket import Asked
from appliance.values import Mac

log = logging.getLogger(__name__)
_HINT = b'"admit"'


class Together:
    """Answers for ``gate``, in the order of the lines, each as soon as it is final: after the kernel has it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def answers(self, asked: Asked) -> Iterator[bytes | Later]:
        """Answer callers' lines. Whoever asks for anything but a first admission is answered alone."""
        party = dict[Mac, tuple[bytes, int]]()
        for line, uid in asked:
            mac = self._newcomer(line, uid)
            if mac is None or mac in party:
                yield from self._let_in(party)
                party = {}
            if mac is None:
                yield self._gate.answer(line, uid)
            else:
                party[mac] = line, uid
        yield from self._let_in(party)

    def _newcomer(self, untrusted_line: bytes, uid: int) -> Mac | None:
        """The device that asks to be admitted and is nobody to the kernel yet; None for every other line."""
        gate = self._gate
        if _HINT not in untrusted_line or gate.knowledge.grace_until is not None:
            return None
        try:
            request = protocol.parse(untrusted_line, uid)
            if request.do != "admit" or request.ip is None or not on_lan(gate.config, request.ip):
                return None
            mac = gate.edges.neighbours.mac_of(request.ip)
        except (BadInput, Refused, CommandFailed):
            return None
        return None if mac is None or mac in gate.knowledge.people or mac in gate.knowledge.guests else mac

    def _let_in(self, party: dict[Mac, tuple[bytes, int]]) -> Iterator[bytes | Later]:
        """If the kernel refuses them together each is tried alone, so that one of them harms nobody else."""
        decisions = self._decided(party)
        try:
            alone = not self._enacted(decisions)
        except CommandFailed as error:
            log.warning("who taps together is tried one by one: %s", error)
            alone = True
        for decision, (line, uid) in zip(decisions, party.values(), strict=True):
            yield self._gate.answer(line, uid) if alone else protocol.answer_line(decision.answer)

    def _decided(self, party: Iterable[Mac]) -> list[Decision]:
        """One after the other, each knowing of those before."""
        gate, decisions = self._gate, list[Decision]()
        knowledge, now = gate.knowledge, gate.edges.clock()
        for mac in party:
            decisions.append(gate.quota.admit(knowledge, mac, gate.session(), now))
            knowledge = decisions[-1].knowledge
        return decisions

    def _enacted(self, decisions: Sequence[Decision]) -> bool:
        """Whether they could be carried out at once: admissions alone are all done or none. Raises CommandFailed."""
        commands = tuple(command for decision in decisions for command in decision.commands)
        if not all(isinstance(command, Admit) for command in commands):
            return False
        if decisions:
            turned = tuple(mac for decision in decisions for mac in decision.turned)
            # By one who is admitted, if anyone is, the gate remembers that somebody was.
            answer = next((decision.answer for decision in decisions if decision.commands), {})
            self._gate.enact(Decision(decisions[-1].knowledge, answer, commands, turned))
        return True
