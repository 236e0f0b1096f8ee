"""Numbers about many: means, quartiles, how well a check tells students apart."""

from __future__ import annotations

import numpy as np

FEW = 10  # students, below which a correlation says nothing


def quartiles(values: np.ndarray) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper one, between neighbours by halves."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), method="averaged_inverted_cdf")
    return float(low), float(middle), float(high)


def discrimination(shares: np.ndarray, rest: np.ndarray) -> float | None:
    """Return the correlation of the shares of one item or check with those of all other items.

    That is Pearson's, over students who have both; 1 where good students get it and others do not,
    0 where it has nothing to do with the rest. None for few students, or if all are equal.
    """
    known = np.isfinite(shares) & np.isfinite(rest)
    one, other = shares[known], rest[known]
    if len(one) < FEW or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def ahead(ours: np.ndarray, others: np.ndarray) -> float:
    """Return how often one of ours is above one of the others; equal ones count by half."""
    below = np.searchsorted(np.sort(others), ours, side="left")
    upto = np.searchsorted(np.sort(others), ours, side="right")
    return float((below + upto).mean() / 2 / len(others))


def histogram(shares: np.ndarray, bins: int) -> list[int]:
    """Return how many shares from 0 to 1 fall into each of so many equal bins; 1 is in the last."""
    places = np.clip(np.floor(shares * bins + 1e-9).astype(int), 0, bins - 1)
    return [int(n) for n in np.bincount(places, minlength=bins)]
