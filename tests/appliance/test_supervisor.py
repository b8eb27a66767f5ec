"""What a service is started with; that it starts, ends and comes back is tried for real in tests/real/test_supervisor.py."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import supervisor
from appliance.errors import MissingComponent, NotSo
from appliance.layout import Layout
from appliance.services import SERVICES, Service
from appliance.supervisor import LOG_LIMIT, Supervisor

PLANTED = {"CAMPBOX_HUB_PASSWORD": "planted", "SSH_AUTH_SOCK": "planted", "LD_PRELOAD": "planted", "HTTP_PROXY": "planted"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_callers_environment_is_not_handed_on(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**PLANTED, "PATH": "/planted", "CAMPBOX_TELEMETRY_INTERVAL": "5"}.items():
        monkeypatch.setenv(name, value)
    started = dict[str, Any]()
    monkeypatch.setattr(supervisor, "spawn", lambda argv, **more: started.update(more))
    monkeypatch.setattr(Supervisor, "command", lambda self, service: ["true"])
    layout = Layout.under(tmp_path, tmp_path)
    layout.log.mkdir(parents=True)
    made = Supervisor([service], layout, python="python")
    made._launch(made.children[service.name])
    environment = started["env"]
    ours = {"CAMPBOX_SERVICE", "HOME", "TMPDIR", "PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "LANG"}
    assert environment.keys() == ours | layout.environment().keys() | {"CAMPBOX_TELEMETRY_INTERVAL"}
    assert not [name for name, value in environment.items() if "planted" in value]


def test_a_shown_start_counts_on_a_terminal_and_leaves_its_line_empty_and_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Supervisor([SERVICES[0]], Layout.under(tmp_path, tmp_path), python="python")
    monkeypatch.setattr(made, "start", lambda: made.on_change())
    made.start_shown()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    made.start_shown()
    made.on_change()
    assert capsys.readouterr() == ("", "\r\033[Kstarting 0 of 1\r\033[K")


class _Process:
    """Runs for ever; ``returncode`` is set by what ends it."""

    pid = 4_194_305  # none has this id: nothing is signalled
    returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        return 0


class _Forks:
    """The door to processes: refuses the first so many starts of each program, then gives one that runs."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left = error, times
        self.asked = 0
        self.made = list[_Process]()

    def __call__(self, argv: Any, **options: Any) -> _Process:
        self.asked += 1
        if self.left > 0:
            self.left -= 1
            raise self.error
        self.made.append(_Process())
        return self.made[-1]


class _Time:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


REFUSALS = [OSError(11, "Resource temporarily unavailable"), OSError(12, "Cannot allocate memory"), OSError(28, "No space left")]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Supervisor, _Time]]:
    clock = _Time()
    monkeypatch.setattr(supervisor, "time", clock)
    monkeypatch.setattr(Supervisor, "command", lambda self, service: ["true"])
    layout = Layout.under(tmp_path, tmp_path)
    for row in ROWS:
        layout.service_run(row.name).mkdir(parents=True)
    layout.log.mkdir(parents=True)
    yield Supervisor(ROWS, layout, python="python"), clock


ROWS = [Service(name, "box", "a test", ("true",), "campbox-portal") for name in ("one", "two")]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: str(error.errno))
def test_r7_a_fork_that_fails_is_one_start_that_failed_and_no_end_of_the_box(
    kept: tuple[Supervisor, _Time], monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    made, clock = kept
    forks = _Forks(error, 0)
    monkeypatch.setattr(supervisor, "spawn", forks)
    made.start()
    two = made.children["two"].process
    forks.made[0].returncode, forks.left, forks.asked = 1, 3, 0
    for _ in range(600):
        made.tick()
        clock.sleep(0.1)
    assert made.children["one"].process is not None, "the fourth try"
    assert made.children["two"].process is two, "the other service is as it was"
    assert forks.asked == 4 and made.children["one"].refused == ""


def test_r7_what_is_refused_is_tried_less_and_less_often_and_said_once(
    kept: tuple[Supervisor, _Time], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made, clock = kept
    forks = _Forks(REFUSALS[0], 0)
    monkeypatch.setattr(supervisor, "spawn", forks)
    made.start()
    forks.made[0].returncode, forks.left, forks.asked = 1, 10**6, 0
    for _ in range(6_000):
        made.tick()
        clock.sleep(0.1)
    assert 20 <= forks.asked <= 30, "ten minutes, half a minute apart at most"
    assert [r.message for r in caplog.records if "cannot be started" in r.message] == [
        "one cannot be started: Resource temporarily unavailable; it is tried again"
    ]


def test_r7_the_first_start_waits_for_a_kernel_that_is_short_of_processes(
    kept: tuple[Supervisor, _Time], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, clock = kept
    forks = _Forks(REFUSALS[0], 2)
    monkeypatch.setattr(supervisor, "spawn", forks)
    made.start()
    for _ in range(50):
        made.tick()
        clock.sleep(0.1)
    assert set(made.pids()) == {"one", "two"}


def test_r7_a_oneshot_that_is_never_started_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "time", _Time())
    monkeypatch.setattr(supervisor, "spawn", _Forks(REFUSALS[1], 10**6))
    monkeypatch.setattr(Supervisor, "command", lambda self, service: ["true"])
    layout = Layout.under(tmp_path, tmp_path)
    layout.log.mkdir(parents=True)
    made = Supervisor([replace(ROWS[0], kind="oneshot")], layout, python="python")
    with pytest.raises(NotSo, match="one cannot be started: Cannot allocate memory"):
        made.start(timeout=5)


def test_r7_a_program_that_is_gone_ends_nothing_that_runs(kept: tuple[Supervisor, _Time], monkeypatch: pytest.MonkeyPatch) -> None:
    made, clock = kept
    forks = _Forks(MissingComponent("the program true is not here"), 0)
    monkeypatch.setattr(supervisor, "spawn", forks)
    made.start()
    forks.made[0].returncode, forks.left = 1, 2
    for _ in range(100):
        made.tick()
        clock.sleep(0.1)
    assert set(made.pids()) == {"one", "two"}


def test_r11_a_running_services_log_is_kept_short_by_the_tick(
    kept: tuple[Supervisor, _Time], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = kept
    monkeypatch.setattr(supervisor, "spawn", _Forks(REFUSALS[0], 0))
    made.start()
    path = made.layout.log / "two.log"
    path.write_bytes(b"x" * (LOG_LIMIT + 1))
    made.tick()
    assert path.stat().st_size == 0
