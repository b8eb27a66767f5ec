"""What a service is started with; that it starts, ends and comes back is tried for real in tests/real/test_supervisor.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import supervisor
from appliance.layout import Layout
from appliance.services import SERVICES, Service
from appliance.supervisor import Supervisor

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
