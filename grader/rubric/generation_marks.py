"""The marks that course years' handed-out files leave in a submission, found in plain text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.rubric.solution_markers import MADE_FOR

# Shipped rubric -> its course years. Those that ask for more points of code come first; of equal
# ones those that ask for more in notebooks, then the later ones.
GENERATIONS: Mapping[str, str] = {
    "cs231n-a2": "2018-2020",
    "cs231n-a2-2021": "2021-2024",
    "cs231n-a2-2026": "2026",
    "cs231n-a2-2017": "2017",
    "cs231n-a2-2016": "2016",
    "cs231n-a2-2025": "2025",
}
DEFAULT = "cs231n-a2"
Y2016, Y2017, Y2018, Y2021, Y2025, Y2026 = (
    frozenset({name})
    for name in (
        "cs231n-a2-2016", "cs231n-a2-2017", DEFAULT, "cs231n-a2-2021", "cs231n-a2-2025",
        "cs231n-a2-2026",
    )
)  # fmt: skip
DROPS = Y2016 | Y2017  # p is the probability to drop a unit
BEFORE_2021 = DROPS | Y2018
WITHOUT_NOTEBOOK = Y2025 | Y2026  # without FullyConnectedNets.ipynb
SINCE_2021 = Y2021 | WITHOUT_NOTEBOOK
SINCE_2018 = Y2018 | SINCE_2021
MAX_CHARACTERS = 1_000_000  # characters of a file that are looked at
CODE = ("__init__.py", "layers.py", "optim.py", "classifiers/fc_net.py")  # what is looked at


@dataclass(frozen=True)
class Mark:
    """What was seen: in which file, as a verb with its object, and the rubrics it points to."""

    file: str
    message: str
    rubrics: frozenset[str]


def strong(files: Mapping[str, bytes], package: str) -> list[Mark]:
    """Return what a student has no reason to change."""
    return [*_strong(_inside(files, package)), *_declared(files)]


def weak(files: Mapping[str, bytes], package: str) -> list[Mark]:
    """Return what students do change, or take out: the most telling first."""
    inside = _inside(files, package)
    return [*_of_files(files), *_weak(inside), *_unmarked(inside)]


def _inside(files: Mapping[str, bytes], package: str) -> dict[str, str]:
    found = {name: files.get(f"{package}/{name}", b"")[:MAX_CHARACTERS] for name in CODE}
    return {n: re.sub("\r\n?", "\n", data.decode("utf-8", "replace")) for n, data in found.items()}


# ----------------------------------------------------------------------------------- strong marks

CLASS = r"(?m)^class[ \t]+{}\b"
FUNCTION = r"(?m)^[ \t]*def[ \t]+{}\b"
P_IS = re.compile(r"(?m)^[ \t]*[-*]?[ \t]*p[ \t]*:([^\0]{0,200})")
KEEP_OR_DROP = re.compile(r"(?i)\b(keep|drop)(?:s|ing|ping|ped)?\b")
GIVEN_AWAY = re.compile(r"#[ \t]*(?:~+[ \t]*)?(?:START|END)[ \t]+DELETE")
RULES = ("sgd_momentum", "rmsprop", "adam")
RESULT = re.compile(r"(?m)^[ \t]+next_[wx][ \t]*=")


def _strong(inside: Mapping[str, str]) -> Iterator[Mark]:
    net, layers = inside.get("classifiers/fc_net.py", ""), inside.get("layers.py", "")
    for name in GENERATIONS:
        if MADE_FOR.format(name) in inside.get("__init__.py", ""):
            yield Mark("__init__.py", f"names the rubric {name}", frozenset({name}))
    two_layer = re.search(CLASS.format("TwoLayerNet"), net)
    yield from _of_arguments(_arguments(net), " and has no TwoLayerNet" if not two_layer else "")
    if two_layer and not _of_assignment_1(net):
        yield Mark("fc_net.py", "has TwoLayerNet", BEFORE_2021)
    if re.search(FUNCTION.format("layernorm_forward"), layers):
        yield Mark("layers.py", "has layernorm_forward", SINCE_2018)
    if (word := _what_p_is(layers)) is not None:
        rubrics = DROPS if word == "drop" else SINCE_2018
        yield Mark("layers.py", f"says that p is the probability to {word} a unit", rubrics)
    if all(_is_given_away(name, inside.get("optim.py", "")) for name in RULES):
        yield Mark("optim.py", "has the update rules between START DELETE and END DELETE", Y2025)


def _of_arguments(names: frozenset[str], more: str) -> Iterator[Mark]:
    """Yield what the arguments of FullyConnectedNet's constructor say."""
    if "use_batchnorm" in names:
        yield Mark("fc_net.py", "takes use_batchnorm", DROPS)
    if "normalization" in names:
        yield Mark("fc_net.py", "takes normalization", SINCE_2018)
    if "dropout_keep_ratio" in names:
        yield Mark("fc_net.py", f"takes dropout_keep_ratio{more}", SINCE_2021)
    elif {"dropout", "normalization"} <= names:
        yield Mark("fc_net.py", "takes dropout and normalization", Y2018)
    elif "dropout" in names:
        yield Mark("fc_net.py", "takes dropout", BEFORE_2021)


def _arguments(net: str) -> frozenset[str]:
    """Return the names of the constructor's arguments, as far as its head can be made out."""
    head = _behind(r"def[ \t]+__init__[ \t]*\(", _behind(CLASS.format("FullyConnectedNet"), net))
    said = re.split(r"\)[ \t]*(?:->[^:\n]*)?:|\"\"\"|'''", head[:2000], maxsplit=1)[0]
    return frozenset(re.findall(r"(?m)(?:^|,)[ \t]*([A-Za-z_]\w*)", re.sub(r"#.*", "", said)))


def _of_assignment_1(net: str) -> bool:
    """Say whether TwoLayerNet can be stored, which it can from 2025 on, in assignment 1 alone."""
    body = re.split(r"(?m)^class\b", _behind(CLASS.format("TwoLayerNet"), net), maxsplit=1)[0]
    return re.search(FUNCTION.format("(?:save|load)"), body) is not None


def _is_given_away(name: str, optim: str) -> bool:
    """Say whether the code of an update rule stands between the marks; marks alone give nothing."""
    body = re.split(r"(?m)^def\b", _behind(FUNCTION.format(name), optim), maxsplit=1)[0]
    pieces = GIVEN_AWAY.split(body)  # above the marks, between two of them, ..., below
    return any(RESULT.search(piece) for piece in pieces[1:-1])


def _what_p_is(layers: str) -> str | None:
    said = P_IS.search(_behind(FUNCTION.format("dropout_forward"), layers)[:2000])
    word = KEEP_OR_DROP.search(said.group(1)) if said else None
    return word.group(1).lower() if word else None


def _behind(pattern: str, text: str) -> str:
    """Return what stands behind the first match of a pattern; nothing if there is none."""
    found = re.search(pattern, text)
    return text[found.end() :] if found else ""


def _declared(files: Mapping[str, bytes]) -> Iterator[Mark]:
    for path, data in sorted(files.items()):
        if path.endswith(".ipynb") and re.search(rb"(?i)student declaration", data):
            yield Mark(path, "begins with a student declaration", Y2026)
            return


# ------------------------------------------------------------------------------------- weak marks

SENTINEL = "START OF YOUR CODE"
CODE_TEXT = "the code"
# Groups of (file, pattern, what a mark says, rubrics); of a group the first that is found counts.
WEAK: Sequence[Sequence[tuple[str, str, str, frozenset[str]]]] = (
    ((CODE_TEXT, SENTINEL, f"has the lines {SENTINEL}", Y2018 | Y2021),),
    (("fc_net.py", r"bn_param\[[ \t]*mode[ \t]*\][ \t]*=", "writes bn_param[mode]", Y2016),),
    (("optim.py", r"setdefault\([ \t]*['\"]t['\"][ \t]*,[ \t]*1[ \t]*\)",
      "lets Adam's t start at 1", Y2017),),
    ((CODE_TEXT, r"(?m)^[ \t]*from[ \t]+(?:past\.)?builtins[ \t]+import\b",
      "imports from builtins", frozenset(GENERATIONS) - Y2016),
     (CODE_TEXT, r"(?m)\.iter(?:items|keys|values)\(|^[ \t]*print[ \t]+['\"\w]|\bxrange\(",
      "is Python 2", Y2016)),
    (("layers.py", FUNCTION.format("svm_loss"), "has svm_loss", BEFORE_2021),
     ("layers.py", FUNCTION.format("softmax_loss"), "has softmax_loss and no svm_loss",
      SINCE_2021)),
    (("fc_net.py", r"(?m)^[ \t]*from[ \t]+\.\.?[ \t]*(?:layers|layer_utils)[ \t]+import\b",
      "imports from ..layers", SINCE_2018),
     ("fc_net.py", r"(?m)^[ \t]*from[ \t]+\w+\.(?:layers|layer_utils)[ \t]+import\b",
      "imports by the name of the package", BEFORE_2021)),
)  # fmt: skip


def _of_files(files: Mapping[str, bytes]) -> Iterator[Mark]:
    """Yield what names of files say."""
    names = {path.rpartition("/")[2] for path in files}
    if any("rnn" in name and "pytorch" in name for name in names):
        yield Mark("the package", "has recurrent nets in PyTorch", WITHOUT_NOTEBOOK)
    if "FullyConnectedNets.ipynb" in names:
        yield Mark("FullyConnectedNets.ipynb", "is there", BEFORE_2021 | Y2021)


def _weak(inside: Mapping[str, str]) -> Iterator[Mark]:
    texts = {name.rpartition("/")[2]: text for name, text in inside.items()}
    texts[CODE_TEXT] = "\n".join(texts[name] for name in ("fc_net.py", "layers.py", "optim.py"))
    for group in WEAK:
        found = (Mark(f, message, r) for f, form, message, r in group if re.search(form, texts[f]))
        yield from itertools.islice(found, 1)


def _unmarked(inside: Mapping[str, str]) -> Iterator[Mark]:
    """Yield what is said by what is not there; students take it out, so it comes last."""
    code = "".join(inside.values())
    if code and SENTINEL not in code:
        rubrics = DROPS | Y2018 | WITHOUT_NOTEBOOK
        yield Mark(CODE_TEXT, f"has no lines {SENTINEL}", rubrics)
