"""Fingerprints: hashes of k tokens in a row, of which each window of w keeps its smallest.

Two texts that share k + w - 1 tokens in a row share a fingerprint (winnowing; Schleimer, Wilkerson
and Aiken, SIGMOD 2003). k = 8, w = 4 is for functions of 3 to 15 lines; whole programs want more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from grader.course.similarity.tokens import Token

K, W = 8, 4
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def hashes(tokens: Sequence[Token]) -> np.ndarray:
    """Return the hash of every K tokens in a row, uint64, one for each start."""
    codes = np.array([_code(token.kind) for token in tokens], dtype=np.uint64)
    many = len(codes) - K + 1
    if many < 1:
        return np.zeros(0, dtype=np.uint64)
    found = np.zeros(many, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for shift in range(K):
            found = found * _BASE + codes[shift : shift + many]
        found ^= found >> np.uint64(32)
        found *= _MIX
        found ^= found >> np.uint64(29)
    return found


def winnowed(found: np.ndarray) -> np.ndarray:
    """Return where the smallest hash of each window of W stands, each place once."""
    if len(found) == 0:
        return np.zeros(0, dtype=int)
    width = min(W, len(found))
    windows = np.lib.stride_tricks.sliding_window_view(found, width)
    return np.unique(windows.argmin(axis=1) + np.arange(len(windows)))


def form(tokens: Sequence[Token]) -> str:
    """Return the hash of a whole function, after renaming."""
    return hashlib.sha256(" ".join(token.kind for token in tokens).encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def _code(kind: str) -> int:
    return int.from_bytes(hashlib.blake2b(kind.encode(), digest_size=8).digest(), "big")
