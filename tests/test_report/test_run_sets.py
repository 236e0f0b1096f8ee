"""Which runs are drawn together, and what each is called there."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.report.run_sets import sets_of
from grader.types import Trained, TrainingGoal
from tests.support.training_runs import net, run

DEEP = net(50, 50, 50)
BEATS = (TrainingGoal("rules", "beats"),)
SCALES = (TrainingGoal("scales", "sweeps", "initial_scale"),)
SIZES = (TrainingGoal("bn", "sweeps", "batch_size"), TrainingGoal("ln", "sweeps", "batch_size"))


def of(*items: str, **told: Any) -> Trained:
    return replace(run(**told), items=items)


def scale(value: float, *items: str, **told: Any) -> Trained:
    return of(*items, layer_sizes=DEEP, initial_weight_std=(value, 0.5), **told)


# what -> runs, goals, and of each set (runs, names, what is swept)
SETS: dict[str, tuple[Sequence[Trained], Sequence[TrainingGoal], list[tuple[Any, Any, str]]]] = {
    "one run alone": ([of("rules")], BEATS, [((0,), ["this run"], "")]),
    "a pair that a goal compares": (
        [of("rules", update_rule="adam", learning_rate=1e-3), of("rules")], BEATS,
        [((0, 1), ["adam", "sgd"], "")],
    ),
    "a pair in which two settings differ": (
        [of("rules", update_rule="adam", learning_rate=1e-4), of("rules")], BEATS,
        [((0, 1), ["adam, lr 0.0001", "sgd, lr 0.001"], "")],
    ),
    "the same run twice": (
        [of("rules"), of("rules")], BEATS, [((0, 1), ["run 1", "run 2"], "")],
    ),
    "a sweep, with the runs that learned nothing": (
        [scale(0.01, "scales", normalization="batchnorm"), scale(0.01), scale(1e-4),
         scale(0.1, "scales", normalization="batchnorm")],
        SCALES,
        [((0, 1, 2, 3), ["batchnorm, scale 0.01", "no normalization, scale 0.01",
                         "no normalization, scale 0.0001", "batchnorm, scale 0.1"], "scale")],
    ),
    "scales are measured, and as good as equal": (
        [scale(0.00998, "scales"), scale(0.01003, "scales"), scale(0.0317, "scales")], SCALES,
        [((0, 1, 2), ["scale 0.01, run 1", "scale 0.01, run 2", "scale 0.032"], "scale")],
    ),
    "two goals that sweep one net are one chart": (
        [of("bn", normalization="batchnorm", batch_size=5), of(batch_size=50),
         of("bn", normalization="batchnorm", batch_size=50),
         of("ln", normalization="layernorm", batch_size=5),
         of("ln", normalization="layernorm", batch_size=50)],
        SIZES,
        [((0, 1, 2, 3, 4), ["batchnorm, batches of 5", "no normalization, batches of 50",
                            "batchnorm, batches of 50", "layernorm, batches of 5",
                            "layernorm, batches of 50"], "batch")],
    ),
    "a sweep of two nets is two charts": (
        [of("bn", batch_size=5), of("bn", batch_size=9), of("bn", batch_size=5, layer_sizes=DEEP),
         of("bn", batch_size=9, layer_sizes=DEEP)],
        SIZES,
        [((0, 1), ["batches of 5", "batches of 9"], "batch"),
         ((2, 3), ["batches of 5", "batches of 9"], "batch")],
    ),
    "a run that only shares the net is not part of the sweep": (
        [of("bn", batch_size=5), of("bn", batch_size=9), of("bn", batch_size=9, learning_rate=1.0)],
        SIZES,
        [((0, 1), ["batches of 5", "batches of 9"], "batch"), ((2,), ["this run"], "")],
    ),
    "a sweep again, with another learning rate": (
        [of("bn", batch_size=size, learning_rate=rate) for rate in (1.0, 2.0) for size in (5, 9)],
        SIZES,
        [((0, 1), ["batches of 5", "batches of 9"], "batch"),
         ((2, 3), ["batches of 5", "batches of 9"], "")],
    ),
    "a sweep with a learning rate for each value": (
        [of("bn", batch_size=5, learning_rate=1.0), of("bn", batch_size=9, learning_rate=2.0)],
        SIZES,
        [((0, 1), ["lr 1, batches of 5", "lr 2, batches of 9"], "batch")],
    ),
    "a sweep with one value is no sweep": ([of("bn")], SIZES, [((0,), ["this run"], "")]),
    "a search over a number": (
        [of(learning_rate=10.0**-n) for n in range(4)], (),
        [((0, 1, 2, 3), ["lr 1", "lr 0.1", "lr 0.01", "lr 0.001"], "lr")],
    ),
    "a short search is a comparison": (
        [of(learning_rate=1.0), of(learning_rate=2.0)], (), [((0, 1), ["lr 1", "lr 2"], "")],
    ),
    "a search, and its best run by itself": (
        [of(reg=0.1), of("rules", reg=0.2)], BEATS,
        [((0, 1), ["reg 0.1", "reg 0.2"], ""), ((1,), ["this run"], "")],
    ),
    "runs that differ in several settings": (
        [of(reg=0.1), of(learning_rate=2.0)], (),
        [((0, 1), ["lr 0.001, reg 0.1", "lr 2, reg 0"], "")],
    ),
    "settings that nobody knows": (
        [of(reg=None, learning_rate=None, initial_weight_std=()), of(reg=0.1, learning_rate=None,
                                                                      initial_weight_std=())],
        (), [((0, 1), ["reg not known", "reg 0.1"], "")],
    ),
    "dropout": (
        [of(dropout_keep_ratio=0.25), of(dropout_keep_ratio=1.0)], (),
        [((0, 1), ["dropout 0.25", "no dropout"], "")],
    ),
    "other images of the same number": (
        [of(rows=np.arange(50)), of(rows=np.arange(50) + 1)], (),
        [((0, 1), ["50 images, run 1", "50 images, run 2"], "")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SETS)
def test_runs_stand_together_and_are_named_by_what_differs(what: str) -> None:
    trained, goals, expected = SETS[what]
    found = sets_of(trained, goals)
    assert [(one.runs, list(one.names), one.over) for one in found] == expected
    assert {index for one in found for index in one.runs} == set(range(len(trained)))


def test_what_all_share_is_told_once_and_what_is_usual_is_not() -> None:
    runs = [of("rules", update_rule=rule, layer_sizes=net(*[100] * 5)) for rule in ("sgd", "adam")]
    (one,) = sets_of(runs, BEATS)
    assert (
        one.shared == "3072-5×100-10, lr 0.001, scale 0.02, batches of 100, 10 epochs, 1,000 images"
    )
    assert one.differ == ("rule",) and one.items == ("rules",)


def test_runs_that_belong_nowhere_are_in_a_table_of_their_notebook() -> None:
    runs = [of(reg=0.1), of(learning_rate=2.0), replace(of(batch_size=7, reg=9.0), notebook="N")]
    found = sets_of(runs, ())
    assert [(one.runs, one.drawn) for one in found] == [((0, 1), False), ((2,), False)]


def test_a_sweep_knows_its_items_values_and_lines() -> None:
    trained, goals, _ = SETS["two goals that sweep one net are one chart"]
    (one,) = sets_of(trained, goals)
    assert one.items == ("bn", "ln") and one.differ == ("normalization", "batch")
    assert one.values == (5, 50, 50, 5, 50)
    assert one.series == ("batchnorm", "no normalization", "batchnorm", "layernorm", "layernorm")
    assert one.shared == "3072-100-10, sgd, lr 0.001, scale 0.02, 10 epochs, 1,000 images"
    (unknown,) = sets_of([scale(0.1, "scales"), scale(math.inf, "scales")], SCALES)
    assert unknown.values == (0.1, 0)


MEASURED = {  # scales -> how many different ones
    "steps": ((1e-3, 1e-2, 1e-1), 3), "the same": ((0.01, 0.0105), 1), "near": ((0.01, 0.0112), 2),
    "none": ((0.0, -1.0, math.nan, math.inf), 1), "a row of near ones": ((1.0, 1.05, 1.12), 2),
}  # fmt: skip


@pytest.mark.parametrize("what", MEASURED)
def test_scales_differ_by_more_than_is_measured(what: str) -> None:
    values, many = MEASURED[what]
    found = sets_of([of("rules", initial_weight_std=(value,)) for value in values], BEATS)
    assert len({re.sub("(, )?run .*", "", name) for name in found[0].names}) == many


def test_the_largest_set_is_found_first() -> None:
    runs = [of(reg=0.1), of(reg=0.2), of(learning_rate=1.0), of(learning_rate=2.0),
            of(learning_rate=3.0), of(learning_rate=4.0, reg=0.2)]  # fmt: skip
    shared = [of(learning_rate=2.0), of(learning_rate=2.0, reg=0.5), of(), of(learning_rate=3.0)]
    assert [one.runs for one in sets_of(shared, ())] == [(0, 2, 3), (1,)]
    found = [(one.runs, one.over) for one in sets_of([*runs, of(learning_rate=9.0)], ())]
    assert found == [((1, 5), ""), ((2, 3, 4, 6), "lr"), ((0,), "")]


def test_settings_that_are_no_number_have_no_axis() -> None:
    rules = [of(update_rule=rule) for rule in ("sgd", "adam", "rmsprop", "sgd_momentum")]
    assert [one.over for one in sets_of(rules, ())] == [""]


FOREIGN = {  # what -> one run and another, of images that the grader does not have; are they alike
    "the same": ({}, {}, True),
    "other images": ({}, {"train_sha256": "f" * 64}, False),
    "another number": ({}, {"num_train": 7}, False),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_images_that_the_grader_does_not_have_are_told_apart(what: str) -> None:
    first, second, alike = FOREIGN[what]
    runs = [of("rules", rows=None, **told) for told in (first, second)]
    (one,) = sets_of(runs, BEATS)
    assert ("images" not in one.differ) == alike


def test_what_could_not_be_computed_again_is_drawn_only_if_an_item_rests_on_it() -> None:
    unknown = [replace(of(reg=reg), val_accuracy=None, train_accuracy=None) for reg in (0.1, 0.2)]
    assert [one.drawn for one in sets_of(unknown, ())] == [False]
    assert [one.drawn for one in sets_of([of(reg=0.1), of(reg=0.2)], ())] == [True]
    rested = [replace(run, items=("rules",)) for run in unknown]
    assert [one.drawn for one in sets_of(rested, BEATS)] == [True]


def test_hundreds_of_runs_are_sorted_quickly_enough() -> None:
    runs = [of(learning_rate=float(n), reg=float(n % 7)) for n in range(400)]
    found = sets_of(runs, ())
    assert len({index for one in found for index in one.runs}) == 400
