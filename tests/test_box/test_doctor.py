"""`grade doctor` says what this machine gives, and what to do about what it does not give."""

from __future__ import annotations

import dataclasses
import io
import os
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from grader import cli, resources
from grader.box import doctor, outer
from grader.box.doctor import ATTEMPTS, Examination, Layer
from grader.cli import examination
from grader.guest import landlock, seccomp
from grader.types import BoxState

LAYERS = ("bubblewrap", "uid", "rlimits", "landlock", "seccomp")


@pytest.fixture(scope="module")
def here() -> Examination:
    return doctor.examine(resources.golden_folder() / "manifest.json")


def test_with_no_layer_everything_gets_through_and_in_the_box_nothing(here: Examination) -> None:
    assert set(here.open) == set(ATTEMPTS), "an attempt that never works proves nothing"
    assert here.through == () and here.isolated and here.box.isolated


def test_each_layer_that_is_here_stops_what_it_is_for(here: Examination) -> None:
    alone = {layer.name: set(layer.stops) for layer in here.layers if not layer.why}
    assert tuple(layer.name for layer in here.layers) == LAYERS
    assert "take 3 GB of memory" in alone["rlimits"]
    assert {"read a golden file", "write a file outside"} <= alone.get("landlock", set(ATTEMPTS))
    wanted = {"connect to a server", "change a file's mode", "start a process"}
    assert wanted <= alone.get("seccomp", set(ATTEMPTS))
    assert {"read a golden file", "connect to a server"} <= alone.get("bubblewrap", set(ATTEMPTS))
    if os.geteuid() == 0:
        assert "signal its parent" in alone["uid"]
    assert all(layer.stops for layer in here.layers if not layer.why and not layer.needless)


def test_the_name_of_every_attempt_fits_into_the_table() -> None:
    assert max(map(len, ATTEMPTS)) <= 20, "the table must fit into 80 columns"


def test_without_bubblewrap_the_inner_layers_hold_and_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outer, "program", lambda: None)
    found = doctor.examine(resources.golden_folder() / "manifest.json")
    said = _printed(found)
    assert found.isolated and "To do: bubblewrap: there is no bwrap" in said
    assert "The inner layers hold without it" in said and "- bubblewrap not here" in said


def test_a_machine_that_cannot_confine_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No bubblewrap, and student code that can do what an attempt tries."""
    monkeypatch.setattr(outer, "program", lambda: None)
    monkeypatch.setattr(doctor, "INNER", ("uid", "rlimits"))
    found = doctor.examine(resources.golden_folder() / "manifest.json")
    assert not found.isolated and "read a golden file" in found.through
    monkeypatch.setattr(doctor, "examine", lambda golden: found)
    ran = CliRunner().invoke(cli.app_of(), ["doctor"])
    assert ran.exit_code == 3
    assert "Not isolated" in ran.output and "container" in ran.output


def test_a_gap_says_what_it_is_and_what_to_do(here: Examination) -> None:
    gap = Layer("landlock", "", (), "this kernel has none: use Linux 5.13 or newer")
    layers = tuple(gap if layer.name == "landlock" else layer for layer in here.layers)
    said = _printed(dataclasses.replace(here, layers=layers))
    assert "- landlock   not here" in said and "To do: landlock: this kernel has none" in said


def test_a_box_that_claims_more_than_it_holds_is_not_isolated(here: Examination) -> None:
    state = BoxState("bubblewrap", ("rlimits", "landlock", "seccomp"), True)
    leaky = dataclasses.replace(here, box=state, through=("read a golden file",))
    assert not leaky.isolated and "could still read a golden file" in _printed(leaky)


def test_versions_are_told(here: Examination) -> None:
    said = _printed(here)
    assert f"ABI {landlock.abi()}" in said and os.uname().release in said
    assert seccomp.ARCHITECTURES and "NumPy" in said


def test_it_leaves_nothing_behind(here: Examination, tmp_path: Path) -> None:
    for folder in ("/dev/shm", "/tmp"):
        left = [name for name in os.listdir(folder) if name.startswith(f"backgrade-{os.getpid()}-")]
        assert left == []


def _printed(found: Examination) -> str:
    text = io.StringIO()
    examination.show(found, Console(file=text, width=80))
    assert "…" not in text.getvalue(), "the table does not fit into 80 columns"
    return text.getvalue()
