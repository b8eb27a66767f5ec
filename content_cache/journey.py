"""P THE steps of a journey: what people look for when they arrive, register, live here, move on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step: its slug in addresses, the icon beside its word, its needs with the most urgent first."""

    slug: str
    icon: str
    needs: tuple[str, ...]


STEPS: tuple[Step, ...] = (
    Step(
        "arriving", "tent",
        ("health", "shelter", "food", "water-sanitation", "registration-papers", "family", "womens-safety", "children",
         "phones-charging", "disability"),
    ),
    Step("registering", "registration", ("registration-papers", "legal-help", "family", "cash", "transport")),
    Step(
        "living-here", "house",
        ("education", "work-skills", "cash", "health", "children", "womens-safety", "disability", "housing", "community",
         "legal-help"),
    ),
    Step("moving-on", "bus", ("housing", "transport", "legal-help", "registration-papers", "work-skills", "education", "cash")),
)  # fmt: skip

BY_SLUG: Mapping[str, Step] = {step.slug: step for step in STEPS}
