"""P The command line: every ending is one line and the exit code of the contract."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

import click
import pytest

from appliance import cli
from appliance.errors import BadInput, MissingComponent, NotSo


def _run(monkeypatch: pytest.MonkeyPatch, callback: Callable[[], object], *arguments: str) -> int:
    command = click.Command("try", callback=callback)
    monkeypatch.setattr(cli, "entry_points", lambda **_: [_Entry(command)])
    monkeypatch.setattr("sys.argv", ["campbox", *(arguments or ("try",))])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


class _Entry:
    name = "try"

    def __init__(self, command: click.Command) -> None:
        self.command = command

    def load(self) -> click.Command:
        return self.command


def _raise(error: BaseException) -> Callable[[], object]:
    def callback() -> object:
        raise error

    return callback


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NotSo("it is not so", where="there", mend="do this"), 1, "campbox: there: it is not so; do this\n"),
        (BadInput("wrong", where="f:1", mend="mend"), 2, "campbox: f:1: wrong; mend\n"),
        (MissingComponent("nothing here", mend="install it"), 3, "campbox: nothing here; install it\n"),
        (click.UsageError("no"), 2, "campbox: no; --help shows an example\n"),
        (
            KeyError("x\ny"),
            1,
            "campbox: a fault in Campbox itself: KeyError: 'x\\ny'; CAMPBOX_TRACEBACK=1 shows where, please report it\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_error_is_one_line_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert _run(monkeypatch, _raise(error)) == code
    captured = capsys.readouterr()
    assert captured.err.strip("\n") == said.strip("\n")
    assert captured.out == ""


def test_done_is_0_and_an_exit_code_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, lambda: None) == 0
    assert _run(monkeypatch, lambda: click.get_current_context().exit(1)) == 1


def test_an_unknown_command_is_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(monkeypatch, lambda: None, "--nonsense") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_fault_shows_where_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPBOX_TRACEBACK", "1")
    with pytest.raises(KeyError):
        _run(monkeypatch, _raise(KeyError("x")))


def _broken(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    class Broken(_Entry):
        def load(self) -> click.Command:
            raise ModuleNotFoundError(name=missing)

    monkeypatch.setattr(cli, "entry_points", lambda **_: [Broken(click.Command("x"))])


def test_help_names_a_command_whose_library_is_not_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _broken(monkeypatch, "flask")
    monkeypatch.setattr("sys.argv", ["campbox", "--help"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "its libraries are installed when it first runs" in capsys.readouterr().out


def test_a_missing_library_is_3_and_a_missing_module_of_ours_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for missing, code in (("flask.views", 3), ("telemetry.nothing", 1)):
        _broken(monkeypatch, missing)
        monkeypatch.setattr("sys.argv", ["campbox", "try"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == code
    assert "./campbox try" in capsys.readouterr().err


def test_the_entry_points_are_read_as_installed() -> None:
    found = list(entry_points(group="campbox.commands"))
    assert {"config", "test", "demo"} <= {entry.name for entry in found}
    assert all(isinstance(entry, EntryPoint) for entry in found)
