"""P The mutants of a source text: mutmut's operators, one change each, less those that change only words for people."""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import libcst
from mutmut.mutation.file_mutation import create_mutations

_WORDS = (libcst.SimpleString, libcst.ConcatenatedString, libcst.FormattedString)
"""What a message says decides nothing, and a test that repeats it letter by letter would only be in the way of better words."""
_SPOKEN = ("log.", "raise ", "say(", "click.echo(")
"""Lines that only tell; those that raise are covered by what leads to them."""


@dataclass(frozen=True)
class Mutant:
    """One changed line of ``path``: what stood there and what stands there now; ``text`` is the whole file with the change."""

    path: str
    line: int
    before: str
    after: str
    text: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By which it is known again when lines have moved."""
        return self.path, self.before, self.after


def mutants(path: str, text: str) -> list[Mutant]:
    """All of them, in the order of their lines; two that read alike are one."""
    module, mutations, _, _ = create_mutations(path, text)
    found = dict[tuple[int, str, str], Mutant]()
    for mutation in mutations:
        if isinstance(mutation.original_node, _WORDS):
            continue
        changed = module.deep_replace(mutation.original_node, mutation.mutated_node)
        mutant = _compare(path, text, changed.code if isinstance(changed, libcst.Module) else text)
        if mutant is not None and not mutant.before.startswith(_SPOKEN):
            found.setdefault((mutant.line, mutant.before, mutant.after), mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.line, mutant.after))


def _compare(path: str, text: str, changed: str) -> Mutant | None:
    old, new = text.splitlines(), changed.splitlines()
    for tag, at, to, new_at, new_to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            joined = " ".join(line.strip() for line in old[at:to]), " ".join(line.strip() for line in new[new_at:new_to])
            return Mutant(path, at + 1, *joined, changed)
    return None


def sample(found: Sequence[Mutant], most: int, seed: str) -> list[Mutant]:
    """``most`` of them by chance, the same ones for the same seed; all where there are no more."""
    if len(found) <= most:
        return list(found)
    chosen = random.Random(seed).sample(range(len(found)), most)
    return [found[at] for at in sorted(chosen)]
