"""P THE table of everything that writes at a box and at a hub (docs/benchmarks/storage.md is made from it)."""

from __future__ import annotations

from tests.real.storage_box import BOX
from tests.real.storage_hub import HUB

ROWS = (*BOX, *HUB)
