"""exp and log in long double that give the same bits on every x86-64 processor.

glibc takes both from x87 instructions, whose last bit differs between processors. Sums, products
and quotients are rounded alike everywhere, so a series of them is too: golden answers are the same
bytes wherever they are built.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

TERMS = 24  # of each series: what is left out is far below the last bit of a long double
# log 2 in two parts: HIGH has few bits, so that a whole number times HIGH is exact.
HIGH = np.longdouble("0.693147182464599609375")
LOW = np.longdouble("-1.904654299957767878541823431924499639e-9")
SQUARES = 16  # of the series of log: its argument is at most 0.172, squared 0.0295


def exp(x: Any) -> Any:
    """Return e ** x, of the shape and dtype of x; anything but long double is NumPy's own matter.

    x = k log 2 + r with |r| <= log(2) / 2, then the power series in r.
    """
    x = np.asarray(x)
    if x.dtype != np.longdouble:
        return np.exp(x)
    k = np.rint(x / (HIGH + LOW))
    r = (x - k * HIGH) - k * LOW
    total = np.ones_like(r)
    for n in range(TERMS, 0, -1):
        total = 1 + total * r / n
    return np.ldexp(total, k.astype(np.intc))


def log(x: Any) -> Any:
    """Return the natural logarithm of positive x, of its shape and dtype; see `exp`.

    x = 2 ** k m with m between sqrt(1/2) and sqrt(2), then the series of artanh.
    """
    x = np.asarray(x)
    if x.dtype != np.longdouble:
        return np.log(x)
    m, k = np.frexp(x)
    low = m < np.sqrt(np.longdouble(0.5))
    m, k = np.where(low, 2 * m, m), k - low
    s = (m - 1) / (m + 1)
    return k * HIGH + (2 * s * _artanh_over(s) + k * LOW)


def _artanh_over(s: Any) -> Any:
    """Return artanh(s) / s."""
    total = np.zeros_like(s)
    for n in range(SQUARES, -1, -1):
        total = np.longdouble(1) / (2 * n + 1) + total * s * s
    return total


class PortableNumPy(ModuleType):
    """NumPy with this module's exp and log."""

    exp, log = staticmethod(exp), staticmethod(log)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def use(module: ModuleType) -> None:
    """Let a module of the reference take exp and log from here."""
    if getattr(module, "np", None) is np:
        vars(module)["np"] = PortableNumPy("numpy")
