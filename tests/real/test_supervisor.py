"""W The supervisor with real processes: users, capabilities, order, restart, orderly stop."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import facts
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.services import ADMIN, Kind, Service
from appliance.supervisor import LOG_LIMIT, Supervisor
from provisioning.lab.pace import patient
from tests.real.open_folder import open_folder

pytestmark = [pytest.mark.net, pytest.mark.loopback]
PATIENCE = patient(60.0)
SOON = (0.7, 3.0, 20.0)
"""Seconds a service is given in turn to say something before it is given up: on a busy machine it may take longer to begin."""


@pytest.fixture
def layout() -> Iterator[Layout]:
    """A place that service users can reach (pytest's own is 0700)."""
    with open_folder("supervisor") as root:
        yield Layout.under(root, Path.cwd())


def _shell(
    name: str, script: str, *, user: str = "campbox-portal", kind: Kind = "daemon", ready: bool = False, every: int = 0
) -> Service:
    path = f"{{run}}/{name}/ready" if ready else None
    return Service(name, "box", "a test", ("busybox", "sh", "-c", script), user, kind=kind, ready=path, every=every, owns=(name,))


@pytest.fixture
def supervise(layout: Layout) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*rows: Service) -> Supervisor:
        made.append(Supervisor(rows, layout, python=sys.executable))
        made[-1].prepare()
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.stop(grace=1)


def _until(supervisor: Supervisor, true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came about"
        supervisor.tick()
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_service_is_its_user_with_its_capability_and_no_more(supervise: Callable[..., Supervisor]) -> None:
    row = Service(
        "one", "box", "a test", ("busybox", "sleep", "99"), "campbox-gate", capabilities=(ADMIN,), groups=("campbox-portal",)
    )
    supervisor = supervise(row)
    supervisor.start()
    status = f"/proc/{supervisor.pids()['one']}/status"
    _until(supervisor, lambda: "Uid:\t70101\t70101\t70101\t70101" in Path(status).read_text())
    fields = dict(line.split(":\t", 1) for line in Path(status).read_text().splitlines() if ":\t" in line)
    _until(supervisor, lambda: "busybox" in Path(status.replace("status", "cmdline")).read_text().split("\0")[0])
    fields = dict(line.split(":\t", 1) for line in Path(status).read_text().splitlines() if ":\t" in line)
    assert fields["Gid"].split() == ["70101"] * 4
    assert fields["Groups"].split() == ["70102"]
    assert {int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {1 << 12}
    assert fields["NoNewPrivs"] == "1"


@pytest.mark.parametrize("nice", [-10, 0, 10])
def test_a_service_goes_before_or_after_others_as_its_row_says(supervise: Callable[..., Supervisor], nice: int) -> None:
    supervisor = supervise(replace(_shell("rank", "exec sleep 60"), nice=nice))
    supervisor.start(timeout=PATIENCE)
    pid, own = supervisor.pids()["rank"], os.getpriority(os.PRIO_PROCESS, 0)
    _until(supervisor, lambda: os.getpriority(os.PRIO_PROCESS, pid) == own + nice)


def test_a_service_owns_its_folders_and_no_others(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    script = 'echo x > "$HOME/mine"; echo x > "$CAMPBOX_RUN/one/mine"; echo x > "$CAMPBOX_DATA/theirs" || echo refused; sleep 99'
    supervisor = supervise(_shell("one", script))
    supervisor.start()
    _until(supervisor, lambda: "refused" in (layout.log / "one.log").read_text())
    assert (layout.data / "one" / "mine").stat().st_uid == 70102
    assert (layout.run / "one" / "mine").exists()
    assert not (layout.data / "theirs").exists()
    assert (layout.data / "one").stat().st_mode & 0o007 == 0


def test_what_ends_is_started_again_and_later_each_time(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    supervisor = supervise(_shell("one", 'date +%s.%N >> "$HOME/starts"; exit 1'))
    supervisor.start()
    starts = layout.data / "one" / "starts"
    _until(supervisor, lambda: starts.exists() and starts.read_text().count("\n") >= 3)
    assert supervisor.children["one"].wait >= 0.4


def test_a_timer_runs_at_once_when_its_file_is_replaced(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    row = replace(_shell("one", 'echo ran >> "$HOME/runs"', kind="timer", every=3600), wakes="{run}/facts/look.json")
    supervisor, runs = supervise(row), layout.data / "one" / "runs"
    supervisor.start()
    for times in (1, 2, 3):
        _until(supervisor, lambda times=times: runs.exists() and runs.read_text().count("ran") == times)  # type: ignore[misc]
        _until(supervisor, lambda: not supervisor.pids())
        facts.publish(layout, "look", {"published": times})


def test_what_is_killed_comes_back_under_another_id(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(_shell("one", "exec sleep 99"))
    supervisor.start()
    first = supervisor.pids()["one"]
    os.kill(first, 9)
    _until(supervisor, lambda: supervisor.pids().get("one") not in (None, first))


def test_nothing_is_started_before_what_stands_above_it_is_ready(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    record = layout.data / "one" / "record"
    rows = (
        _shell("one", f'sleep 0.5; echo first >> {record}; touch "$CAMPBOX_RUN/one/ready"; exec sleep 99', ready=True),
        _shell("two", f"echo once >> {record}", kind="oneshot"),
        _shell("three", f'echo last >> {record}; touch "$CAMPBOX_RUN/three/ready"; exec sleep 99', ready=True),
    )
    supervisor = supervise(*rows)
    supervisor.start(timeout=PATIENCE)
    assert record.read_text().split() == ["first", "once", "last"], "each once, in order"


def test_what_never_becomes_ready_is_named_with_its_last_words(supervise: Callable[..., Supervisor]) -> None:
    said = "it said nothing"
    for patience in SOON:
        supervisor = supervise(_shell("one", "echo the reason; exec sleep 99", ready=True))
        with pytest.raises(NotSo, match=r"one\.log: one is not ready: .*; read its log") as told:
            supervisor.start(timeout=patience)
        if said not in str(told.value):
            break
        supervisor.stop(grace=0)
    assert "one is not ready: the reason; read its log" in str(told.value)


WORKS = f"""
while [ $(($(date +%s) - $(stat -c %Y /proc/$$))) -lt {patient(5):.0f} ]; do
    n=0; while [ $n -lt 9999 ]; do n=$((n + 1)); done; sleep 0.2
done"""
"""Work for more than twice the patience below, at intervals: who waits for it needs the processor, too."""


@pytest.mark.parametrize("kind", ["daemon", "oneshot"])
def test_point_0_a_slow_start_is_waited_for_beyond_the_patience_with_one_that_does_nothing(
    supervise: Callable[..., Supervisor], kind: str
) -> None:
    ready = kind == "daemon"
    rest = 'touch "$CAMPBOX_RUN/one/ready"; exec sleep 99' if ready else "true"
    supervisor = supervise(_shell("one", f"{WORKS}; {rest}", ready=ready, kind=kind))
    supervisor.start(timeout=patient(2))
    assert supervisor.children["one"].starts == 1


def test_point_0_one_that_ends_again_and_again_is_given_up_however_much_it_does(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(_shell("one", "echo the reason; n=0; while [ $n -lt 99999 ]; do n=$((n + 1)); done; exit 3", ready=True))
    with pytest.raises(NotSo, match="one is not ready"):
        supervisor.start(timeout=patient(4))
    assert supervisor.children["one"].starts >= 2


def test_a_oneshot_that_fails_is_named(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(_shell("one", "echo broken; exit 3", kind="oneshot"))
    with pytest.raises(NotSo, match="one ended with 3: broken"):
        supervisor.start()
    assert supervisor.pids() == {}


def test_a_oneshot_that_hangs_is_ended(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    written = layout.data / "one" / "pid"
    for patience in SOON:
        supervisor = supervise(_shell("one", 'echo $$ > "$HOME/pid"; exec sleep 99', kind="oneshot"))
        with pytest.raises(NotSo, match="one ended with nothing"):
            supervisor.start(timeout=patience)
        if written.exists() and written.read_text().endswith("\n"):
            break
    pid = int(written.read_text())
    _until(supervisor, lambda: _gone(pid))


def test_a_timer_runs_at_once_then_when_due_then_when_asked(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    supervisor = supervise(_shell("one", 'echo x >> "$HOME/runs"', kind="timer", every=3600))
    supervisor.start()
    runs = layout.data / "one" / "runs"
    _until(supervisor, lambda: runs.exists() and not supervisor.pids())
    for _ in range(20):
        supervisor.tick()
    assert runs.read_text() == "x\n"
    supervisor.run_now("one")
    _until(supervisor, lambda: runs.read_text() == "x\nx\n")


def test_stop_ends_everything_also_what_will_not_and_its_children(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    stubborn = 'trap "" TERM; sleep 98 & echo $! > "$HOME/child"; touch "$CAMPBOX_RUN/two/ready"; while :; do sleep 1; done'
    supervisor = supervise(_shell("one", "exec sleep 99"), _shell("two", stubborn, ready=True))
    supervisor.start()
    pids = [*supervisor.pids().values(), int((layout.data / "two" / "child").read_text())]
    supervisor.stop(grace=0.5)
    assert supervisor.pids() == {}
    _until(supervisor, lambda: all(map(_gone, pids)))
    assert supervisor.pids() == {}, "what was stopped stays so"


def test_stop_lets_a_service_end_in_order(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    orderly = 'trap "echo farewell; exit 0" TERM; touch "$CAMPBOX_RUN/one/ready"; while :; do sleep 0.1; done'
    supervisor = supervise(_shell("one", orderly, ready=True))
    supervisor.start()
    supervisor.stop(grace=PATIENCE)
    assert "farewell" in (layout.log / "one.log").read_text()


def test_a_log_that_grew_too_long_is_begun_anew_and_one_kept(supervise: Callable[..., Supervisor], layout: Layout) -> None:
    supervisor = supervise(_shell("one", "echo fresh; exec sleep 99"))
    (layout.log / "one.log").write_bytes(b"x" * (LOG_LIMIT + 1))
    supervisor.start()
    _until(supervisor, lambda: (layout.log / "one.log").read_text() == "fresh\n")
    assert (layout.log / "one.log.1").stat().st_size == LOG_LIMIT + 1
    assert (layout.log / "one.log").stat().st_mode & 0o007 == 0


def test_r11_a_service_that_never_stops_talking_keeps_to_its_bound_while_it_runs(
    supervise: Callable[..., Supervisor], layout: Layout
) -> None:
    words = "w" * 999
    supervisor = supervise(_shell("one", f"n=0; while :; do echo $n {words}; n=$((n+1)); [ $((n % 50)) = 0 ] && sleep 0.02; done"))
    supervisor.start()
    first, log, older = supervisor.pids()["one"], layout.log / "one.log", layout.log / "one.log.1"
    _until(supervisor, lambda: older.exists() and older.stat().st_size > 0)
    seen = int(older.read_bytes().splitlines()[-2].split()[0])
    _until(supervisor, lambda: int((older.read_bytes().splitlines() or [b"0", b"0"])[-2].split()[0]) > seen + 500)
    assert log.stat().st_size < 2 * LOG_LIMIT and older.stat().st_size <= 2 * LOG_LIMIT
    assert supervisor.pids()["one"] == first, "nobody was started again for it"
