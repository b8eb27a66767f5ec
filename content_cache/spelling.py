"""P How far a typed word is from a known one: letters added, left out, changed, swapped (optimal string alignment)."""

from __future__ import annotations

LONGEST = 20
"""Letters of a word that are looked at."""


def allowed(word: str) -> int:
    """Mistakes a word of this length may have: a short one with a mistake is another word.

    Scripts that write few vowels, or a syllable a letter, say more with fewer letters.
    """
    length = len(word) + (word[:1] > "\u0590")
    return 0 if length < 4 else 1 if length < 6 else 2


def alike(one: str, other: str) -> int:
    """With how many letters both begin: few people mistake the first."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def deletions(word: str) -> set[str]:
    """The word, and the word with each one letter left out. Two words with one mistake between them share at least one."""
    cut = word[:LONGEST]
    return {cut} | {cut[:n] + cut[n + 1 :] for n in range(len(cut))}


def distance(one: str, other: str, most: int) -> int:
    """Mistakes between two words; ``most`` + 1 where there are more than ``most``."""
    one, other = one[:LONGEST], other[:LONGEST]
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = list[int](), list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
