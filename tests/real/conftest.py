"""W One demo for all tests that look at a whole camp."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.real.running_camp import RunningCamp


@pytest.fixture(scope="package")
def the_camp() -> Iterator[RunningCamp]:
    """The holder: starts nothing by itself. Gone before the tests of another kind, which want a demo of their own, begin."""
    holder = RunningCamp()
    yield holder
    holder.stop()
    shutil.rmtree(holder.folder)


@pytest.fixture
def camp(the_camp: RunningCamp) -> Iterator[RunningCamp]:
    """A running camp with the uplink up; the guests of the test leave afterwards, and a cut uplink is restored."""
    the_camp.ensure()
    yield the_camp
    if the_camp.process is not None and not the_camp.ended:
        the_camp.send_away()
        the_camp.restore()


@pytest.fixture
def no_camp(the_camp: RunningCamp) -> RunningCamp:
    """The holder with no demo running, for tests that start their own."""
    the_camp.stop()
    return the_camp
