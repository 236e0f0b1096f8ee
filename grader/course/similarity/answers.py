"""Inline answers that are nearly the same: between two students that is rare.

Answers are compared by their pieces of 3 to 5 characters, weighed by how rare a piece is, as the
cosine of the two. Only those that share a rare piece of 20 are compared at all.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from grader.course.similarity.evidence import Entry, Reason

NEAR = 0.8  # cosine: the median of two students is 0.05
WORDS = 15  # of an answer, below which two may be alike by chance
PIECE, STEP = 20, 4
MOST = 6  # submissions with a piece, above which it is a phrase of the course
LONGEST = 5_000  # characters of an answer that are read


def near(entries: Sequence[Entry]) -> Iterator[tuple[tuple[int, int], Reason]]:
    """Yield pairs whose answers to a question are nearly the same."""
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    for place, entry in enumerate(entries):
        for question, text in entry.traces.answers.items():
            plain = " ".join(re.findall(r"\w+", text[:LONGEST].lower()))
            if plain.count(" ") + 1 >= WORDS:
                texts[question][place] = plain
    for question, found in sorted(texts.items()):
        frequency = Counter(piece for text in found.values() for piece in set(_pieces(text)))
        for one, other in sorted(_candidates(found)):
            vectors = [_vector(found[place], frequency, len(found)) for place in (one, other)]
            cosine = _cosine(*vectors)
            if cosine >= NEAR:
                says = f"answers to {question} are nearly the same (cosine {cosine:.2f})"
                yield (one, other), Reason("answers", says, 6.0 * cosine, (question,))


def _candidates(found: dict[int, str]) -> set[tuple[int, int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for place, text in found.items():
        flat = text.replace(" ", "")
        pieces = {flat[i : i + PIECE] for i in range(max(1, len(flat) - PIECE + 1))}
        for piece in pieces:
            if hash_of(piece) % STEP == 0:
                holders[piece].append(place)
    return {
        pair for places in holders.values() if len(places) <= MOST
        for pair in combinations(places, 2)
    }  # fmt: skip


def hash_of(piece: str) -> int:
    """Return a number that is the same in every process."""
    return sum((i + 1) * ord(char) for i, char in enumerate(piece))


def _pieces(text: str) -> list[str]:
    return [text[i : i + k] for k in (3, 4, 5) for i in range(len(text) - k + 1)]


def _vector(text: str, frequency: Counter[str], many: int) -> dict[str, float]:
    counts = Counter(_pieces(text))
    return {p: n * (1 + math.log((1 + many) / (1 + frequency[p]))) for p, n in counts.items()}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    dot = sum(value * other.get(piece, 0.0) for piece, value in one.items())
    sizes = [math.sqrt(sum(value * value for value in each.values())) for each in (one, other)]
    return dot / (sizes[0] * sizes[1]) if all(sizes) else 0.0
