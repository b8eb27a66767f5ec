"""W Who expects bytes that are no JSON, TOML or CBOR expects those that nest too deeply, too: a RecursionError is no ValueError."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture import Module, dotted
from tests.test_architecture import MODULES

READERS = frozenset({"json.loads", "json.load", "tomllib.loads", "tomllib.load", "cbor2.loads", "cbor2.load"})
EXPECTED = frozenset(
    {"ValueError", "JSONDecodeError", "TOMLDecodeError", "UnicodeDecodeError", "UnicodeError", "CBORError", "CBORDecodeError"}
)
"""What a handler names that awaits bytes of no sense."""
ENOUGH = frozenset({"RecursionError", "RuntimeError", "Exception", "BaseException"})


def _caught(node: ast.Try) -> set[str]:
    types = (handler.type for handler in node.handlers if handler.type is not None)
    every = (one for given in types for one in (given.elts if isinstance(given, ast.Tuple) else [given]))
    return {dotted(one).rpartition(".")[2] for one in every}


def _open_calls(module: Module, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What is called here where no handler around it, also here, expects too deep a nesting."""
    for node in nodes:
        if isinstance(node, ast.Try) and _caught(node) & ENOUGH:
            yield from _open_calls(module, [*node.handlers, *node.orelse, *node.finalbody])
            continue
        if isinstance(node, ast.Call):
            name = module.real(node.func)
            yield name if name in READERS else name.rpartition(".")[2]
        yield from _open_calls(module, ast.iter_child_nodes(node))


def _readers(module: Module) -> frozenset[str]:
    """The readers, and this module's own functions that hand on what they raise."""
    functions = {n.name: n for n in module.nodes if isinstance(n, ast.FunctionDef)}
    calls = {name: set(_open_calls(module, node.body)) for name, node in functions.items()}
    found, more = set[str](), set(READERS)
    while more - found:
        found |= more
        more = {name for name, called in calls.items() if called & found}
    return frozenset(found)


def too_shallow(module: Module) -> Iterator[str]:
    """Handlers that expect nonsense from a reader, and not that it nests too deeply."""
    if not any(reader.partition(".")[0] in module.text for reader in READERS):
        return
    readers = _readers(module)
    for node in module.nodes:
        if isinstance(node, ast.Try) and _caught(node) & EXPECTED and not _caught(node) & ENOUGH:
            for name in readers & set(_open_calls(module, node.body)):
                yield f"{module.name}:{node.lineno} expects that {name} finds nonsense, and not that it finds too deep a nesting"


def test_whoever_expects_nonsense_expects_too_deep_a_nesting() -> None:
    assert [line for module in MODULES.values() for line in too_shallow(module)] == []


READ = "import json, tomllib, cbor2\nfrom json import loads as read\n"
ASKED = "def _ask(raw):\n    return json.loads(raw)\n"


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    x = json.loads(raw)\nexcept ValueError:\n    pass\n",
        "try:\n    x = read(raw)\nexcept ValueError:\n    pass\n",
        "try:\n    x = tomllib.loads(raw)['a']\nexcept (KeyError, tomllib.TOMLDecodeError):\n    pass\n",
        "try:\n    x = cbor2.loads(raw)\nexcept (OSError, cbor2.CBORError):\n    pass\n",
        "try:\n    with open(raw) as file:\n        x = json.load(file)\nexcept json.JSONDecodeError:\n    pass\n",
        ASKED + "def ask(raw):\n    try:\n        return _ask(raw)\n    except (KeyError, ValueError):\n        return None\n",
        ASKED + "try:\n    try:\n        _ask(raw)\n    except OSError:\n        pass\nexcept ValueError:\n    pass\n",
    ],
)
def test_the_search_finds_each_way_of_writing_it(source: str) -> None:
    assert list(too_shallow(Module("telemetry.a", READ + source)))


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    x = json.loads(raw)\nexcept (ValueError, RecursionError):\n    pass\n",
        "try:\n    x = json.loads(raw)\nexcept ValueError:\n    pass\nexcept RecursionError:\n    pass\n",
        "try:\n    x = json.loads(raw)\nexcept Exception:\n    pass\n",
        "try:\n    x = json.dumps(raw)\nexcept ValueError:\n    pass\n",
        "x = json.loads(raw)\ntry:\n    y = int(x)\nexcept ValueError:\n    pass\n",
        "try:\n    x = json.loads(raw)\nfinally:\n    pass\n",
        "try:\n    try:\n        x = json.loads(raw)\n    except RecursionError:\n        pass\nexcept ValueError:\n    pass\n",
    ],
)
def test_the_search_lets_the_others_be(source: str) -> None:
    assert list(too_shallow(Module("telemetry.a", READ + source))) == []
