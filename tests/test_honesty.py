"""P No test here is one that cannot or barely fail, of the kinds that syntax shows; and each rule finds what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import honesty
from tests.architecture import PACKAGES, Module, Rule

PROJECT = Path(__file__).resolve().parent.parent


def _modules_of(folders: Iterable[str]) -> dict[str, Module]:
    paths = sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    names = (".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in paths)
    return {name: Module(name, path.read_text("utf-8")) for name, path in zip(names, paths, strict=True)}


TESTS = _modules_of(["tests"])


PRODUCT = _modules_of(PACKAGES)
BESIDE = [
    path.read_text("utf-8")
    for pattern in ("*.html", "*.jinja", "*.xml", "*.txt")
    for package in PACKAGES
    for path in sorted((PROJECT / package).rglob(pattern))
] + [(PROJECT / name).read_text("utf-8") for name in ("campbox", "setup.cfg")]


@pytest.mark.parametrize("rule", honesty.RULES, ids=lambda rule: rule.__name__)
def test_t3_every_test_can_fail(rule: Rule) -> None:
    assert list(rule(TESTS)) == []


def test_t4_nothing_is_there_for_tests_alone() -> None:
    assert list(honesty.for_tests_alone(PRODUCT, BESIDE)) == []


def test_what_only_tests_call_would_be_found_and_what_a_library_calls_is_named() -> None:
    text = "def used(): pass\ndef lonely(): used()\n@app.route('/')\ndef page(): pass\nclass A(B):\n    def hook(self): pass\n"
    text += "X = A\n"
    product = {"telemetry.a": Module("telemetry.a", text)}
    assert list(honesty.for_tests_alone(product, [])) == [
        "telemetry.a:2 lonely is called by tests at most",
        "telemetry.a:6 hook is called by tests at most",
    ]
    assert list(honesty.for_tests_alone(product, ["{{ lonely() }} {{ hook }}"])) == []
    words = {node.name for one in PRODUCT.values() for node in one.nodes if isinstance(node, ast.FunctionDef)}
    assert set(honesty.CALLED_FROM_OUTSIDE) <= words and all(honesty.CALLED_FROM_OUTSIDE.values())


def test_every_exception_is_of_a_test_that_is_there_and_says_why() -> None:
    there = {f"{module.name}.{test.name}" for module in TESTS.values() for test in honesty.tests_of(module)}
    assert set(honesty.ELSEWHERE) <= there and all(honesty.ELSEWHERE.values())


def _test(*lines: str, before: str = "") -> str:
    return (
        f"import pytest\nfrom appliance.errors import NotSo, BadInput\nfrom hypothesis import given\n{before}\ndef test_a(x):\n"
        + "".join(f"    {line}\n" for line in lines)
    )


CANNOT_FAIL = [
    "assert f(x) in (True, False)", "assert f(x) in [False, True, None]", "assert f(x) in {True, False}, 'why'",
    "assert x.scripts >= 0", "assert len(x) >= 0", "assert 0 <= len(x)", "assert len(x) > -1", "assert -1 < len(x)",
    "assert f(x) == f(x)", "assert x.a is x.a", "assert f(x) <= f(x)", "assert 0 < f(x) == f(x)",
    "assert x or True", "assert f(x) == 3 or 1", "assert f(x) == 3 and 'ok'", "assert (x, 'why')", "assert (f(x) == 3, 'it is 3')",
    "assert f'{x}'", "assert [x]", "assert {'a': x}", "assert lambda: x", "assert (one for one in x)", "assert True",
    "assert 1 < 2", "assert 'a' in 'abc'", "assert isinstance(x, object)", "assert x and isinstance(f(x), object)",
]  # fmt: skip
BAD: list[tuple[Rule, str]] = [
    *((honesty.tautologies, _test(line)) for line in CANNOT_FAIL),
    (honesty.any_error, _test("with pytest.raises(Exception):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises(BaseException) as caught:", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises((ValueError, Exception)):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises((NotSo, FileNotFoundError)):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises((KeyError, BadInput), match='x'):", "    f(x)")),
    (honesty.any_error, "from pytest import raises\n" + _test("with raises(Exception):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises(expected_exception=Exception):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises(Exception, match=''):", "    f(x)")),
    (honesty.any_error, _test("with pytest.raises(Exception, match='.*'):", "    f(x)")),
    *(
        (honesty.swallowed, _test(f"with {suppress}:", "    assert f(x) == 3"))
        for suppress in ("suppress(Exception)", "contextlib.suppress(KeyError, AssertionError)", "a(), suppress(BaseException)")
    ),
    *(
        (honesty.swallowed, _test("try:", "    assert f(x) == 3", f"except{caught}:", "    pass"))
        for caught in ("", " Exception", " (KeyError, AssertionError)", " BaseException as error")
    ),
    (honesty.without_assertion, _test("f(x)")),
    (honesty.without_assertion, _test("def right():", "    assert x == 3", "f(x)")),
    (honesty.without_assertion, _test("try:", "    f(x)", "except BadInput:", "    return")),
    (honesty.without_assertion, _test("with contextlib.suppress(BadInput):", "    f(x)")),
    (honesty.without_assertion, _test("right(x)", before="def right(x):\n    return x == 3\n")),
    (honesty.without_assertion, _test("until(x)", before="def until(x):\n    print(x)\n")),
    (honesty.without_assertion, _test("def bad():", "    raise OSError", "f(bad)")),
    (honesty.without_assertion, "def test_a(place: Place, read: Callable[[Place], str]) -> None:\n    read(place)\n"),
    (honesty.types_alone, _test("assert isinstance(f(x), list)", before="@given(3)")),
    (honesty.types_alone, _test("with suppress(BadInput):", "    assert isinstance(f(x), list)", before="@given(x=3)")),
    (honesty.golden_files, _test("assert f(x) == (GOLDEN / 'a').read_text()")),
    (honesty.golden_files, _test("golden.write_bytes(f(x))", "assert 0")),
    (honesty.golden_files, _test("if os.environ.get('CAMPBOX_WRITE_GOLDEN'):", "    path.write_text(x)")),
]


@pytest.mark.parametrize(("rule", "text"), BAD, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(BAD)])
def test_each_rule_finds_what_it_is_for(rule: Rule, text: str) -> None:
    (found,) = rule({"tests.test_it": Module("tests.test_it", text)})
    assert found.startswith("tests.test_it:")


CAN_FAIL = [
    "assert f(x) in (None, False)", "assert f(x) in (0, 1)", "assert len(x) >= 1", "assert 0 <= x <= 9", "assert x >= 0.5",
    "assert x >= 0", "assert date(x) >= 0",
    "assert f(x) == f(y)", "assert x == 3 or x == 4", "assert not [one for one in x]", "assert [one for one in x if one]",
    "assert isinstance(x, list)", "assert x", "assert f'{x}' == 'a'", "schema.validate(x)", "pytest.fail('no')",
    "assert x == 'a GOLDEN word'",
]  # fmt: skip
GOOD = [
    *(_test(line) for line in CAN_FAIL),
    _test("with pytest.raises(Exception, match='why'):", "    f(x)"),
    _test("with pytest.raises(KeyError):", "    f(x)"),
    _test("with pytest.raises((NotSo, BadInput)):", "    f(x)"),
    _test("with pytest.raises((KeyError, OSError)):", "    f(x)"),
    _test("right(x)", before="def right(x):\n    assert x\n"),
    _test("def right():", "    assert x == 3", "f(right)"),
    _test("@app.get('/')", "def right():", "    assert x == 3", "f(x)"),
    _test("with suppress(KeyError):", "    assert f(x) == 3"),
    _test("with suppress(Exception):", "    f(x)", "assert x == 3"),
    _test("try:", "    assert f(x) == 3", "except Exception:", "    raise"),
    _test("right(x)", before="def right(x):\n    judge(x)\ndef judge(x):\n    raise OSError\n"),
    _test("assert isinstance(x, list) and x", before="@given(3)"),
    _test("golden_files.same(x)", "assert x"),
    "def test_a(place: Place, body: Callable[[Place], None]) -> None:\n    body(place)\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_can_fail_is_let_be(text: str) -> None:
    modules = {"tests.test_it": Module("tests.test_it", text)}
    assert [found for rule in honesty.RULES for found in rule(modules)] == []


def test_a_helper_of_another_module_may_assert() -> None:
    helper = Module("tests.helpers", "def right(x):\n    assert x\n")
    test = Module("tests.test_it", "from tests.helpers import right as fine\nfrom tests import helpers\n"
                  "def test_a(x):\n    fine(x)\ndef test_b(x):\n    helpers.right(x)\n")  # fmt: skip
    assert list(honesty.without_assertion({"tests.helpers": helper, "tests.test_it": test})) == []
    assert len(list(honesty.without_assertion({"tests.test_it": test}))) == 2
