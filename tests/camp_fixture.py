"""W One demo for all tests that look at a whole camp, whatever their kind. Loaded by tests/conftest.py."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the lab brings much that fast tests need not load
    from tests.real.running_camp import RunningCamp


@pytest.fixture(scope="session")
def the_camp() -> Iterator[RunningCamp]:
    """The holder: starts nothing by itself."""
    from tests.real.running_camp import RunningCamp

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
def captive_camp(the_camp: RunningCamp, camp: RunningCamp) -> RunningCamp:
    """The same for tests that need everyone held back until they tap: not one whose box an earlier test has rebooted."""
    if the_camp.rebooted:
        the_camp.stop()
        the_camp.ensure()
    return camp


@pytest.fixture
def no_camp(the_camp: RunningCamp) -> RunningCamp:
    """The holder with no demo running, for tests that start their own."""
    the_camp.stop()
    return the_camp
