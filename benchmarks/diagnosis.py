"""How often is the right cause named, and is a cause that is called certain ever false?

Four measurements, each printed with what went wrong:

    generations  every usual mistake under every rubric that has its item
    planted      every usual mistake in every accepted style that it fits into
    pairs        two mistakes in different functions at once
    mutants      random changes of the reference and of accepted submissions: one operator,
                 constant, axis or comparison, or one statement left out

Of what is said of mutants it is counted how often it names a line, an operation or a term, and how
often it names nothing but the outputs.
"""

from __future__ import annotations

import ast
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from grader import resources
from grader.authoring.fixtures.misconceptions import Misconception, Overlap
from grader.authoring.lint import whole
from grader.box.worker import Worker
from grader.diagnosis import diagnose, minimal_example, own_gradient, sentences, trace
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import ItemResult, Report, Submission
from tests.support import handed_in

PAIRS = 150
MUTANTS = 320
RUBRIC = "cs231n-a2"
FILES = ("layers.py", "optim.py", "classifiers/fc_net.py")


@dataclass(frozen=True)
class Named:
    """Which cause an item got."""

    item: str
    cause: str
    certain: bool


def styles() -> list[str]:
    """Return the accepted styles of the default rubric, and the reference first."""
    return ["", *(style for style, rubric in handed_in.accepted() if rubric == RUBRIC)]


def base(style: str) -> Submission:
    """Return a right submission."""
    return handed_in.accepted_submission(style) if style else handed_in.reference()


def fits(mistake: Misconception, style: str) -> bool:
    """Say whether a style has the item at all, and RUBRIC does not hand it out."""
    if mistake.item == "softmax_loss":
        return False
    missing = handed_in.expected(style).get("missing", []) if style else []
    return not set(mistake.fails) & set(missing)


def functions(mistake: Misconception) -> set[str]:
    """Return the functions that a mistake changes, and those that share a cache with them."""
    groups = [g for g in handed_in.TOGETHER if set(g) & set(mistake.change)]
    return {name for group in groups for name in group}


def named(report: Report) -> dict[str, Named]:
    """Return the cause of each item that has one."""
    return {
        i.id: Named(i.id, i.cause.id, i.cause.certain) for i in report.items if i.cause is not None
    }


def is_named(report: Report, mistake: Misconception) -> bool:
    """Say whether a mistake is a certain cause of its own item."""
    one = named(report).get(mistake.item)
    return one is not None and one.certain and mistake.id in one.cause.split("+")


def planted(worker: Worker, assignment: Assignment) -> tuple[int, list[str]]:
    """Return how many mistakes were planted, and those that were not named."""
    count, missed = 0, []
    for mistake in handed_in.usual_mistakes().values():
        for style in styles():
            if not fits(mistake, style):
                continue
            submission = handed_in.with_mistakes(base(style), [mistake])
            report = grade_one(submission, assignment, worker)
            count += 1
            if not is_named(report, mistake):
                missed.append(f"{mistake.id} in {style or 'reference'}: {_told(report)}")
    return count, missed


def pairs(worker: Worker, assignment: Assignment, wanted: int) -> tuple[int, list[str]]:
    """Return how many mistakes were planted two by two, and those that were not named."""
    chance = random.Random(231)
    known = list(handed_in.usual_mistakes().values())
    count, missed = 0, []
    while count < 2 * wanted:
        one, other = chance.sample(known, 2)
        style = chance.choice(styles())
        if set(one.change) & set(other.change) or not (fits(one, style) and fits(other, style)):
            continue
        try:
            submission = handed_in.with_mistakes(base(style), [one, other])
        except Overlap:
            continue
        report = grade_one(submission, assignment, worker)
        for mistake in (one, other):
            count += 1
            if not is_named(report, mistake):
                both = f"{one.id} and {other.id} in {style or 'reference'}"
                missed.append(f"{both}: not {mistake.id}: {_told(report)}")
    return count, missed


# -------------------------------------------------------------------------------- generations

MARKS = {"named": "+", "perhaps": "?", "not named": "-", "not asked": " "}


def generations(worker: Worker) -> dict[str, dict[str, str]]:
    """Return mistake -> rubric -> a mark: whether it is the first cause of its item, and certain.

    The reference reads p as the share that is kept, so every rubric is taken in those words.
    """
    found: dict[str, dict[str, str]] = {}
    for name in (rubric.table.id for rubric in resources.rubrics()):
        assignment = whole.in_own_words(resources.assignment(name))
        asked = {item.id for item in assignment.rubric.table.items}
        for mistake in handed_in.usual_mistakes().values():
            row = found.setdefault(mistake.id, {})
            row[name] = "not asked"
            if mistake.item in asked:
                submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
                row[name] = _first(grade_one(submission, assignment, worker), mistake)
    return found


def _first(report: Report, mistake: Misconception) -> str:
    one = named(report).get(mistake.item)
    if one is None or one.cause.split("+")[0] != mistake.id:
        return "not named"
    return "named" if one.certain else "perhaps"


def print_generations(found: Mapping[str, Mapping[str, str]]) -> None:
    """Print one line for each mistake that is not named everywhere, and the sums."""
    names = list(next(iter(found.values())))
    print(f"usual mistakes by generation ({', '.join(f'{m} {w}' for w, m in MARKS.items())})")
    for number, name in enumerate(names, start=1):
        marks = Counter(row[name] for row in found.values())
        print(f"  {number} {name}: {', '.join(f'{marks[w]} {w}' for w in MARKS)}")
    print(f"  {'':60}{' '.join(str(n) for n in range(1, len(names) + 1))}")
    for mistake, row in found.items():
        print(f"  {mistake:60}{' '.join(MARKS[row[name]] for name in names)}")


def _told(report: Report) -> str:
    found = named(report)
    said = [f"{n.item}={n.cause}{'' if n.certain else '?'}" for n in found.values()]
    broken = [f"{i.id} because of {i.because_of}" for i in report.items if i.because_of]
    return "; ".join([*said, *broken]) or "nothing"


# ------------------------------------------------------------------------------------- mutants


@dataclass(frozen=True)
class Mutant:
    """A right submission with one random change; `line` is where, `says` what."""

    base: str
    where: str
    message: str
    submission: Submission


def mutants(wanted: int, seed: int = 231) -> Iterator[Mutant]:
    """Yield random mutants of the reference and of accepted submissions."""
    chance = random.Random(seed)
    while wanted:
        style = chance.choice(styles())
        submission = base(style)
        path = f"{submission.package}/{chance.choice(FILES)}"
        mutated = _mutated(submission.files[path].decode(), chance)
        if mutated is None:
            continue
        text, where, says = mutated
        files = {**submission.files, path: text.encode()}
        name = f"mutant of {style or 'reference'}"
        mutant = handed_in.of_files(name, files, submission.package)
        yield Mutant(style or "reference", where, says, mutant)
        wanted -= 1


OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq}
SWAPPED = {"mean": "sum", "sum": "mean", "maximum": "minimum", "zeros": "ones", "rand": "randn"}


def _mutated(text: str, chance: random.Random) -> tuple[str, str, str] | None:
    """Return (text, function, what was changed) with one random change in a graded function."""
    tree = ast.parse(text)
    asked = {name for group in handed_in.TOGETHER for name in group}
    places: list[tuple[str, ast.AST, str]] = []
    for outer in tree.body:
        for node in outer.body if isinstance(outer, ast.ClassDef) else [outer]:
            name = f"{outer.name}.{node.name}" if isinstance(outer, ast.ClassDef) and isinstance(
                node, ast.FunctionDef) else getattr(node, "name", "")  # fmt: skip
            if isinstance(node, ast.FunctionDef) and name in asked:
                for inner in ast.walk(node):
                    places += [(name, inner, kind) for kind in _kinds(inner)]
    if not places:
        return None
    name, node, kind = chance.choice(places)
    line = text.splitlines()[node.lineno - 1].strip()  # type: ignore[attr-defined]
    _change(node, kind, chance)
    return ast.unparse(ast.fix_missing_locations(tree)), name, f"{kind} in: {line}"


def _kinds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield "operator"
        yield "left only"
        yield "right only"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield "order"
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "constant"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        yield "comparison"
    if isinstance(node, ast.Attribute) and node.attr in SWAPPED:
        yield "function"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign"
    if isinstance(node, (ast.FunctionDef, ast.For, ast.If)) and len(node.body) > 2:
        yield "statement"


def _change(node: ast.AST, kind: str, chance: random.Random) -> None:
    if isinstance(node, ast.BinOp) and kind == "operator":
        node.op = OPERATORS[type(node.op)]()
    elif isinstance(node, ast.BinOp) and kind in ("left only", "right only"):
        kept = node.left if kind == "left only" else node.right
        node.left, node.op, node.right = kept, ast.Mult(), ast.Constant(1)
    elif isinstance(node, ast.BinOp):
        node.left, node.right = node.right, node.left
    elif isinstance(node, ast.Constant):
        others = [0, 1, 2] if isinstance(node.value, int) else [2 * node.value, 0.0, 1.0]
        node.value = chance.choice([n for n in others if n != node.value])
    elif isinstance(node, ast.Compare):
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.Attribute):
        node.attr = SWAPPED[node.attr]
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    elif isinstance(node, (ast.FunctionDef, ast.For, ast.If)):
        del node.body[chance.randrange(1, len(node.body))]


@dataclass(frozen=True)
class Judged:
    """What the grader said of a mutant's first failing item."""

    mutant: Mutant
    item: ItemResult


def judged(worker: Worker, assignment: Assignment, wanted: int) -> tuple[list[Judged], int]:
    """Return the items that mutants really failed, and how many mutants changed nothing."""
    found, same = [], 0
    for mutant in mutants(wanted):
        report = grade_one(mutant.submission, assignment, worker)
        missing = [] if mutant.base == "reference" else handed_in.expected(mutant.base).get(
            "missing", [])  # fmt: skip
        wrong = [
            i for i in report.items
            if i.parts and i.earned < i.possible and i.because_of is None and i.id not in missing
        ]  # fmt: skip
        found += [Judged(mutant, item) for item in wrong]
        same += not wrong
    return found, same


NUMBERED = re.compile(r"\bline \d+")
OPERATION = re.compile(
    r"\b(?:added|taken off|multiplied|divided|divide|division|root|squared|sum|mean|average|factor|"
    r"transposed|reshape|sign|regulariz\w+|mask|dropped|scaled|counted|corrected|stored|exchanged|"
    r"returned|turned round|in the place of|asked for|handed on|copy|eps\w*|reg|gamma|beta\d?|"
    r"weight|variance|infinite|nan|setting\w*|default\w*)\b"
)


def names_something(says: str) -> str:
    """Return what a sentence names: "line", "operation", or "nothing" but the outputs."""
    if NUMBERED.search(says):
        return "line"
    return "operation" if OPERATION.search(says) else "nothing"


def print_sentences(found: Sequence[Judged]) -> None:
    """Print how many sentences name a line or an operation, and how many are vague."""
    causes = [one.item.cause for one in found]
    said = Counter("no cause" if c is None else names_something(c.message) for c in causes)
    alone = sum(c is not None and "look at what only" in c.message for c in causes)
    vague = sum(c is not None and sentences.is_vague(c.id) for c in causes)
    for what, count in (*said.most_common(), ("look at what only ... needs", alone)):
        print(f"  {what}: {count} ({100 * count / len(found):.0f} %)")
    print(f"  vague symptoms, the source beside them or not: {vague}")


def time_of_ten(worker: Worker, assignment: Assignment) -> float:
    """Return the seconds that diagnosis adds to a submission with ten failing items.

    That is causes, gradients against their own forward pass, and the smallest cases.
    """
    spent: Counter[str] = Counter()
    known = handed_in.usual_mistakes()
    chosen: list[Misconception] = []
    for mistake in known.values():
        if all(not functions(mistake) & functions(one) for one in chosen):
            chosen.append(mistake)
    submission = handed_in.with_mistakes(handed_in.reference(), chosen)
    grade_one(submission, assignment, worker)  # the golden wrong answers are read once a class
    with contextlib.ExitStack() as stack:
        for module, name in (
            (diagnose, "causes"), (trace, "evidence"), (own_gradient, "gradients"),
            (minimal_example, "find_minimal"),
        ):  # fmt: skip
            timed = _timed(name, getattr(module, name), spent)
            stack.enter_context(mock.patch.object(module, name, timed))
        report = grade_one(submission, assignment, worker)
        failing = sum(i.earned < i.possible for i in report.items if i.parts)
        print(f"diagnosis of {failing} failing items: {_seconds(spent)}")
        total = spent.total()
        spent.clear()
        grade_one(handed_in.reference(), assignment, worker)
        print(f"diagnosis of none: {_seconds(spent)}")
    return float(total)


def _timed(name: str, plain: Callable[..., Any], spent: Counter[str]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return plain(*arguments)
        finally:
            spent[name] += time.perf_counter() - start  # type: ignore[assignment]

    return timed


def _seconds(spent: Counter[str]) -> str:
    each = ", ".join(f"{name} {seconds:.4f}" for name, seconds in spent.items())
    return f"{spent.total():.3f} s ({each})"


def main() -> None:
    """Print all measurements."""
    assignment = resources.assignment(RUBRIC)
    with Worker() as worker:
        time_of_ten(worker, assignment)
        print_generations(generations(worker))
        for name, (count, missed) in (
            ("planted", planted(worker, assignment)),
            ("pairs", pairs(worker, assignment, PAIRS)),
        ):
            share = 100 * (1 - len(missed) / count)
            print(f"{name}: {count - len(missed)} of {count} named, certain ({share:.1f} %)")
            print("".join(f"  {line}\n" for line in missed), end="")
        found, same = judged(worker, assignment, MUTANTS)
    print(f"mutants: {MUTANTS}, {same} changed no answer, {len(found)} items failed")
    kinds = Counter(
        "none" if one.item.cause is None
        else ("certain " if one.item.cause.certain else "perhaps ")
        + ("symptom" if one.item.cause.id.startswith("symptom/") else "mistake")
        for one in found
    )  # fmt: skip
    for kind, count in kinds.most_common():
        print(f"  {kind}: {count} ({100 * count / len(found):.0f} %)")
    print_sentences(found)
    for one in found:
        cause = one.item.cause
        said = f"{'certain' if cause.certain else 'perhaps'} {cause.id}" if cause else "-"
        print(
            f"  {one.mutant.base}: {one.mutant.where}: {one.mutant.message}"
            f" -> {one.item.id}: {said}"
        )
