"""Sentences about findings: each reason has one, and of a hidden case it shows no number."""

from __future__ import annotations

import ast
import re
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.judges import Attempt, Finding, Rules, wording
from grader.judges.wording import REASONS, SHOWN
from grader.types import Case

JUDGES = Path(wording.__file__).parent
PROBES = ("p.q", "nets.net_loss", "optim.adam", "layers.affine_regularization")
SIZE = re.compile(
    r"off by (?:up to )?\S+ %|would be \S+ %|(?:is|are) (?:up to )?\S+ % of (?:its|their) size"
)
LAYER = 7  # of all numbers about a hidden net, this one may be read


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def a_look(rng: np.random.Generator, secrets: list[int]) -> Attempt:
    """A hidden case whose inputs, options, shapes, outputs and names of outputs are secrets."""
    a, b, c, d = secrets
    case = Case(
        id="i/c", item="i", probe=str(rng.choice(PROBES)), inputs={"x": f"{a}x{b}"},
        options={"keep": c, "dims": [a, b]}, public=False, judge="", part=None, only=(), needs=(),
        alternatives=(),
    )  # fmt: skip
    arrays = {f"W{d}": np.full((2, 2), c), f"n{a}_{b}": np.zeros(1), "x" * 40: np.zeros(1)}
    refused = dict.fromkeys(("dW", "out", "next_w"), f"a str that is no array ({a}, {b})")
    return Attempt(case, {"x": np.full((2, 2), a)}, arrays, refused, (), Rules(1e-9, 1e-4))


def a_finding(reason: str, rng: np.random.Generator, secrets: list[int]) -> Finding:
    """A finding with every fact that a judge hands over, each a secret."""
    a, b, c, d = secrets
    names = fields(REASONS[reason].public) - {"layer", "got", "want"}
    facts: dict[str, Any] = {name: secrets[i % 4] for i, name in enumerate(sorted(names))}
    facts |= {"got": (a, b), "want": (c, d), "layer": LAYER}
    arrays = {"wrong": np.ones((2, 2), bool), "expected": np.full(2, a), "got": np.full(2, b)}
    error, at = float(rng.random()), (c, d)
    subject = str(rng.choice(["", "dW", "out"]))
    return Finding("next_w", reason, facts, error, 1e-9, at, **arrays, subject=subject)


@pytest.mark.parametrize("reason", REASONS)
def test_a_hidden_sentence_is_made_of_what_may_be_shown(reason: str) -> None:
    assert fields(REASONS[reason].hidden) <= set(SHOWN)


@pytest.mark.parametrize("reason", REASONS)
def test_no_number_of_a_hidden_case_is_in_its_sentence(reason: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        secrets = [int(n) for n in rng.integers(100, 10**6, 4)]
        attempt = a_look(rng, secrets)
        sentence = wording.hidden(a_finding(reason, rng, secrets), attempt)
        left = SIZE.sub("", sentence).replace("float32", "").replace("float64", "")
        left = left.replace("length 1", "").replace(f"layer {LAYER}", "")
        left = left.replace("not by 0 or one", "").replace("around 0", "")
        assert sentence and not re.search(r"\d", left), sentence
        assert "x" * 40 not in sentence


def test_a_public_sentence_shows_the_numbers() -> None:
    """The test above would pass if nothing were ever shown."""
    rng = np.random.default_rng(0)
    secrets = [123456, 234567, 345678, 456789]
    shown = {
        reason
        for reason in REASONS
        if re.search(r"\d{6}|\de\+05", wording.public(
            a_finding(reason, rng, secrets), a_look(rng, secrets)
        ))
    }  # fmt: skip
    assert shown >= {
        reason for reason, row in REASONS.items() if fields(row.public) - fields(row.hidden)
    }


def reasons_in(path: Path) -> set[str]:
    """Return the texts of a judge's module that are reasons: all but docstrings and names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return {text for text in REASONS if text in texts}


def test_every_reason_is_one_that_some_judge_gives() -> None:
    given = [reasons_in(path) for path in JUDGES.glob("*.py") if path.stem != "wording"]
    assert set().union(*given) == set(REASONS)


TEXTS: dict[str, dict[str, Any]] = {
    "a sentence as the reason": {"reason": "x is 3.14, expected 2.71"},
    "a sentence as the output": {"output": "x is 3.14"},
    "a sentence as the subject": {"subject": "x is 3.14"},
    "a text among the facts": {"facts": {"got": "3.14"}},
    "texts in a shape": {"facts": {"got": ("3.14",)}},
    "an array among the facts": {"facts": {"got": np.ones(2)}},
}


@pytest.mark.parametrize("change", TEXTS.values(), ids=TEXTS.keys())
def test_a_judge_cannot_hand_over_text(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"output": "x", "reason": "shape", "facts": {"got": (1, 2), "std": 0.5}}
    Finding(**given)
    with pytest.raises(TypeError, match="name a row of REASONS, no text"):
        Finding(**{**given, **change})


def test_there_is_no_sentence_about_what_is_right() -> None:
    right = a_look(np.random.default_rng(0), [1, 2, 3, 4])
    assert wording.hidden(Finding("x"), right) == ""


def test_a_hidden_sentence_has_no_name_of_the_students_own() -> None:
    spelt = replace(a_look(np.random.default_rng(0), [1, 2, 3, 4]), arrays={"edcfo": np.ones(2)})
    finding = Finding("W1", "no parameter")
    assert "edcfo" in wording.public(finding, spelt)
    assert wording.hidden(finding, spelt) == "params has no 'W1'"
