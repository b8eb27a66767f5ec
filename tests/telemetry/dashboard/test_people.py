"""Several people at one hub: each is who they say, and who is removed is out at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask, g

from appliance.errors import BadInput, NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from telemetry.dashboard import admin, people
from telemetry.dashboard.commands import hub
from tests.overtaking import overtaken
from tests.telemetry.dashboard.conftest import PASSWORD


@pytest.fixture
def amal(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> str:
    """Her password."""
    monkeypatch.delenv(admin.PASSWORD_VARIABLE)
    return people.add(layout, "amal")


def _who(app: Flask, user: str, password: str) -> str | None:
    client = app.test_client()
    with client:
        client.post("/login", data={"user": user, "password": password})
        return str(g.user) if client.get("/").status_code == 200 else None


def test_each_person_logs_in_as_themselves(app: Flask, amal: str) -> None:
    assert _who(app, "amal", amal) == "amal" and _who(app, "admin", PASSWORD) == "admin"
    assert _who(app, "admin", amal) is None and _who(app, "amal", PASSWORD) is None and _who(app, "nobody", amal) is None


def test_basic_names_the_person_too(app: Flask, amal: str) -> None:
    client = app.test_client()
    with client:
        assert client.get("/", auth=("amal", amal)).status_code == 200 and g.user == "amal"
        assert client.get("/", auth=("amal", PASSWORD)).status_code == 401


def test_a_session_cannot_become_another_persons(app: Flask, amal: str) -> None:
    client = app.test_client()
    client.post("/login", data={"user": "amal", "password": amal})
    with client.session_transaction() as held:
        held["user"] = "admin"
    assert client.get("/").status_code == 401


def test_who_is_removed_or_has_a_new_password_is_out_at_once(app: Flask, layout: Layout, amal: str) -> None:
    client = app.test_client()
    client.post("/login", data={"user": "amal", "password": amal})
    assert client.get("/").status_code == 200
    newer = people.add(layout, "amal")
    assert newer != amal and client.get("/").status_code == 401
    people.remove(layout, "amal")
    assert _who(app, "amal", newer) is None and people.names(layout) == ["admin"]


def test_only_the_hash_is_kept_and_nobody_else_reads_it(layout: Layout, amal: str) -> None:
    path = layout.data / "hub" / "people.json"
    assert amal not in path.read_text() and path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["admin", "A", "x", "a b", "../x", "a" * 40, ""])
def test_a_name_must_be_one(layout: Layout, name: str) -> None:
    with pytest.raises(BadInput):
        people.add(layout, name)


def test_nobody_unknown_is_removed(layout: Layout) -> None:
    with pytest.raises(NotSo):
        people.remove(layout, "amal")


def test_the_commands_say_what_they_do(tmp_path: Path, layout: Layout) -> None:
    def said(*words: str) -> str:
        return CliRunner().invoke(hub, ["user", *words, "--root", str(tmp_path)]).output

    assert "amal" in said("add", "amal") and said("list") == "admin\namal\n" and "gone" in said("remove", "amal")


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demo_has_a_second_person_from_the_start(layout: Layout, demo: bool) -> None:
    for _ in range(2):
        people.prepare(layout, HubConfig("hub.test", demo=demo))
    assert people.names(layout) == (["admin", "second"] if demo else ["admin"])
    second = people.find(layout, "second")
    assert not demo or (second is not None and second.accepts("second", PASSWORD))


def test_they_are_listed_for_programs_too(layout: Layout, amal: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(hub, ["user", "list", "--root", str(tmp_path), "--json"])
    assert json.loads(told.output) == {"users": ["admin", "amal"]}


def test_r8_a_command_that_is_slow_brings_nobody_back_whom_another_has_removed(
    layout: Layout, amal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with overtaken(monkeypatch, people, "_kept", lambda: people.add(layout, "noor")):
        people.remove(layout, "amal")
    assert people.names(layout) == ["admin", "noor"]


@pytest.mark.parametrize(("length", "taken"), [(11, False), (12, True), (200, True), (201, False)])
def test_h5_a_password_that_is_taken_opens_the_door(
    app: Flask, layout: Layout, length: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login page reads the first two hundred characters: one that is longer would be good for nothing."""
    monkeypatch.setenv(admin.PASSWORD_VARIABLE, "p" * length)
    if taken:
        assert _who(app, "noor", people.add(layout, "noor")) == "noor"
    else:
        with pytest.raises(BadInput, match="12 to 200"):
            people.add(layout, "noor")
