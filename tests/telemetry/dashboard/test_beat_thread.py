"""R7: whatever goes wrong with one sign of life, the next one is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.layout import Layout
from telemetry.dashboard import beat_thread, heartbeat
from telemetry.dashboard.hearing import BEAT_EVERY, Beat


class Enough(BaseException):
    pass


@pytest.mark.parametrize("fault", [RuntimeError("odd"), OverflowError(), MemoryError(), OSError(24, "no descriptor"), None])
def test_r7_a_sign_that_fails_is_followed_by_the_next(fault: Exception | None, layout: Layout) -> None:
    layout.service_run("ingest").mkdir(parents=True, exist_ok=True)
    good, slept = Beat(1.0, 2.0, 3.0, 4.0), list[float]()

    def signs() -> Callable[[], Beat]:
        told = iter([fault, None, Enough()])

        def sign() -> Beat:
            if (one := next(told)) is not None:
                raise one
            return good

        return sign

    with pytest.raises(Enough):
        beat_thread.main(layout, signs(), slept.append)
    assert heartbeat.read(layout) == good and slept == [BEAT_EVERY, BEAT_EVERY]
