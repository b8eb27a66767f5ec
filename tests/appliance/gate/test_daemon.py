"""The gate's loop: whoever taps together shares one look through the kernel's connections."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from appliance.errors import CommandFailed
from appliance.gate import daemon
from appliance.gate.reachability import PATIENCE, begin


class _Time:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Over(Exception):
    pass


class _Gate:
    untidy_since: float | None = None
    tidied = ticked = 0
    busy = True
    reachability = begin(1000.0)

    def tidy(self) -> None:
        self.untidy_since, self.tidied = None, self.tidied + 1

    def tick(self) -> None:
        self.ticked += 1


class _Server:
    """Answers ``taps``, one every ``apart`` seconds, then nothing more until three and a half seconds are over."""

    def __init__(self, gate: _Gate, clock: _Time, taps: int, apart: float = 0.001) -> None:
        self.next, self.apart = clock.now + apart, apart
        self.gate, self.clock, self.taps = gate, clock, taps
        self.waits = list[float]()
        self.tidied_before_the_last = 0

    def serve(self, timeout: float) -> bool:
        self.waits.append(timeout)
        if self.clock.now > 1003.5:
            raise _Over
        if self.taps and self.next <= self.clock.now + timeout:
            self.taps -= 1
            self.tidied_before_the_last = self.gate.tidied
            self.clock.now = self.next
            self.next += self.apart
            self.gate.untidy_since = self.clock.now if self.gate.untidy_since is None else self.gate.untidy_since
            return True
        self.clock.now += timeout
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Time:
    clock = _Time()
    monkeypatch.setattr(daemon, "time", clock)
    return clock


def _run(taps: int, clock: _Time, apart: float = 0.001) -> tuple[_Gate, _Server]:
    gate: Any = _Gate()
    server: Any = _Server(gate, clock, taps, apart)
    with pytest.raises(_Over):
        daemon.serve(gate, server)
    return gate, server


def test_fifty_taps_at_once_cost_one_look_and_none_of_them_waits_for_it(clock: _Time) -> None:
    gate, server = _run(50, clock)
    assert (gate.tidied, server.tidied_before_the_last) == (1, 0)


def test_taps_without_a_pause_are_tidied_up_after_ten_times_a_second(clock: _Time) -> None:
    assert _run(1000, clock)[0].tidied == 10


def test_taps_with_calm_between_them_are_not_each_tidied_up_after_alone(clock: _Time) -> None:
    assert _run(50, clock, apart=0.02)[0].tidied in (10, 11)


def test_a_single_tap_is_tidied_up_after_at_once(clock: _Time) -> None:
    gate, server = _run(1, clock)
    assert gate.tidied == 1
    assert server.waits[1] == pytest.approx(daemon.CALM)
    assert len(server.waits) == 7, "the tap, the calm after it, four ticks and the end"


def test_a_gate_that_nobody_waits_for_ticks_less_often(clock: _Time) -> None:
    gate: Any = _Gate()
    gate.busy = False
    server: Any = _Server(gate, clock, 0)
    with pytest.raises(_Over):
        daemon.serve(gate, server)
    assert gate.ticked == 3, "after 1, 3.5 and 6 s"


def test_time_is_kept_whoever_taps(clock: _Time) -> None:
    assert _run(50, clock)[0].ticked == 4


def test_the_uplink_is_judged_on_the_second_in_which_patience_ends_not_with_the_tick_after_it(clock: _Time) -> None:
    gate: Any = _Gate()
    gate.reachability = begin(1002.3 - PATIENCE)
    server: Any = _Server(gate, clock, 0)
    with pytest.raises(_Over):
        daemon.serve(gate, server)
    assert server.waits[:3] == pytest.approx([1.0, 1.0, 0.3])


class _Failing(_Gate):
    """Each round and each tidying up fails."""

    def tidy(self) -> None:
        super().tidy()
        raise KeyError("02:00:00:00:00:01")

    def tick(self) -> None:
        super().tick()
        raise CommandFailed("no answer", where="netlink")


def _main(gate: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outermost loop, until the server has had enough."""

    class _Server:
        def serve(self, timeout: float) -> bool:
            try:
                return bool(server.serve(timeout))
            except _Over:
                raise SystemExit(0) from None

        def close(self) -> None:
            server.closed = True

    monkeypatch.setattr(daemon, "begin", lambda layout: (gate, _Server()))
    monkeypatch.setattr(daemon, "start_logging", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit):
        daemon.main()


def test_r7_rounds_and_tidying_that_fail_end_neither_the_gate_nor_the_answers(
    clock: _Time, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate: Any = _Failing()
    server: Any = _Server(gate, clock, 30, apart=0.1)
    _main(gate, server, monkeypatch)
    assert server.taps == 0 and server.closed, "everyone was answered"
    assert gate.ticked == 4 and gate.tidied > 3
    assert "a round failed: netlink: no answer" in caplog.text and "tidying up after a tap failed: KeyError at" in caplog.text
    assert "02:00" not in caplog.text


def test_r7_whoever_makes_answers_fail_does_not_stop_them(clock: _Time, monkeypatch: pytest.MonkeyPatch) -> None:
    gate: Any = _Gate()
    server: Any = _Server(gate, clock, 0)
    serve, failures = server.serve, [ValueError(n) for n in range(40)]

    def fail(timeout: float) -> bool:
        if failures:
            raise failures.pop()
        return bool(serve(timeout))

    server.serve = fail
    _main(gate, server, monkeypatch)
    assert failures == [] and gate.ticked > 0


def test_r7_the_pause_after_a_failure_is_short_for_people_wait(clock: _Time, monkeypatch: pytest.MonkeyPatch) -> None:
    gate: Any = _Gate()
    server: Any = _Server(gate, clock, 0)
    pauses = list[float]()
    server.serve = lambda timeout: (_ for _ in ()).throw(_Over if len(pauses) > 20 else OSError(24, "Too many open files"))
    monkeypatch.setattr(clock, "sleep", pauses.append, raising=False)
    _main(gate, server, monkeypatch)
    assert 0 < pauses[0] < 0.05 and pauses == sorted(pauses) and pauses[-1] == daemon.LONGEST_PAUSE


def test_r7_an_end_that_is_asked_for_while_a_round_fails_is_not_lost(clock: _Time, monkeypatch: pytest.MonkeyPatch) -> None:
    gate: Any = _Failing()
    server: Any = _Server(gate, clock, 0)
    handlers = list[Any]()

    def serve(timeout: float) -> bool:
        if gate.ticked:
            clock.now += 5  # a round is due, and fails
            handlers[0](15, None)
        clock.now += timeout
        return False

    server.serve = serve
    monkeypatch.setattr(daemon, "begin", lambda layout: (gate, server))
    server.close = lambda: setattr(server, "closed", True)
    monkeypatch.setattr(daemon, "start_logging", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda _, handler: handlers.append(handler))
    daemon.main()
    assert server.closed and gate.ticked == 2
