"""Who writes: everything goes through appliance.files or SQLite, and is tried on storage that refuses."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator

from tests.architecture import Module
from tests.real.storage_writers import ROWS
from tests.test_architecture import MODULES

WORKSHOP = ("provisioning.lab*", "provisioning.bench*", "provisioning.testing", "provisioning.image*", "provisioning.flash*")
"""The office's tools: what they make stands on a technician's laptop or on the card in his hand, and is read back there."""
CAREFUL = {"write_atomically", "write_json", "replacing", "move"}
"""Of appliance.files."""
RAW = {"os.replace", "os.rename", "shutil.move", "shutil.copyfile", "shutil.copy", "shutil.copy2", "tempfile.mkstemp"}
RAW_METHODS = {"write_text", "write_bytes", "rename", "touch"}

ALLOWED_RAW = {
    "appliance.files": "the one place",
    "appliance.gate.interfaces": "settings of the kernel below /proc/sys",
    "appliance.gate.socket": "a socket takes the name of the one before it",
    "appliance.announce.service": "the empty file that says it is ready, in RAM",
    "appliance.run": "a log is appended to; what a full disk does not take is missing there alone",
    "appliance.service_log": "as above",
    "appliance.leftovers": "a lock",
    "content_cache.part_file": "appended to; every piece is checked by its hash when it is gone on with",
    "content_cache.refresh": "a lock",
    "provisioning.selftest.facts_box": "the trial of the card itself",
    "provisioning.selftest.running": "a lock, in RAM",
    "provisioning.card": "the token is blanked over itself; a folder of another box is set aside",
    "telemetry.outbox_file": "a damaged file is set aside with all that belongs to it",
    "telemetry.dashboard.report_store": "made empty with its mode, for SQLite",
    "telemetry.dashboard.heartbeat": "a sign of life is a second old: one that is lost is made anew",
    "telemetry.dashboard.ingest": "the file that says it is ready, in RAM",
    "appliance.web.messages": "translations, compiled when a release is made",
    "content_cache.publish.trace": "two files for a comparison, in a temporary folder",
}
"""Modules that write in another way, each with its reason."""

ELSEWHERE = {
    "appliance.boot": "the id of this boot, in RAM, before any service runs",
    "content_cache.publish.import_commands": "by hand",
    "appliance.box_commands": "by hand",
    "appliance.install": "by hand",
    "appliance.prepare": "configuration made anew at each start, in RAM",
    "appliance.announce.service": "options made anew, in RAM",
    "captive_portal.prerender": "pages made anew at each start, in RAM",
    "captive_portal.poster.commands": "by hand",
    "captive_portal.voice": "by hand",
    "content_cache.catalogue_file": "only reads",
    "content_cache.publish.commands": "by hand",
    "content_cache.publish.signing_commands": "by hand",
    "content_cache.publish.delegation": "by hand; through the repository",
    "content_cache.publish.stick": "by hand; read back",
    "telemetry.dashboard.commands": "the hub's file, by root at a start",
    "provisioning.joining": "when to try again, in RAM",
    "provisioning.card": "at a boot, again at the next; tests/real/test_card.py cuts it",
    "provisioning.authority.commands": "by hand",
}
"""Writers that have no row of their own, each with its reason."""


def _opens_for_writing(call: ast.Call, at: int) -> bool:
    modes = [*call.args[at : at + 1], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and _writes(mode.value) for mode in modes)


def _writes(mode: object) -> bool:
    return isinstance(mode, str) and set(mode) <= set("rwaxbt+") and bool(set(mode) & set("wax+"))


def raw_writes(module: Module) -> list[str]:
    """Calls that write without appliance.files."""
    found = list[str]()
    for name, call in module.calls():
        method = name.rpartition(".")[2] if "." in name and not name.startswith("os.") else ""
        opens = name in ("open", "os.fdopen") and _opens_for_writing(call, 1) or method == "open" and _opens_for_writing(call, 0)
        if name in RAW or method in RAW_METHODS or name == "os.open" and "O_CREAT" in ast.unparse(call) or opens:
            found.append(name)
    return found


def careful_writes(module: Module) -> list[str]:
    """Calls of appliance.files, and databases."""
    names = [name for name, _ in module.calls()]
    return [name for name in names if name.rpartition(".")[2] in CAREFUL and "files" in name or name == "sqlite3.connect"]


def _of_box_and_hub() -> Iterator[Module]:
    return (module for name, module in sorted(MODULES.items()) if not any(fnmatch.fnmatch(name, one) for one in WORKSHOP))


def test_everything_is_written_by_appliance_files_or_sqlite() -> None:
    found = {module.name: raw_writes(module) for module in _of_box_and_hub()}
    assert {name: calls for name, calls in found.items() if calls and name not in ALLOWED_RAW} == {}


def test_every_writer_is_tried_on_storage_that_refuses() -> None:
    tried = {name for row in ROWS for name in row.modules}
    writers = {module.name for module in _of_box_and_hub() if careful_writes(module)}
    assert sorted(writers - tried - set(ELSEWHERE) - {"appliance.files"}) == []
    assert tried <= set(MODULES)


def test_the_tables_name_nobody_who_does_not_write() -> None:
    raw = {module.name for module in _of_box_and_hub() if raw_writes(module)}
    careful = {module.name for module in _of_box_and_hub() if careful_writes(module)}
    assert sorted(set(ALLOWED_RAW) - raw) == [] and sorted(set(ELSEWHERE) - careful) == []


def test_a_careless_writer_would_be_found() -> None:
    texts = {
        "a": "path.write_text('x')",
        "b": "import os\nos.replace(a, b)",
        "c": "with open(path, 'a') as file: pass",
        "d": "from os import rename as move\nmove(a, b)",
        "e": "with self.path.open(mode='r+b') as file: pass",
        "f": "import os\nos.open(path, os.O_WRONLY | os.O_CREAT)",
    }
    assert [name for name, text in texts.items() if not raw_writes(Module(name, text))] == []
    assert raw_writes(Module("g", "open(path)\npath.open('rb')\nself.open('targets')\npath.read_text()")) == []
    assert careful_writes(Module("h", "from appliance.files import write_json as put\nput(path, {})"))
    assert careful_writes(Module("i", "import sqlite3\nsqlite3.connect(path)"))
