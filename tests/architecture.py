"""P The rules of the house plan's section 4 about source texts: each takes modules and gives back the breaches, as lines."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

PACKAGES = ("appliance", "captive_portal", "content_cache", "telemetry", "provisioning")
HUB = ("telemetry.dashboard", "content_cache.publish", "provisioning.authority")
OFFICE = ("provisioning.lab", "provisioning.bench", "provisioning.testing")
LONGEST_FILE, LONGEST_FUNCTION = 300, 50

ROOMS: dict[str, tuple[str, ...]] = {
    "paho": ("telemetry.mqtt", "telemetry.dashboard.hub_link"),
    "psutil": ("telemetry.sensors",),
    "scapy": ("appliance.watch*", "provisioning.selftest.*", "provisioning.lab.*"),
    "flask": ("appliance.web.*", "captive_portal.*", "content_cache.*", "telemetry.dashboard.*", "provisioning.authority.*"),
    "tuf": ("content_cache.*",),
    "selenium": (),
    "weasyprint": ("captive_portal.poster.writer",),
    "pypdfium2": ("captive_portal.poster.writer",),
}  # fmt: skip
"""Third-party library -> the modules it may be in. A new room comes with an ADR."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IO_MODULES = _words("""
    subprocess socket select selectors shutil tempfile fcntl sqlite3 asyncio threading multiprocessing ssl signal ctypes glob
    termios tty pwd grp mmap httpx requests paho psutil scapy flask gunicorn selenium sqlite_utils
    urllib.request http.client http.server importlib.resources logging.handlers
""")
IO_CALLS = _words("""
    open print input time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.sleep time.localtime
    time.clock_gettime datetime.now datetime.utcnow datetime.today datetime.datetime.now datetime.datetime.utcnow date.today
    datetime.date.today uuid.uuid1 uuid.uuid4 os.urandom secrets.token_hex secrets.token_bytes secrets.token_urlsafe
    secrets.randbelow secrets.choice random.random random.randint random.choice random.uniform random.shuffle random.SystemRandom
""")
IO_METHODS = _words("""
    read_text write_text read_bytes write_bytes mkdir unlink rmdir iterdir rglob is_file is_dir chmod touch exists stat
    lstat open glob resolve readlink symlink_to hardlink_to samefile expanduser owner is_symlink is_mount
""")
PURE_OS = _words("path pathsep sep linesep fspath PathLike curdir altsep strerror")
PURE_OS_PATH = _words("join basename dirname split splitext normpath commonprefix commonpath isabs")
NEW_PROCESS = _words("""
    subprocess.run subprocess.Popen subprocess.call subprocess.check_call subprocess.check_output subprocess.getoutput
    subprocess.getstatusoutput os.system os.popen os.posix_spawn os.posix_spawnp os.fork os.forkpty pty.spawn pty.fork
    asyncio.create_subprocess_exec asyncio.create_subprocess_shell
""")


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and its text."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Everything in it: every rule looks through all of it, some many times."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def kind(self) -> str:
        """``P``, ``E`` or ``W``: the first word of its docstring; empty when that is none of them."""
        word = (ast.get_docstring(self.tree) or "").split(" ")[0]
        return word if word in ("P", "E", "W") else ""

    def imports(self, *, for_types: bool = True) -> Iterator[str]:
        """Every dotted name it imports (``from a import b`` gives ``a.b``); without those only for the type checker."""
        skipped = {id(node) for node in _type_checking(self.nodes)} if not for_types else set()
        for node in self.nodes:
            if id(node) in skipped:
                continue
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{self._base(node)}.{alias.name}" for alias in node.names)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        return ".".join([*self.name.split(".")[: -node.level], *([node.module] if node.module else [])])

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Names that imports gave to what has another: ``from time import time as now`` makes ``now`` ``time.time``."""
        found = dict[str, str]()
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name: f"{self._base(node)}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        return found

    def real(self, node: ast.AST) -> str:
        """The dotted name of an expression, by the names that things have where they come from."""
        first, dot, rest = dotted(node).partition(".")
        return f"{self.aliases.get(first, first)}{dot}{rest}"

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call with the dotted name that is called."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield self.real(node.func), node


Modules = Mapping[str, Module]
Rule = Callable[[Modules], Iterator[str]]


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of such an expression; anything else in front of a dot becomes ``?``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def _type_checking(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.If) and dotted(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                yield from ast.walk(statement)


def within(name: str, places: tuple[str, ...]) -> bool:
    """Is this module one of these packages or in one?"""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def target(modules: Modules, imported: str) -> Module | None:
    """The module of ours that an import reaches, if any: ``a.b.name`` is in ``a.b`` unless there is a module of that name."""
    while imported:
        if imported in modules:
            return modules[imported]
        imported = imported.rpartition(".")[0]
    return None


def kinds(modules: Modules) -> Iterator[str]:
    """Every module says what it is."""
    yield from (f"{m.name}: its docstring must begin with P, E or W" for m in modules.values() if not m.kind)


def directions(modules: Modules) -> Iterator[str]:
    """W -> E -> P, never back."""
    order = {"P": 0, "E": 1, "W": 2, "": 2}
    for module in modules.values():
        for imported in module.imports(for_types=False):
            other = target(modules, imported)
            if other is not None and order[other.kind] > order[module.kind]:
                yield f"{module.name} ({module.kind}) imports {other.name} ({other.kind})"


def packages(modules: Modules) -> Iterator[str]:
    """The four packages know the foundation and themselves; the foundation knows itself."""
    for module in modules.values():
        own = module.name.split(".")[0]
        for imported in module.imports():
            other = imported.split(".")[0]
            if other in PACKAGES and other not in (own, "appliance"):
                yield f"{module.name} imports {imported}: packages meet by entry points or as processes"


def hub_apart(modules: Modules) -> Iterator[str]:
    """No module of a box imports one of the hub."""
    for module in modules.values():
        if not within(module.name, HUB + OFFICE):
            yield from (f"{module.name} (box) imports {i} (hub)" for i in module.imports() if within(i, HUB))


def rooms(modules: Modules) -> Iterator[str]:
    """Third-party libraries stay in their rooms; scapy is imported by layer."""
    for module in modules.values():
        for imported in module.imports():
            library = imported.split(".")[0]
            if library in ROOMS and not any(fnmatch.fnmatch(module.name, room) for room in ROOMS[library]):
                yield f"{module.name} imports {library}, which has its room in {', '.join(ROOMS[library]) or 'the tests'}"
            if within(imported, ("scapy.all",)):
                yield f"{module.name} imports scapy.all: import by layer"


def pure(modules: Modules) -> Iterator[str]:
    """A P module reads no clock, no file, no chance, and changes no global."""
    for module in (m for m in modules.values() if m.kind == "P"):
        for imported in module.imports(for_types=False):
            if within(imported, tuple(IO_MODULES)):
                yield f"{module.name} is pure and imports {imported}"
        for name, call in module.calls():
            if name in IO_CALLS or name.rpartition(".")[2] in IO_METHODS or _touches(name):
                yield f"{module.name}:{call.lineno} is pure and calls {name}"
        for node in module.nodes:
            if isinstance(node, (ast.Name, ast.Attribute)) and module.real(node) == "os.environ":
                yield f"{module.name}:{node.lineno} is pure and looks at os.environ"
        yield from (f"{module.name}:{n.lineno} is pure and has a global" for n in module.nodes if isinstance(n, ast.Global))


def _touches(name: str) -> bool:
    """A function of os or os.path that asks or changes the machine."""
    parts = name.split(".")
    if parts[:2] == ["os", "path"]:
        return len(parts) > 2 and parts[2] not in PURE_OS_PATH
    return parts[0] == "os" and len(parts) > 1 and parts[1] not in PURE_OS


def one_door(modules: Modules) -> Iterator[str]:
    """Processes are started in appliance.run alone, and never through a shell."""
    for module in modules.values():
        for name, call in module.calls():
            if module.name != "appliance.run" and (name in NEW_PROCESS or name.startswith(("os.exec", "os.spawn"))):
                yield f"{module.name}:{call.lineno} calls {name}: the door is appliance.run"
            if any(k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False) for k in call.keywords):
                yield f"{module.name}:{call.lineno} gives shell=: commands are lists"
        if module.name != "appliance.run":
            for imported in module.imports():
                if imported in NEW_PROCESS - {"subprocess.Popen"}:
                    yield f"{module.name} imports {imported}: the door is appliance.run"


def catch_all(modules: Modules) -> Iterator[str]:
    """``except Exception`` only in a W module's ``main``, outermost, or to tidy up and raise on; a bare ``except`` nowhere."""
    for module in modules.values():
        outermost = {id(handler) for handler in _outermost(module)} if module.kind == "W" else set()
        for node in module.nodes:
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if node.type is None:
                yield f"{module.name}:{node.lineno} bare except"
            elif {"Exception", "BaseException"} & {dotted(c) for c in caught if c} and id(node) not in outermost:
                yield f"{module.name}:{node.lineno} except Exception, and it is not the outermost loop of a W module"


def _outermost(module: Module) -> Iterator[ast.ExceptHandler]:
    """Handlers in ``main`` that nothing but loops stands around; and those that raise on what they caught."""
    for node in module.nodes:
        if isinstance(node, ast.ExceptHandler) and isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
            yield node
    todo = [node for node in module.tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    inside: list[ast.stmt] = [statement for main in todo for statement in main.body]
    while inside:
        node = inside.pop()
        if isinstance(node, (ast.While, ast.For, ast.With)):
            inside += node.body
        elif isinstance(node, ast.Try):
            yield from node.handlers


def lengths(modules: Modules) -> Iterator[str]:
    """Long files usually hold two ideas, long functions three."""
    for module in modules.values():
        lines = module.text.count("\n")
        if lines > LONGEST_FILE:
            yield f"{module.name} has {lines} lines, more than {LONGEST_FILE}"
        for node in module.nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    yield f"{module.name}:{node.lineno} {node.name} has {length} lines, more than {LONGEST_FUNCTION}"


def docstrings(modules: Modules) -> Iterator[str]:
    """Public functions, classes and their methods say what they are; of a protocol's methods the class may say it."""
    for module in modules.values():
        for node in _public(module.tree):
            if not ast.get_docstring(node):
                yield f"{module.name}:{node.lineno} {node.name} has no docstring"


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            methods = node.body if isinstance(node, ast.ClassDef) else ()
            yield from (method for method in methods if _is_told(method))


def _is_told(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    """A public method, and no protocol's stub."""
    is_public = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")
    return is_public and ast.unparse(node.body[0]) != "..."


RULES: tuple[Rule, ...] = (
    kinds, directions, packages, hub_apart, rooms, pure, one_door, catch_all, lengths, docstrings
)  # fmt: skip
