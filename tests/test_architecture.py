"""W The house plan's section 4 holds in every package; and each rule is shown to bite on a made-up bad source."""

from __future__ import annotations

import configparser
import re
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from appliance.services import SERVICES, Service
from tests import architecture
from tests.architecture import PACKAGES, Module, Rule

PROJECT = Path(__file__).resolve().parent.parent


def _source(path: Path) -> Module:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path.read_text("utf-8"))


MODULES = {module.name: module for package in PACKAGES for module in map(_source, sorted((PROJECT / package).rglob("*.py")))}


@pytest.mark.parametrize("rule", architecture.RULES, ids=lambda rule: rule.__name__)
def test_the_packages_keep_the_rule(rule: Rule) -> None:
    assert list(rule(MODULES)) == []


P, E, W = '"""P Bad."""\n', '"""E Bad."""\n', '"""W Bad."""\n'
BAD: list[tuple[Rule, dict[str, str]]] = [
    (architecture.kinds, {"telemetry.a": '"""Something."""\n'}),
    (architecture.kinds, {"telemetry.a": "x = 1\n"}),
    (architecture.directions, {"telemetry.a": P + "from telemetry.b import x\n", "telemetry.b": E}),
    (architecture.directions, {"telemetry.a": P + "from telemetry import b\n", "telemetry.b": W}),
    (architecture.directions, {"telemetry.a": E + "def f():\n    from . import b\n", "telemetry.b": W}),
    (architecture.packages, {"telemetry.a": W + "from captive_portal.probes import PROBES\n"}),
    (architecture.packages, {"appliance.a": W + "import provisioning\n"}),
    (architecture.hub_apart, {"telemetry.a": W + "from telemetry.dashboard import ingest\n"}),
    (architecture.hub_apart, {"provisioning.agent": W + "import provisioning.authority.store\n"}),
    (architecture.rooms, {"telemetry.agent": W + "import paho.mqtt.client\n"}),
    (architecture.rooms, {"appliance.gate.daemon": W + "from psutil import Process\n"}),
    (architecture.rooms, {"provisioning.lab.a": E + "from scapy.all import Ether\n"}),
    (architecture.rooms, {"telemetry.agent": W + "import flask\n"}),
    (architecture.pure, {"telemetry.a": P + "import socket\n"}),
    (architecture.pure, {"telemetry.a": P + "from urllib.request import urlopen\n"}),
    (architecture.pure, {"telemetry.a": P + "import time\ndef f():\n    return time.time()\n"}),
    (architecture.pure, {"telemetry.a": P + "from datetime import datetime\nX = datetime.now()\n"}),
    (architecture.pure, {"telemetry.a": P + "import os\nX = os.listdir('.')\n"}),
    (architecture.pure, {"telemetry.a": P + "import os\nX = os.path.exists('.')\n"}),
    (architecture.pure, {"telemetry.a": P + "def f(path):\n    return path.read_text()\n"}),
    (architecture.pure, {"telemetry.a": P + "def f(path):\n    return path.exists()\n"}),
    (architecture.pure, {"telemetry.a": P + "def f(path):\n    return path.stat().st_size\n"}),
    (architecture.pure, {"telemetry.a": P + "def f(path):\n    return path.open()\n"}),
    (architecture.pure, {"telemetry.a": P + "from time import time\nX = time()\n"}),
    (architecture.pure, {"telemetry.a": P + "import time as t\nX = t.monotonic()\n"}),
    (architecture.pure, {"telemetry.a": P + "from datetime import datetime as when\nX = when.now()\n"}),
    (architecture.pure, {"telemetry.a": P + "import os\nX = os.environ['HOME']\n"}),
    (architecture.pure, {"telemetry.a": P + "from os import environ as e\nX = e['HOME']\n"}),
    (architecture.pure, {"telemetry.a": P + "X = open('/etc/passwd')\n"}),
    (architecture.pure, {"telemetry.a": P + "def f():\n    global X\n    X = 1\n"}),
    (architecture.one_door, {"telemetry.a": E + "import subprocess\nsubprocess.run(['true'])\n"}),
    (architecture.one_door, {"telemetry.a": E + "from subprocess import check_output\n"}),
    (architecture.one_door, {"telemetry.a": E + "import os\nos.execvp('true', ['true'])\n"}),
    (architecture.one_door, {"appliance.run": E + "import subprocess\nsubprocess.run('true', shell=True)\n"}),
    (architecture.catch_all, {"telemetry.a": E + "try:\n    pass\nexcept Exception:\n    pass\n"}),
    (architecture.catch_all, {"telemetry.a": P + "try:\n    pass\nexcept (ValueError, BaseException):\n    pass\n"}),
    (architecture.catch_all, {"telemetry.a": W + "try:\n    pass\nexcept:\n    pass\n"}),
    (architecture.catch_all, {"telemetry.a": W + "def f():\n    try:\n        pass\n    except Exception:\n        pass\n"}),
    (
        architecture.catch_all,
        {
            "telemetry.a": W
            + "def main():\n    if x:\n        try:\n            pass\n        except Exception:\n            pass\n"
        },
    ),
    (architecture.catch_all, {"telemetry.a": E + "try:\n    pass\nexcept BaseException:\n    raise\n"}),
    (architecture.lengths, {"telemetry.a": P + "x = 1\n" * 300}),
    (architecture.lengths, {"telemetry.a": P + "def f():\n" + "    x = 1\n" * 50}),
    (architecture.docstrings, {"telemetry.a": P + "def public():\n    return 1\n"}),
    (architecture.docstrings, {"telemetry.a": P + "class A:\n    'Doc.'\n    def public(self):\n        return 1\n"}),
]


@pytest.mark.parametrize(("rule", "sources"), BAD, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(BAD)])
def test_each_rule_bites(rule: Rule, sources: dict[str, str]) -> None:
    assert list(rule({name: Module(name, text) for name, text in sources.items()}))


GOOD = {
    "appliance.run": E + "import subprocess\ndef run(argv):\n    'Doc.'\n    return subprocess.run(argv)\n",
    "telemetry.a": P
    + "import os\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from telemetry import b\nX = os.path.join('a', 'b')\n",
    "telemetry.b": W + "import subprocess\nfrom telemetry import a\nfrom appliance.run import run\nX = subprocess.DEVNULL\n"
    "def main():\n    'Doc.'\n    while True:\n        try:\n            pass\n        except Exception:\n            pass\n"
    "class A:\n    'Doc.'\n    def stub(self): ...\n"
    "def tidy():\n    'Doc.'\n    try:\n        pass\n    except BaseException:\n        X.close()\n        raise\n",
    "telemetry.dashboard.hub_link": E + "import paho.mqtt.client\nfrom telemetry import a\n",
    "provisioning.lab.phone": E + "from scapy.layers.l2 import Ether\n",
}


@pytest.mark.parametrize("rule", architecture.RULES, ids=lambda rule: rule.__name__)
def test_each_rule_lets_good_sources_be(rule: Rule) -> None:
    assert list(rule({name: Module(name, text) for name, text in GOOD.items()})) == []


def test_the_rules_see_every_package() -> None:
    assert {name.split(".")[0] for name in MODULES} == set(PACKAGES)
    assert len(MODULES) > 50


# --- what the entry points, the service table and the documents promise


def _entry_points() -> list[tuple[str, str]]:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    lines = (line for value in setup["options.entry_points"].values() for line in value.strip().splitlines())
    return [(name.strip(), where.strip()) for name, _, where in (line.partition("=") for line in lines)]


@pytest.mark.parametrize(("name", "where"), _entry_points())
def test_every_entry_point_leads_somewhere(name: str, where: str) -> None:
    module, _, attribute = where.partition(":")
    assert getattr(import_module(module), attribute)


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_every_service_of_ours_is_a_module_that_wires(service: Service) -> None:
    command = service.command
    if command[:2] != ("{python}", "-m"):
        return
    module = command[3].split(":")[0] if command[2] == "gunicorn" else command[2]
    found = MODULES.get(module)
    assert found is not None, f"{module} is not here"
    assert found.kind == "W"


def _commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [(path, command), *(pair for name, sub in below for pair in _commands(sub, f"{path} {name}"))]


def test_every_command_has_help_and_an_example() -> None:
    commands = [pair for entry in entry_points(group="campbox.commands") for pair in _commands(entry.load(), entry.name)]
    assert commands
    poor = [path for path, command in commands if not command.help or "Example: " not in (command.epilog or "")]
    assert poor == []


def test_links_between_the_papers_lead_somewhere() -> None:
    papers = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("requirements/*.md")]
    broken = [
        f"{paper.relative_to(PROJECT)} -> {link}"
        for paper in papers
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", paper.read_text("utf-8"))
        if "://" not in link and not link.startswith("mailto:") and not (paper.parent / link).exists()
    ]
    assert broken == []
