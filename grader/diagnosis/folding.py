"""Does a net fail only by the mistake that another net pays for already?

Over stand-in layers (grader.guest.probes.stand_ins) all right nets give the same numbers: a net
with batch normalization gives what the plain net gives with gamma and beta multiplied into its
weights. So if two nets are wrong, and are wrong there by the very same numbers, the second has no
mistake of its own: its layers stand where they should, with the right parameters, gradients and
modes. Nets of two classes must share a helper of the student's, too, for a mistake that is written
twice is two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.diagnosis import plain_net, shared_helpers, trace
from grader.grading.dependencies import kind
from grader.grading.facts import Facts
from grader.grading.outcome import Consequence
from grader.grading.rerun import Rerun
from grader.guest.probes import folds, stand_ins
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
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
    Fold("affine", "affine", ONE),  # where a deep net stops, its layers are seen
    Fold("plain", "none", ONE, two_layer=True),
    Fold("penalty", "none", ONE, reg=0.5, two_layer=True),
    Fold("plain_deep", "none", DEEP),
    Fold("penalty_deep", "none", DEEP, reg=0.5),
    Fold("dropout", "dropout", DEEP),
    Fold("dropout", "dropout", ONE),
)


def consequences(rerun: Rerun, known: Mapping[str, Consequence]) -> dict[str, Consequence]:
    """Return the items whose mistake another one pays for; none that is `known` to earn its points.

    Of a net that stops where another one does nothing more may be known.
    """
    facts, found = rerun.facts, dict[str, Consequence]()
    paid = {name for name, one in known.items() if any(one.right.values())}
    lost = {
        name: set(facts.lost(name))
        for name, verdict in facts.failed().items()
        if kind(verdict.item) == "nets" and name not in paid and not facts.is_slow(name)
    }
    lost = {name: parts for name, parts in lost.items() if parts}
    if len(lost) > 1 and "layers" in rerun.assignment.grafts:
        with rerun.deciding(facts.verdicts[name].item for name in lost):
            found = _pairs(rerun, lost)
    return found


def _pairs(rerun: Rerun, lost: Mapping[str, set[str]]) -> dict[str, Consequence]:
    """Compare each net with those before it, of its own class first."""
    facts, assignment = rerun.facts, rerun.assignment
    asked = {name: net_of(facts.verdicts[name].item) for name in lost}
    cases = [_case(item, net, fold) for item, net in asked.items() for fold in FOLDS
             if fold.asks(net)]  # fmt: skip
    source = Path(stand_ins.__file__).read_bytes()
    layers = {"layers": assignment.grafts["layers"] + b"\n\n" + source}
    seen = rerun.nets(cases, rerun.over(layers))
    found: dict[str, Consequence] = {}
    for number, (item, net) in enumerate(asked.items() if seen else ()):
        earlier = list(asked)[:number]
        for other in sorted(earlier, key=lambda name: asked[name].name != net.name):
            start = {"init"} if _same_start(item, other, facts) else set()
            with np.errstate(all="ignore"):  # a student's numbers may be anything
                same = _same(item, other, lost[item] - start, seen, facts.rubric)
            if not same or not _calls_its_own(item, net, seen):
                continue
            owner = other
            if net.name != asked[other].name:
                owner = _owner((item, other), layers, seen, rerun) if assignment.solved else ""
            if owner == item:  # the other class is this one, or holds it
                found[other] = Consequence(item, dict.fromkeys(lost[other], True))
            elif owner:
                root = found[other].root if other in found else other
                found[item] = Consequence(root, dict.fromkeys(lost[item], True))
                break
    return found


def net_of(item: Item) -> Net:
    """Return what the net of an item is, by its cases."""
    if any((case.probe or "").startswith("nets.two_layer") for case in item.cases):
        return Net("TwoLayerNet")
    if any("keep" in case.options for case in item.cases):
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
    shown, verified = set[str](), False
    net, its = net_of(rubric.item(item)), net_of(rubric.item(other))
    for fold in FOLDS:
        pair = [seen.get(fold.case(name)) for name in (item, other)]
        if pair[0] is None or pair[1] is None:
            continue
        if not pair[0].outcome == pair[1].outcome == "answered":
            if _stop(pair[0]) is None or _stop(pair[0]) != _stop(pair[1]):
                return False
            shown |= set(lost)
            continue
        mine, theirs = pair[0].arrays, pair[1].arrays
        right = _right(rubric.case_inputs(_case(item, net, fold)), fold)
        absent = _absent(mine, right, net)
        if not _absent_alike(absent, _absent(theirs, right, its), its):
            return False
        if fold.reg:  # it adds nothing to gradients of gamma and beta, which a plain net lacks
            right |= _without_penalty(item, fold, seen)
            mine = {n: a for n, a in mine.items() if net.layers or not n.startswith(NO_PENALTY)}
        wrong = [name for name in mine if name in right and not _close(mine[name], right[name])]
        if "scores_stretched" in wrong and _close(mine["scores_stretched"], right["scores"]):
            wrong.remove("scores_stretched")  # batch normalization never left training, by itself
        if not all(name in theirs and _close(mine[name], theirs[name]) for name in wrong):
            return False
        # Biases' gradients may be zero, as the other's are. Where gamma is taken for beta, a fold
        # without beta shows zeros.
        zeros = {n for n in wrong if n.startswith("db") and not np.any(mine[n])}
        if _depends_on_all({n: mine[n] for n in mine.keys() - zeros}):
            verified |= fold.fold != "none"
            shown |= set(_parts([*wrong, *absent], fold))
    return set(lost) <= shown and (verified or not net.layers)


def _absent(arrays: Arrays, right: Arrays, net: Net) -> set[str]:
    """Return the gradients that a net should have and lacks."""
    gradients = {name for name in right if name.startswith("d")}
    if net.normalization is None:
        gradients = {name for name in gradients if not name.startswith(NO_PENALTY)}
    return gradients - arrays.keys()


def _absent_alike(mine: set[str], theirs: set[str], its: Net) -> bool:
    """Say whether what a net lacks are the gradients that another lacks too, or those of layers
    whose gradients a `plain` one lacks, as by a loop that leaves out a layer.
    """
    if its.normalization is not None:
        return mine == theirs
    own = {name for name in mine if name.startswith(NO_PENALTY)}
    layers = {name.removeprefix("dW") for name in theirs if name.startswith("dW")}
    return mine - own == theirs and all(name.lstrip("dgametb") in layers for name in own)


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


def _same_start(item: str, other: str, facts: Facts) -> bool:
    """Say whether two nets that differ in their normalization start with the same parameters."""
    evidence = facts.evidence
    cases = {case.id: case for case in facts.rubric.cases if case.probe == "nets.net_init"}
    pairs = [
        (evidence[case_id], evidence[partner])
        for case_id, case in cases.items()
        for partner in [f"{other}/{case_id.partition('/')[2]}"]
        if case.item == item and partner in cases and cases[partner].only == case.only
        if cases[partner].options["dims"] == case.options["dims"]
    ]
    return bool(pairs) and all(
        one.outcome == two.outcome == "answered"
        and one.arrays.keys() == two.arrays.keys()
        and all(_drawn_alike(one.arrays[name], two.arrays[name]) for name in one.arrays)
        for one, two in pairs
    )


def _drawn_alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether two parameters have one shape, and are equal unless both are drawn at random."""
    random = [array.size > 1 and array.min() != array.max() for array in (one, other)]
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
    gradients = [array for name, array in arrays.items() if name.startswith("d")]
    return all(np.all(np.isfinite(array)) and np.any(array) for array in gradients)


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if one.size != other.size or not np.all(np.isfinite(one)):
        return False
    size = float(np.max(np.abs(other), initial=0.0)) or 1.0
    return bool(np.max(np.abs(one.ravel() - other.ravel()), initial=0.0) <= SAME * size)


def _right(inputs: Arrays, fold: Fold) -> dict[str, np.ndarray]:
    """Return what a right net gives: a plain net of ReLUs, then the chain rule."""
    dims = list(fold.dims)
    values = folds.values_of(inputs["theta"], dims, fold.fold)
    plain = folds.multiplied(values, dims, fold.fold)
    outs = plain_net.forward(plain, inputs["x"][-1])
    loss, dout = plain_net.softmax(outs["scores"], inputs["y"][-1])
    found = {"loss": np.asarray(loss)}
    for layer in range(len(dims) - 1, 0, -1):
        w, x = plain[f"W{layer}"], outs[f"h{layer - 1}"]
        found["loss"] = found["loss"] + 0.5 * fold.reg * np.sum(w * w)
        found[f"dW{layer}"] = x.T @ dout + fold.reg * w
        found[f"db{layer}"] = dout.sum(axis=0)
        dout = (dout @ w.T) * (x > 0)
    found = folds.unfolded(found, values, dims, fold.fold)
    for name, scale in folds.scales(fold.fold, len(inputs["x"])).items():
        again = folds.multiplied(values, dims, fold.fold, scale)
        found[name] = plain_net.forward(again, inputs["x"][0])["scores"]
    return found


def _owner(
    pair: Sequence[str], layers: Mapping[str, bytes], seen: Mapping[str, Evidence], rerun: Rerun
) -> str:
    """Return the item that pays for a mistake which nets of two classes have from one piece of the
    student's code: the second of the `pair`, or the first where it is in that one's own class; ""
    if there is no such piece.

    The first call that a right net does not make so stands in it for both; or all calls are right,
    and the helper is one of the penalty. A net that calls no layer shows neither, and a deep one
    calls as many affine layers as a right one: the two are compared with one hidden layer only.
    """
    plain = {one.dims: one for one in FOLDS if one.fold == "none" and not one.reg}
    fold, deep = plain[ONE], plain[DEEP]
    cases = [_case("FullyConnectedNet", Net("FullyConnectedNet"), one) for one in (fold, deep)]
    right = rerun.right_calls(cases, layers)
    if len(right) < len(cases):
        return ""
    calls, deep_calls = (right[case.id] for case in cases)
    mine = [seen[fold.case(name)].calls for name in pair]
    deeper = [seen[deep.case(name)].calls for name in pair if deep.case(name) in seen]
    if not all(mine) or any(_affine(one) != _affine(deep_calls) for one in deeper):
        return ""
    sites = [trace.site(one, calls) for one in mine]
    helpers = list(shared_helpers.find(rerun.job, rerun.facts.verdicts))
    if all(sites):
        helpers = [one for one in helpers if all(one.holds(site) for site in sites if site)]
    else:
        helpers = [one for one in helpers if not any(sites) and "reg" in one.words]
    owner = pair[0] if any(one.name == pair[0] for one in helpers) else pair[1]
    return owner if helpers else ""


def _affine(calls: Sequence[Call]) -> int:
    return sum(call.name == "affine_forward" for call in calls)
