"""Mutants that cost no point, and why: reference/equivalent.toml, written by people.

    [[mutants]]
    function = "relu_forward"
    before = "return (np.maximum(0, x), x)"      the statement, as `grade lint` shows it
    after = "return (np.maximum(x, 0), x)"
    why = "The larger of two numbers is the same in both orders."
    kind = "equivalent"                          or "tolerated": not right, and let live

An equivalent mutant is as right as the reference, so it does not count; a tolerated one counts
against the score. `rubrics` limits a row to rubrics that ask for less.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.authoring.lint import mutations
from grader.authoring.lint.checks import Defect
from grader.authoring.lint.mutations import Mutant
from grader.authoring.lint.trials import MutantResults, Survivor
from grader.errors import UsageError

FILE = "equivalent.toml"
ENOUGH = 0.97  # of the mutants that are not equivalent


class Explained(BaseModel):
    """One row of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    function: str = Field(min_length=1)
    before: str = Field(min_length=1)
    after: str = Field(min_length=1)
    why: str = Field(min_length=10)
    kind: Literal["equivalent", "tolerated"] = "equivalent"
    rubrics: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """The mutant's key, in however many spaces and whichever quotes it was written."""
        return self.function, _plain(self.before), _plain(self.after)


def _plain(statement: str) -> str:
    """Return a statement, or the head of one, as this Python writes it."""
    block = " pass" if statement.endswith(":") else ""
    try:
        return mutations.head(ast.parse(statement + block).body[0])
    except (SyntaxError, IndexError):
        return statement  # mutations.REMOVED, or a text that fits nothing


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    mutants: tuple[Explained, ...] = ()


@dataclass(frozen=True)
class MutationScore:
    """How many mutants count, how many of them cost a point, and what is not as it should be.

    `unexplained` are those that live without a reason, in the rubrics where they do.
    """

    killed: int
    counted: int
    equivalent: int
    unexplained: tuple[Survivor, ...]
    problems: tuple[Defect, ...]

    @property
    def share(self) -> float:
        """The share of mutants that cost a point, of those that count."""
        return self.killed / self.counted if self.counted else 1.0


def read(path: Path) -> tuple[Explained, ...]:
    """Return the rows of the file, if there is one. Raises UsageError: "file: row, ..."."""
    if not path.exists():
        return ()
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).mutants
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no valid TOML ({error}); mend that line") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(str(step) for step in first["loc"])
        raise UsageError(f"{path}: {place}: {first['msg']}; see its first rows") from None


def score(
    found: MutantResults, rows: Sequence[Explained], path: Path, all_rubrics: bool
) -> MutationScore:
    """Hold the survivors against what is explained.

    With `all_rubrics` a row that explains no survivor is a problem too.
    """
    unexplained: list[Survivor] = []
    equivalent = alive = 0
    used: set[int] = set()
    for survivor in found.survivors:
        known = [n for n, row in enumerate(rows) if _covers(row, survivor)]
        used |= set(known)
        limited = {name for n in known for name in rows[n].rubrics or survivor.rubrics}
        left = tuple(name for name in survivor.rubrics if name not in limited)
        if left:
            alive += 1
            unexplained.append(replace(survivor, rubrics=left))
        elif any(rows[n].kind == "tolerated" for n in known):
            alive += 1
        else:
            equivalent += 1
    counted = len(found.mutants) - equivalent
    keys = {mutant.key for mutant in found.mutants}
    stale = [row for n, row in enumerate(rows) if all_rubrics and n not in used]
    problems = tuple(_stale(row, path, keys) for row in stale)
    return MutationScore(counted - alive, counted, equivalent, tuple(unexplained), problems)


def too_few(score: MutationScore) -> list[Defect]:
    """Return the problem that too many mutants live, where they do."""
    if score.share >= ENOUGH:
        return []
    says = f"{score.share:.1%} of the mutants cost a point, {ENOUGH:.0%} should"
    return [Defect("mutants", says, "add cases for those that live")]


def _covers(row: Explained, survivor: Survivor) -> bool:
    here = not row.rubrics or bool(set(row.rubrics) & set(survivor.rubrics))
    return here and survivor.mutant.key == row.key


def lives(survivor: Survivor, line: str) -> Defect:
    """Return what is said of a mutant that nobody fails; `line` is a case that would notice it."""
    mutant = survivor.mutant
    do = f"this case shows it, {line}" if line else (
        f"no input was found that shows it: if it is as right, say why in reference/{FILE}:\n"
        f"{row_for(mutant)}"
    )  # fmt: skip
    says = f"{mutant.function} costs no point ({', '.join(survivor.rubrics)}) "
    says += f"with `{mutant.after}` for `{mutant.before}`"
    return Defect(f"reference/{mutant.file}:{mutant.line}", says, do)


def row_for(mutant: Mutant) -> str:
    """Return the row that would explain a mutant, but for the reason."""
    told = {"function": mutant.function, "before": mutant.before, "after": mutant.after}
    lines = [f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in told.items()]
    return "\n".join(["[[mutants]]", *lines, 'why = "..."'])


def _stale(row: Explained, path: Path, known: Collection[tuple[str, str, str]]) -> Defect:
    why = "costs a point now" if row.key in known else "is no change of the reference any more"
    says = f"{row.function}: `{row.after}` for `{row.before}` {why}"
    return Defect(str(path), says, "take that row out")
