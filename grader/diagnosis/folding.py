"""Does a net fail only by the mistake that another net pays for already?

Over stand-in layers (grader.guest.probes.stand_ins) all right nets give the same numbers: a net
with batch normalization gives what the plain net gives with gamma and beta multiplied into its
weights. So if two nets are wrong, and are wrong there by the very same numbers, the second has no
mistake of its own: its layers stand where they should, with the right parameters, gradients and
modes. Nets of two classes must share a helper of the student's, too, for a mistake that is written
twice is two.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.box.job import Job
from grader.box.session import Session
from grader.diagnosis import trace
from grader.grading.dependencies import kind
from grader.grading.outcome import Consequence
from grader.grading.rerun import Rerun
from grader.guest.modules import GRADED
from grader.guest.operations import NETS
from grader.guest.probes import folds, stand_ins
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.submission.bodies import computed
from grader.submission.written import tree_of
from grader.types import Arrays, Call, Case, Evidence

SAME = 1e-9  # of an array's largest number: one mistake in two places rounds a little differently
NO_PENALTY = ("dgamma", "dbeta")  # gradients that regularization leaves alone
ONE, DEEP = (4, 5, 3), (4, 5, 4, 3)
NORMS = (None, "batchnorm", "layernorm")


@dataclass(frozen=True)
class Fold:
    """One question to nets of several kinds: `two_layer` says whether TwoLayerNet is asked too.

    Folds of equal `dims` have equal arrays.
    """

    name: str
    fold: str
    dims: tuple[int, ...]
    reg: float = 0.0
    two_layer: bool = False

    def case(self, item: str) -> str:
        """Return the id of the case that asks an item's net."""
        return f"fold/{len(self.dims)}_layers/{self.name}/{item}"

    def asks(self, net: Net) -> bool:
        """Say whether a net can be asked."""
        if net.name == "TwoLayerNet":
            return self.two_layer
        return net.normalization is None if self.fold == "dropout" else net.keep == 1


@dataclass(frozen=True)
class Net:
    """What an item's net is: its class, and what FullyConnectedNet is built with."""

    name: str
    normalization: str | None = None
    keep: float = 1.0

    @property
    def layers(self) -> bool:
        """Whether it has layers that a plain net lacks."""
        return self.normalization is not None or self.keep != 1


FOLDS = (
    Fold("affine", "affine", DEEP),
    Fold("plain", "none", ONE, two_layer=True),
    Fold("penalty", "none", ONE, reg=0.5, two_layer=True),
    Fold("plain_deep", "none", DEEP),
    Fold("penalty_deep", "none", DEEP, reg=0.5),
    Fold("dropout", "dropout", DEEP),
)


def consequences(rerun: Rerun, explained: Collection[str]) -> dict[str, Consequence]:
    """Return the items whose mistake another one pays for; none of those `explained` already."""
    facts, grafts = rerun.facts, rerun.assignment.grafts
    lost = {
        name: set(facts.lost(name))
        for name, verdict in facts.failed().items()
        if kind(verdict.item) == "nets" and name not in explained and not facts.is_slow(name)
    }
    asked = {name: net_of(facts.verdicts[name].item) for name, parts in lost.items() if parts}
    if len(asked) < 2 or "layers" not in grafts:
        return {}
    cases = [_case(item, net, fold) for item, net in asked.items() for fold in FOLDS
             if fold.asks(net)]  # fmt: skip
    layers = grafts["layers"] + b"\n\n" + Path(stand_ins.__file__).read_bytes()
    seen = rerun.nets(cases, rerun.over({"layers": layers}))
    found: dict[str, Consequence] = {}
    for number, (item, net) in enumerate(asked.items()):
        earlier = list(asked)[:number]
        for other in sorted(earlier, key=lambda name: asked[name].name != net.name):
            start = {"init"} if _same_start(item, other, facts.rubric, facts.evidence) else set()
            with np.errstate(all="ignore"):  # a student's numbers may be anything
                same = _same(item, other, lost[item] - start, seen, facts.rubric)
            if not same or not _calls_its_own(item, net, seen):
                continue
            owner = other
            if net.name != asked[other].name:
                if not rerun.assignment.solved:
                    continue
                with rerun.session(rerun.reference_over({"layers": layers})) as right:
                    owner = _owner(right, (item, other), seen, rerun)
            if owner == item:  # the other class is this one, or holds it
                found[other] = _by(item, lost[other])
            elif owner:
                found[item] = _by(found[other].root if other in found else other, lost[item])
                break
    return found


def _by(root: str, lost: Collection[str]) -> Consequence:
    return Consequence(root, dict.fromkeys(lost, True))


def net_of(item: Item) -> Net:
    """Return what the net of an item is, by its cases."""
    if any((case.probe or "").startswith("nets.two_layer") for case in item.cases):
        return Net("TwoLayerNet")
    keeps = [case.options["keep"] for case in item.cases if "keep" in case.options]
    if keeps:
        return Net("FullyConnectedNet", keep=0.5)
    norms = {case.options.get("normalization") for case in item.cases}
    return Net("FullyConnectedNet", normalization=next(iter(norms)) if len(norms) == 1 else None)


def _case(item: str, net: Net, fold: Fold) -> Case:
    """Return the question; nets of all kinds get the same arrays."""
    dims = fold.dims
    count = sum((a + 1) * b for a, b in zip(dims, dims[1:])) + 2 * sum(dims[1:-1])
    options = {"dims": list(dims), "net": net.name, "fold": fold.fold, "reg": fold.reg}
    if net.name != "TwoLayerNet":
        options |= {"normalization": net.normalization, "keep": net.keep}
    inputs = {
        "x": f"2x5x{dims[0]}", "y": f"2x5 labels={dims[-1]}", "theta": f"{count} *1/2",
    }  # fmt: skip
    return Case(
        fold.case(item), item, "folds.folded", inputs, options, public=False,
        judge="values.close", part=None, only=(), needs=(), alternatives=(),
    )  # fmt: skip


def _same(
    item: str, other: str, lost: Collection[str], seen: Mapping[str, Evidence], rubric: Rubric
) -> bool:
    """Say whether all that is wrong about a net, in every lost part, is wrong about another.

    Where both stop in the same line, that may be any part; but somewhere its layers must be seen.
    """
    shown: set[str] = set()
    verified = False
    for fold in FOLDS:
        pair = [seen.get(fold.case(name)) for name in (item, other)]
        if pair[0] is None or pair[1] is None:
            continue
        if any(one is None or one.outcome != "answered" for one in pair):
            if _stop(pair[0]) is None or _stop(pair[0]) != _stop(pair[1]):
                return False
            shown |= set(lost)
            continue
        verified |= fold.fold != "none"
        mine, theirs = pair[0].arrays, pair[1].arrays
        net = net_of(rubric.item(item))
        case = _case(item, net, fold)
        right = _right(rubric.case_inputs(case), fold)
        if fold.reg:  # it adds nothing to gradients of gamma and beta, which a plain net lacks
            right |= _without_penalty(item, fold, seen)
            mine = {n: a for n, a in mine.items() if net.layers or not n.startswith(NO_PENALTY)}
        wrong = [name for name in mine if name in right and not _close(mine[name], right[name])]
        if "scores_stretched" in wrong and _close(mine["scores_stretched"], right["scores"]):
            wrong.remove("scores_stretched")  # batch normalization never left training, by itself
        if not _depends_on_all(mine) or not all(
            name in theirs and _close(mine[name], theirs[name]) for name in wrong
        ):
            return False
        shown |= set(_parts(wrong, fold))
    return set(lost) <= shown and (verified or not net_of(rubric.item(item)).layers)


def _calls_its_own(item: str, net: Net, seen: Mapping[str, Evidence]) -> bool:
    """Say whether a net calls the layers that it is asked for, and none that another one is.

    The stand-ins of both normalizations are alike, and two nets may leave out theirs alike.
    """
    own = "dropout" if net.keep != 1 else net.normalization
    folds_of = [seen.get(fold.case(item)) for fold in FOLDS if fold.fold != "none"]
    answered = [one for one in folds_of if one is not None and one.outcome == "answered"]
    called = [{call.name.partition("_")[0] for call in one.calls} for one in answered]
    extra = {"batchnorm", "layernorm", "dropout"}
    return own is None or all(names & extra == {own} for names in called)


def _stop(evidence: Evidence) -> tuple[str, str, int] | None:
    """Return (kind, file, line) of the exception that a case stopped with."""
    raised = evidence.raised if evidence.outcome == "raised" else None
    return (raised.type, *raised.frames[-1][:2]) if raised and raised.frames else None


def _same_start(item: str, other: str, rubric: Rubric, evidence: Mapping[str, Evidence]) -> bool:
    """Say whether two nets that differ in their normalization start with the same parameters."""
    cases = {case.id: case for case in rubric.cases if case.probe == "nets.net_init"}
    pairs = [
        (evidence[case_id], evidence[twin])
        for case_id, case in cases.items()
        for twin in [f"{other}/{case_id.partition('/')[2]}"]
        if case.item == item and twin in cases and cases[twin].only == case.only
        if cases[twin].options["dims"] == case.options["dims"]
    ]
    return bool(pairs) and all(
        one.outcome == two.outcome == "answered"
        and one.arrays.keys() == two.arrays.keys()
        and all(_drawn_alike(one.arrays[name], two.arrays[name]) for name in one.arrays)
        for one, two in pairs
    )


def _drawn_alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether two parameters have one shape, and are equal unless both are drawn at random."""
    random = [array.size > 1 and bool(np.ptp(array)) for array in (one, other)]
    return one.shape == other.shape and (all(random) or np.array_equal(one, other))


def _without_penalty(item: str, fold: Fold, seen: Mapping[str, Evidence]) -> Arrays:
    """Return a net's gradients of gamma and beta for the same question without regularization."""
    plain = next(f for f in FOLDS if (f.dims, f.fold, f.reg) == (fold.dims, fold.fold, 0.0))
    arrays = seen[plain.case(item)].arrays
    return {name: array for name, array in arrays.items() if name.startswith(NO_PENALTY)}


def _parts(wrong: Sequence[str], fold: Fold) -> Iterator[str]:
    """Yield the parts of an item that wrong numbers of a fold may have cost."""
    for name in wrong:
        if name.startswith("scores"):
            yield from ("scores", "test_mode")
        else:
            yield "loss" if name == "loss" else "gradients"
        if fold.reg:
            yield "regularization"
        if fold.fold == "dropout":  # its gradients are held against its own loss
            yield from ("training", "gradients")


def _depends_on_all(arrays: Arrays) -> bool:
    """Say whether every gradient is there and some number of it is not 0: no net of constants."""
    return all(
        np.all(np.isfinite(array)) and np.any(array)
        for name, array in arrays.items()
        if name.startswith("d")
    )


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if one.size != other.size or not np.all(np.isfinite(one)):
        return False
    size = float(np.max(np.abs(other), initial=0.0)) or 1.0
    return bool(np.max(np.abs(one.ravel() - other.ravel()), initial=0.0) <= SAME * size)


def _right(inputs: Arrays, fold: Fold) -> dict[str, np.ndarray]:
    """Return what a right net gives: a plain net of ReLUs, then the chain rule."""
    dims = list(fold.dims)
    values = folds.values_of(inputs["theta"], dims, fold.fold)
    plain = folds.multiplied(values, dims)
    x, y = inputs["x"][-1], inputs["y"][-1]
    outs, last = [x], len(dims) - 1
    for layer in range(1, last):
        outs.append(np.maximum(0.0, outs[-1] @ plain[f"W{layer}"] + plain[f"b{layer}"]))
    scores = outs[-1] @ plain[f"W{last}"] + plain[f"b{last}"]
    log_probs = scores - scores.max(axis=1, keepdims=True)
    log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
    rows = np.arange(len(x))
    found = {"loss": -log_probs[rows, y].mean()}
    dout = np.exp(log_probs)
    dout[rows, y] -= 1
    dout /= len(x)
    for layer in range(last, 0, -1):
        w = plain[f"W{layer}"]
        found["loss"] = found["loss"] + 0.5 * fold.reg * np.sum(w * w)
        found[f"dW{layer}"] = outs[layer - 1].T @ dout + fold.reg * w
        found[f"db{layer}"] = dout.sum(axis=0)
        dout = (dout @ w.T) * (outs[layer - 1] > 0)
    found = folds.unfolded(found, values, dims)
    for name, scale in folds.scales(fold.fold, len(inputs["x"])).items():
        again = folds.multiplied(values, dims, scale)
        out = inputs["x"][0]
        for layer in range(1, last):
            out = np.maximum(0.0, out @ again[f"W{layer}"] + again[f"b{layer}"])
        found[name] = out @ again[f"W{last}"] + again[f"b{last}"]
    return found


def _owner(right: Session, pair: Sequence[str], seen: Mapping[str, Evidence], rerun: Rerun) -> str:
    """Return the item that pays for a mistake which nets of two classes have from one piece of the
    student's code: the second of the `pair`, or the first where it is in that one's own class; ""
    if there is no such piece.

    The first call that a right net does not make so stands in it for both; or all calls are right,
    and the helper is one of the penalty. A net that calls no layer shows neither, and a deep one
    calls as many affine layers as a right one: the two are compared with one hidden layer only.
    """
    fold, deep = (
        next(one for one in FOLDS if one.fold == "none" and not one.reg and one.dims == dims)
        for dims in (ONE, DEEP)
    )
    cases = [_case("FullyConnectedNet", Net("FullyConnectedNet"), one) for one in (fold, deep)]
    calls, deep_calls = (right.once([case])[case.id].calls for case in cases)
    mine = [seen[fold.case(name)].calls for name in pair]
    deeper = [seen[deep.case(name)].calls for name in pair if deep.case(name) in seen]
    if not all(mine) or any(_affine(one) != _affine(deep_calls) for one in deeper):
        return ""
    sites = [trace.site(one, calls) for one in mine]
    helpers = list(_helpers(rerun.job, rerun.facts.verdicts))
    if all(site is not None for site in sites):
        helpers = [one for one in helpers if all(one.holds(site) for site in sites if site)]
    else:
        helpers = [one for one in helpers if not any(sites) and "reg" in one.words]
    if not helpers:
        return ""
    return pair[0] if any(one.name == pair[0] for one in helpers) else pair[1]


def _affine(calls: Sequence[Call]) -> int:
    return sum(call.name == "affine_forward" for call in calls)


@dataclass(frozen=True)
class Helper:
    """A function of the student's own that both classes use: where it is, and its names."""

    name: str
    path: str
    lines: range
    words: frozenset[str]

    def holds(self, site: tuple[str, int]) -> bool:
        """Say whether a line of a file is one of its own."""
        return site[0] == self.path and site[1] in self.lines


def _helpers(job: Job, items: Collection[str]) -> Iterator[Helper]:
    """Yield what both nets of fc_net.py use and what is no item: functions, a class that both are
    or hold; and the one net where the other one is it, or holds it.
    """
    paths = {name: f"{job.package}/{path}" for name, path in GRADED.items()}
    trees = {name: tree_of(job.files.get(path, b"")) for name, path in paths.items()}
    bodies = {name: [] if tree is None else tree.body for name, tree in trees.items()}
    nets = [node for node in bodies["fc_net"] if isinstance(node, ast.ClassDef)]
    used = {node.name: _used(node) for node in nets if node.name in NETS}
    for name in ("fc_net", "layer_utils", "layers"):
        for node in bodies[name]:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                continue
            works = isinstance(node, ast.ClassDef) or node.name not in items and computed(node.body)
            if works:
                users = [words for net, words in used.items() if net != node.name]
                if len(used) > 1 and all(node.name in words for words in users):
                    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                    yield Helper(node.name, paths[name], lines, _words(node))


def _used(net: ast.ClassDef) -> frozenset[str]:
    """Return the names that a class is made from or calls, or hands to what it calls."""
    calls = [node for node in ast.walk(net) if isinstance(node, ast.Call)]
    parts = [*net.bases, *(part for call in calls for part in (call.func, *call.args))]
    return frozenset(part.id for part in parts if isinstance(part, ast.Name))


def _words(tree: ast.AST) -> frozenset[str]:
    """Return the names that code uses, those of its arguments too."""
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return frozenset(names | {node.arg for node in nodes if isinstance(node, ast.arg)})
