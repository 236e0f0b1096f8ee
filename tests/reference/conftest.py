"""Lets the tests of this folder import the textbook as `cs231n`; no other test relies on it."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "reference"), str(HERE)]


@pytest.fixture
def real_cifar():
    """The folder of real CIFAR-10 images; skips, saying so, where there is none."""
    place = os.environ.get("BACKGRADE_CIFAR10", str(ROOT.parent / "shared" / "data"))
    if not os.path.isdir(place):
        pytest.skip(f"NO REAL CIFAR-10 at {place}: set BACKGRADE_CIFAR10 to run this test")
    return place


@pytest.fixture(autouse=True)
def private_cache(monkeypatch, tmp_path_factory):
    """Keep the tests out of the user's cache and data: one cache folder for the whole session."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("BACKGRADE_DATA", raising=False)
