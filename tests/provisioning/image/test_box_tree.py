"""A box carries none of the hub: every module that is left is imported with the box's tree alone in sight."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from provisioning.image import environment
from provisioning.image.libraries import LEFT_OUT_MODULES, carried

_IMPORT = """
import importlib, sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
failed = []
for name in sys.argv[3:]:
    try:
        module = importlib.import_module(name)
        assert module.__file__.startswith(sys.argv[1]), module.__file__
    except SystemExit:
        pass
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
print("\\n".join(failed))
"""


def test_the_source_tree_of_a_box_holds_nothing_of_the_hubs_or_the_offices() -> None:
    names = environment.sources()
    assert {"appliance/run.py", "telemetry/agent.py", "captive_portal/templates/welcome.html", "provisioning/agent.py"} <= set(
        names
    )
    folders = tuple(f"{name.replace('.', '/')}" for name in LEFT_OUT_MODULES)
    assert [name for name in names if name.startswith(tuple(f"{f}/" for f in folders)) or name.removesuffix(".py") in folders] == []


def test_everything_a_box_is_made_from_counts(tmp_path: Path) -> None:
    pinned = environment.locked()
    project = environment.stage(tmp_path / "p", environment.PROJECT)
    one = environment.source_digest(pinned, project)
    assert environment.source_digest(pinned, project) == one
    with (project / "appliance/run.py").open("a") as file:
        file.write("# changed\n")
    two = environment.source_digest(pinned, project)
    assert len({one, two, environment.source_digest(pinned[1:], project)}) == 3


@pytest.mark.lint
def test_every_module_of_a_box_can_be_imported_without_the_hubs(tmp_path: Path) -> None:
    environment.stage(tmp_path / "box", environment.PROJECT)
    modules = [name.removesuffix(".py").replace("/", ".") for name in environment.sources() if name.endswith(".py")]
    modules = [name.removesuffix(".__init__") for name in modules]
    assert len(modules) > 80 and all(carried(name) for name in modules)
    libraries = sysconfig.get_path("purelib")
    # -S: without .pth files, which would put the clone itself on the path.
    argv = [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, str(tmp_path / "box"), libraries, *modules]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split("\n") == ["", ""], told.stdout
