"""E What many tests make alike, made once a run: templates compiled, translations read.

An application is made anew for nearly every test of a page, and these two were nine tenths of it. Each is kept by all that it
depends on, so a test that changes a template, a filter or a text gets its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from types import CodeType

import flask
import jinja2
from babel.support import Translations
from jinja2.bccache import Bucket, BytecodeCache

from appliance.web import translations

MOST = 2_000


class Templates(BytecodeCache):
    """Compiled templates by their source and by what else the compiler looks at."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def get_bucket(self, environment: jinja2.Environment, name: str, filename: str | None, source: str) -> Bucket:
        """A bucket that is full when this was compiled in such an environment before."""
        bucket = Bucket(environment, repr((name, filename, surroundings(environment))), source)
        bucket.code = self.kept.get((bucket.key, source))
        return bucket

    def set_bucket(self, bucket: Bucket) -> None:
        """Keep what is in it."""
        if len(self.kept) >= MOST:
            self.kept.clear()
        if bucket.code is not None:
            self.kept[bucket.key, bucket.checksum] = bucket.code


def surroundings(environment: jinja2.Environment) -> tuple[object, ...]:
    """What besides its source a template's code hangs on: syntax, extensions, and the filters and tests that may be folded."""
    syntax = {name: value for name, value in vars(environment).items() if isinstance(value, (str, bool, int, type(None)))}
    named = [*environment.filters.items(), *environment.tests.items()]
    folded = [(name, getattr(deed, "__module__", ""), getattr(deed, "__qualname__", repr(deed))) for name, deed in named]
    return (
        sorted(syntax.items()),
        sorted(environment.extensions),
        getattr(environment.autoescape, "__qualname__", ""),
        sorted(folded),
    )


def keep() -> None:
    """From now on, in this process."""
    flask.Flask.jinja_options = {**flask.Flask.jinja_options, "bytecode_cache": Templates()}
    compile_one, load_all = translations.compiled, translations.load

    @functools.cache
    def compiled_once(path: Path, locale: str, domain: str, _state: tuple[int, int] | None) -> bytes:
        return compile_one(path, locale, domain)

    def compiled(path: Path, locale: str, domain: str) -> bytes:
        return compiled_once(path, locale, domain, _state(path))

    @functools.cache
    def loaded_once(places: tuple[tuple[Path, str], ...], locale: str, _states: tuple[tuple[int, int] | None, ...]) -> Translations:
        return load_all(places, locale)

    def load(places: Iterable[tuple[Path, str]], locale: str) -> Translations:
        named = tuple(places)
        return loaded_once(named, locale, tuple(_state(translations.po_file(folder, locale, domain)) for folder, domain in named))

    translations.compiled, translations.load = compiled, load


def _state(path: Path) -> tuple[int, int] | None:
    """By which a file that was changed is told; None where there is none."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_size
