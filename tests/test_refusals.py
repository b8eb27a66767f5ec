"""The fakes that refuse pass the body that the real ones pass (tests/real/test_refusals.py)."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.fakes import refusals
from tests.fakes.refusals import How
from tests.fakes.refusals_contract import RefusalsContract


class TestFakesThatRefuseKeepTheContract(RefusalsContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        return tmp_path

    def disk(self, place: Path, how: How) -> AbstractContextManager[None]:
        return refusals.disk(place, how)

    def forks(self) -> AbstractContextManager[None]:
        return refusals.forks()

    def connect(self, path: Path) -> sqlite3.Connection:
        return refusals.connect(path)
