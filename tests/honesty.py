"""P The rules about tests that cannot or barely fail (docs/adr/0180): each takes modules of tests and gives back the breaches.

Only what syntax shows: a loop over nothing, or a property whose examples never reach its assertion, is for who reads the test.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tests.architecture import Module, Modules, Rule, dotted

JUDGES = frozenset({"raises", "warns", "fail", "validate", "validate_cbor", "validate_response", "must"})
"""Calls that raise when something is not so, beside ``assert`` and the helpers of tests: pytest's, of schemas, and of the lab."""
ELSEWHERE: Mapping[str, str] = {
    "tests.real.in_guest.test_a_failure_in_the_guest_is_seen": "it always fails, which tests/real/test_vm.py asserts",
    "tests.provisioning.lab.test_guest_load.test_what_is_just_not_too_heavy_travels": "check raises where it does not",
    "tests.provisioning.lab.test_image_boot.test_the_labs_own_card_fits": "check_site raises where it does not",
}
"""Tests whose assertions syntax does not show, each with the reason."""
CALLED_FROM_OUTSIDE: Mapping[str, str] = {
    "format_commands": "click.Group",
    "log_exception": "flask.Flask",
    "get_cookie_secure": "flask.sessions.SessionInterface",
    "when_ready": "gunicorn's hook",
    "post_worker_init": "gunicorn's hook",
    "targets_infos": "tuf.repository.Repository",
    "snapshot_info": "tuf.repository.Repository",
}
"""What a library calls by its name, and which."""
_BUILTIN_ERRORS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)
_FILE_DEEDS = ("read_text", "read_bytes", "write_text", "write_bytes", "open")
_GOLDEN = re.compile(r"[A-Z_]*[G]OLDEN[A-Z_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_JUDGEMENTS = (ast.Assert, ast.Raise, ast.Call)
_NO_LIMIT = ("Exception", "BaseException")


def tests_of(module: Module) -> Iterator[ast.FunctionDef]:
    """Its tests."""
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def asserts(module: Module) -> Iterator[ast.Assert]:
    """Its assertions, those of helpers too."""
    return (node for node in module.nodes if isinstance(node, ast.Assert))


def tautologies(modules: Modules) -> Iterator[str]:
    """No assertion is true whatever happens."""
    for module in modules.values():
        for node in asserts(module):
            if (why := _always(node.test)) is not None:
                yield f"{module.name}:{node.lineno} cannot fail: {why}"


def _always(test: ast.expr) -> str | None:
    if isinstance(test, ast.BoolOp):
        found = [_always(value) for value in test.values]
        return next((why for why in found if why is not None), None)
    if isinstance(test, (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.JoinedStr)):
        return "what is written out is true as soon as it holds anything"
    if isinstance(test, (ast.Lambda, ast.GeneratorExp)):
        return "a function or generator is always true"
    if not any(isinstance(node, (ast.Name, ast.Attribute, ast.Call)) for node in ast.walk(test)):
        return "it looks at nothing"
    if isinstance(test, ast.Call) and dotted(test.func) == "isinstance" and dotted(test.args[1]) == "object":
        return "everything is an object"
    return _always_compared(test) if isinstance(test, ast.Compare) else None


def _always_compared(test: ast.Compare) -> str | None:
    sides = [test.left, *test.comparators]
    for left, how, right in zip(sides, test.ops, test.comparators, strict=False):
        if isinstance(how, (ast.Eq, ast.Is, ast.LtE, ast.GtE)) and ast.dump(left) == ast.dump(right):
            return "it compares a thing with itself"
        if isinstance(how, ast.In) and _holds(right, True) and _holds(right, False):
            return "whatever is true or false is one of both"
    if len(sides) == 2:
        left, how, right = sides[0], test.ops[0], sides[1]
        if isinstance(how, ast.GtE) and _is(right, 0) or isinstance(how, ast.Gt) and _is(right, -1):
            return _counted(left)
        if isinstance(how, ast.LtE) and _is(left, 0) or isinstance(how, ast.Lt) and _is(left, -1):
            return _counted(right)
    return None


def _counted(node: ast.expr) -> str | None:
    counts = isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in ("len", "count")
    return "a count is never below 0" if counts or isinstance(node, ast.Attribute) else None


def _holds(node: ast.expr, value: bool) -> bool:
    inside = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else []
    return any(isinstance(one, ast.Constant) and one.value is value for one in inside)


def _is(node: ast.expr, value: int) -> bool:
    return ast.unparse(node) == str(value)


def any_error(modules: Modules) -> Iterator[str]:
    """A test that expects an error says which: neither any at all, nor "ours, or a crash"."""
    for module in modules.values():
        for name, call in module.calls():
            words = {word.arg: word.value for word in call.keywords}
            given = call.args[0] if call.args else words.get("expected_exception")
            if name != "pytest.raises" or given is None:
                continue
            names = _named(given)
            if any(one in _NO_LIMIT for one in names) and _fits_all(words.get("match")):
                yield f"{module.name}:{call.lineno} is content with any error"
            if {one in _BUILTIN_ERRORS for one in names} == {True, False} and _ours(module, names):
                yield f"{module.name}:{call.lineno} is content with a crash where an error of ours is due"


def _named(errors: ast.expr) -> list[str]:
    return [dotted(one) for one in (errors.elts if isinstance(errors, ast.Tuple) else [errors])]


def _fits_all(pattern: ast.expr | None) -> bool:
    """Whether a pattern is missing, or fits even where nothing is said."""
    if not isinstance(pattern, ast.Constant):
        return pattern is None
    return isinstance(pattern.value, str) and re.search(pattern.value, "") is not None


def swallowed(modules: Modules) -> Iterator[str]:
    """No assertion stands where its failure is caught and forgotten."""
    for module in modules.values():
        for node in module.nodes:
            if isinstance(node, ast.With):
                calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
                forgets = any(dotted(call.func).endswith("suppress") and _catches(call.args) for call in calls)
            elif isinstance(node, ast.Try):
                caught = (one for one in node.handlers if one.type is None or _catches([one.type]))
                forgets = any(not any(isinstance(deed, ast.Raise) for deed in ast.walk(one)) for one in caught)
            else:
                continue
            if forgets and any(isinstance(deed, ast.Assert) for one in node.body for deed in ast.walk(one)):
                yield f"{module.name}:{node.lineno} forgets that an assertion failed"


def _catches(errors: Iterable[ast.expr]) -> bool:
    return any(name in (*_NO_LIMIT, "AssertionError") for one in errors for name in _named(one))


def _ours(module: Module, names: list[str]) -> bool:
    return any(module.aliases.get(one, "").startswith("appliance.errors.") for one in names)


def without_assertion(modules: Modules) -> Iterator[str]:
    """Every test asserts something, itself or by a helper of the tests."""
    judging = _judging(modules)
    for module in modules.values():
        for test in tests_of(module):
            name = f"{module.name}.{test.name}"
            if name not in judging and name not in ELSEWHERE:
                yield f"{module.name}:{test.lineno} {test.name} asserts nothing"


def _judging(modules: Modules) -> set[str]:
    """Every function of these modules that raises when something is not so, by itself or by another."""
    functions = {
        f"{module.name}.{node.name}": (module, node, [one for one in _done_by(node) if isinstance(one, _JUDGEMENTS)])
        for module in modules.values()
        for node in module.nodes
        if isinstance(node, ast.FunctionDef)
    }
    judging, before = set[str](), -1
    while len(judging) != before:
        before = len(judging)
        judging |= {
            name for name, (module, node, done) in functions.items() if name not in judging and _judges(module, node, done, judging)
        }
    return judging


def _done_by(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in it, without the functions within that it never names."""
    named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    rest: list[ast.AST] = [function]
    while rest:
        yield (node := rest.pop())
        within = ast.iter_child_nodes(node)
        rest += [one for one in within if not isinstance(one, ast.FunctionDef) or one.name in named or one.decorator_list]


def _judges(module: Module, function: ast.FunctionDef, done: list[ast.Assert | ast.Raise | ast.Call], judging: set[str]) -> bool:
    bodies = {one.arg for one in function.args.args if one.annotation and ast.unparse(one.annotation).endswith(", None]")}
    for node in done:
        if isinstance(node, ast.Assert) or isinstance(node, ast.Raise) and not function.name.startswith("test_"):
            return True
        if isinstance(node, ast.Call):
            real = module.real(node.func)
            method = isinstance(node.func, ast.Attribute) and node.func.attr in JUDGES
            # A function that is handed in and gives nothing back can only assert.
            if method or real in judging or real in bodies or f"{module.name}.{real}" in judging:
                return True
    return False


def types_alone(modules: Modules) -> Iterator[str]:
    """A property says more of a result than its type, of which mypy is sure already."""
    for module in modules.values():
        for test in tests_of(module):
            found = [node.test for node in ast.walk(test) if isinstance(node, ast.Assert)]
            property = any(dotted(one.func) == "given" for one in test.decorator_list if isinstance(one, ast.Call))
            if property and found and all(isinstance(one, ast.Call) and dotted(one.func) == "isinstance" for one in found):
                yield f"{module.name}:{test.lineno} {test.name} looks at a type alone"


def golden_files(modules: Modules) -> Iterator[str]:
    """Golden files have one reader and writer."""
    for module in modules.values():
        if module.name in ("tests.golden_files", "tests.test_golden_files"):
            continue
        for name, call in module.calls():
            path = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            if name.rpartition(".")[2] in _FILE_DEEDS and "golden" in path.lower():
                yield f"{module.name}:{call.lineno} goes to a golden file past tests.golden_files"
        for node in module.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _GOLDEN.fullmatch(node.value):
                yield f"{module.name}:{node.lineno} has a variable of its own for golden files"


def for_tests_alone(modules: Modules, texts: Iterable[str]) -> Iterator[str]:
    """Whatever public thing the product (``modules``) defines, it names once more, there or in ``texts`` beside its modules.

    What only tests call is not what people use: a test of it says nothing of the product.
    """
    words = Counter(word for text in (*(one.text for one in modules.values()), *texts) for word in _WORD.findall(text))
    for module in modules.values():
        for node in module.nodes:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
                continue
            if words[node.name] > 1:
                if node.name in CALLED_FROM_OUTSIDE:
                    yield f"{module.name}:{node.lineno} {node.name} is called: take it out of CALLED_FROM_OUTSIDE"
                continue
            registered = any(isinstance(one, ast.Call) or "." in dotted(one) for one in node.decorator_list)
            if not registered and node.name not in CALLED_FROM_OUTSIDE:
                yield f"{module.name}:{node.lineno} {node.name} is called by tests at most"


RULES: tuple[Rule, ...] = (tautologies, any_error, swallowed, without_assertion, types_alone, golden_files)
