"""Which training runs stand in one chart, and what each of them is called there.

That is decided by data alone. The runs that a goal rests on stand together, in a sweep with all
others of the same net. Of the rest, runs of one net that differ in one setting make a set. A run is
named by what differs among those beside it: "adam, lr 0.001".
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from grader.report.text import count, number, one_line
from grader.types import Trained, TrainingGoal

Facts = Mapping[str, Hashable]
MOST_LEFT = 120  # runs that no item rests on and that are looked through
FEWEST_VALUES = 4  # of a setting that nobody asked to vary, from which it is drawn as a sweep
WITHOUT = "no normalization"
CLOSE = 1.1  # scales of the first weights are measured, and off by some per cent


@dataclass(frozen=True)
class Setting:
    """What a run was trained with: how a value is told, and how many values are.

    `axis` is its name across a sweep, if it is a number; `usual` goes without saying.
    """

    told: Callable[[Any], str]
    many: str
    axis: str = ""
    usual: Hashable = None


@dataclass(frozen=True)
class RunSet:
    """Runs of one chart, by their number in the report, with their names, and what all share.

    `over` is the setting that is swept, of which `values` has those of the runs and `series` what
    else tells them apart; without it the chart has epochs across. `items` rest on these runs. What
    belongs nowhere stands in a table only, not `drawn`.
    """

    runs: tuple[int, ...]
    names: tuple[str, ...]
    shared: str
    differ: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    over: str = ""
    values: tuple[float, ...] = ()
    series: tuple[str, ...] = ()
    drawn: bool = True


def layers(sizes: Sequence[int]) -> str:
    """Return "3072-7×50-10": layers of one size are counted."""
    groups = [(size, len(list(same))) for size, same in groupby(sizes[:60])]
    told = [f"{many}×{size}" if many > 2 else "-".join([str(size)] * many) for size, many in groups]
    return "-".join(told[:12]) or "a net"


SETTINGS: Mapping[str, Setting] = {
    "net": Setting(layers, "nets"),
    "normalization": Setting(lambda v: v or WITHOUT, "normalizations", usual=""),
    "rule": Setting(str, "update rules"),
    "dropout": Setting(lambda v: f"dropout {v:g}" if v < 1 else "no dropout", "dropout ratios",
                       usual=1.0),
    "lr": Setting(lambda v: f"lr {number(v, 3)}", "learning rates", "learning rate"),
    "scale": Setting(lambda v: f"scale {number(v)}", "scales of the first weights",
                     "scale of the first weights"),
    "batch": Setting(lambda v: f"batches of {v:,}", "batch sizes", "batch size"),
    "reg": Setting(lambda v: f"reg {number(v, 3)}", "strengths of regularization",
                   "regularization", 0.0),
    "decay": Setting(lambda v: f"decay {number(v, 3)}", "decays of the learning rate", usual=1.0),
    "epochs": Setting(lambda v: count(v, "epoch"), "lengths", "epochs"),
    "images": Setting(lambda v: f"{v[0]:,} images", "sets of images"),
}  # fmt: skip
OVER: Mapping[str, str] = {"initial_scale": "scale", "batch_size": "batch"}  # as a goal calls them
# In a sweep these may differ as well: that is how the judges compare.
LOOSE = ("normalization", "lr", "reg", "decay", "scale")


def sets_of(trained: Sequence[Trained], goals: Sequence[TrainingGoal]) -> tuple[RunSet, ...]:
    """Return the sets of these runs, in the order of their first runs; each run is in one."""
    facts = _facts(trained)
    over = {goal.item: OVER[goal.over] for goal in goals if goal.over in OVER}
    resting: dict[str, list[int]] = {}
    for index, run in enumerate(trained):
        for item in run.items:
            resting.setdefault(item, []).append(index)
    groups = dict(_sweeps(facts, {item: resting[item] for item in over if item in resting}, over))
    for item, runs in resting.items():
        if item not in over:
            groups.setdefault(("", tuple(runs)), []).append(item)
    together = {index for _, runs in groups if len(runs) > 1 for index in runs}
    known = (n for n, run in enumerate(trained) if run.val_accuracy is not None)
    left = [index for index in known if index not in together]
    groups |= {group: [] for group in _alike(facts, left[:MOST_LEFT])}
    made = [_set(facts, runs, items, setting) for (setting, runs), items in groups.items()]
    made.sort(key=lambda one: (one.runs[0], -len(one.runs)))
    charted = {index for one in made for index in one.runs}
    rest: dict[str, list[int]] = {}
    for index, run in enumerate(trained):
        if index not in charted:
            rest.setdefault(run.notebook, []).append(index)
    tables = (replace(_set(facts, tuple(runs), (), ""), drawn=False) for runs in rest.values())
    return (*made, *tables)


Group = tuple[str, tuple[int, ...]]  # the setting that is swept, or nothing, and the runs


def _sweeps(
    facts: Sequence[Facts], resting: Mapping[str, Sequence[int]], over: Mapping[str, str]
) -> Iterator[tuple[Group, list[str]]]:
    """Yield the sweeps that items ask for: one for each net, whatever its normalization."""
    seeds: dict[Hashable, tuple[str, list[int], list[str]]] = {}
    for item, runs in resting.items():
        setting = over[item]
        for run in runs:
            net = (setting, _without(facts[run], {setting, *LOOSE}))
            _, seed, items = seeds.setdefault(net, (setting, [], []))
            seed.append(run)
            items += [item] if item not in items else []
    for setting, seed, items in seeds.values():
        free = {setting, "normalization"}
        near: dict[Hashable, set[Hashable]] = {}  # what else is equal -> values
        for run in seed:
            near.setdefault(_without(facts[run], free), set()).add(facts[run][setting])
        seen: set[Hashable] = set()
        for key, values in sorted(near.items(), key=lambda pair: -len(pair[1])):
            if values <= seen:  # a run beside the sweep, with another learning rate
                del near[key]
            seen |= values
        whole = (n for n, one in enumerate(facts) if _without(one, free) in near)
        yield (setting, tuple(whole)), items


def _alike(facts: Sequence[Facts], left: Sequence[int]) -> Iterator[Group]:
    """Yield the largest group of runs that differ in one setting only, then of the others."""
    while True:
        groups: dict[tuple[str, Hashable], list[int]] = {}
        for name in SETTINGS:
            for run in left:
                groups.setdefault((name, _without(facts[run], {name})), []).append(run)
        sizes = {key: len(runs) for key, runs in groups.items() if _values(facts, runs, key[0]) > 1}
        if not sizes:
            return
        best = max(sizes, key=lambda key: sizes[key])
        swept = SETTINGS[best[0]].axis and _values(facts, groups[best], best[0]) >= FEWEST_VALUES
        yield best[0] if swept else "", tuple(groups[best])
        left = [run for run in left if run not in groups[best]]


def _set(
    facts: Sequence[Facts], runs: tuple[int, ...], items: Sequence[str], setting: str
) -> RunSet:
    differ = [name for name in SETTINGS if _values(facts, runs, name) > 1]
    shared = [
        _told(facts[runs[0]], name)
        for name in SETTINGS
        if name not in differ and facts[runs[0]][name] != SETTINGS[name].usual
    ]
    names = _apart([", ".join(_told(facts[run], name) for name in differ) for run in runs])
    if setting not in differ:
        return RunSet(runs, tuple(names), ", ".join(shared), tuple(differ), tuple(items))
    return RunSet(
        runs, tuple(names), ", ".join(shared), tuple(differ), tuple(items), setting,
        values=tuple(float(facts[run][setting] or 0) for run in runs),  # type: ignore[arg-type]
        series=tuple(_told(facts[run], "normalization") for run in runs),
    )  # fmt: skip


def _apart(names: Sequence[str]) -> list[str]:
    """Return the names, numbered where two are the same."""
    often, seen = Counter(names), Counter[str]()
    made = []
    for name in names:
        seen[name] += 1
        numbered = f"run {seen[name]}" if often[name] > 1 else ""
        made.append(", ".join(filter(None, (name, numbered))) or "this run")
    return made


def _told(facts: Facts, name: str) -> str:
    value = facts[name]
    return one_line(SETTINGS[name].told(value)) if value is not None else f"{name} not known"


def _values(facts: Sequence[Facts], runs: Sequence[int], name: str) -> int:
    return len({facts[run][name] for run in runs})


def _without(facts: Facts, names: set[str]) -> Hashable:
    return tuple(value for name, value in facts.items() if name not in names)


def _facts(trained: Sequence[Trained]) -> list[Facts]:
    """Return the settings of each run, by name, so that those of equal runs are equal."""
    scales = _scales([_first(run) for run in trained])
    made: list[Facts] = []
    for run in trained:
        claim, ratio = run.training, run.training.dropout_keep_ratio
        images: tuple[int, str] = (claim.num_train, claim.train_sha256)
        if claim.rows is not None:
            images = (len(claim.rows), hashlib.sha256(claim.rows.tobytes()).hexdigest())
        made.append({
            "net": claim.layer_sizes, "normalization": claim.normalization or "",
            "rule": claim.update_rule, "dropout": ratio if ratio and 0 < ratio < 1 else 1.0,
            "lr": claim.learning_rate, "scale": scales.get(_first(run)),
            "batch": claim.batch_size, "reg": claim.reg, "decay": claim.lr_decay,
            "epochs": claim.num_epochs, "images": images,
        })  # fmt: skip
    return made


def _first(run: Trained) -> float:
    return next(iter(run.training.initial_weight_std), 0.0)


def _scales(measured: Sequence[float]) -> dict[float, float]:
    """Return one value for all scales that are as good as equal; none for what is no scale."""
    start, found = 0.0, {}
    for each in sorted(value for value in measured if 0 < value < math.inf):
        start = each if each > start * CLOSE else start
        found[each] = start
    return found
