"""Pairs with both texts side by side, shared passages marked, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from grader.course.similarity import canonical, prints, tokens, traces
from grader.course.similarity.evidence import Entry, Pair, Usual
from grader.course.similarity.pairs import COMMON, RARE, TOP, clusters, floors
from grader.course.similarity.sources import HASHED
from grader.course.similarity.traces import Traces
from grader.report.similar_page import Beside, Line, Shared, SimilarPage
from grader.report.text import count, one_line, shown

FUNCTIONS, LINES, DETAILS = 5, 150, 20  # functions of a pair, lines of one, details of a reason
QUIET = 3  # lines without code that are shown where they stand together
Files = Callable[[int], Mapping[str, bytes]]
Numbered = tuple[int, str, tokens.Function]


def make(
    title: str,
    entries: Sequence[Entry],
    found: Sequence[Pair],
    usual: Usual,
    counts: Mapping[int, int],
    given: Traces,
    files: Files,
    is_blind: bool,
) -> SimilarPage:
    """Return the page; `files` gives the files of an entry by its place."""
    texts = _Texts(files, counts, given, len(entries))
    return SimilarPage(
        title=title,
        facts=tuple(_facts(usual, found)),
        pairs=tuple(
            _shared(number, pair, entries, texts, is_blind)
            for number, pair in enumerate(found, start=1)
        ),
        clusters=tuple(
            tuple(_label(entries[place], is_blind) for place in one) for one in clusters(found)
        ),
        ignored=(
            "What was handed out: our templates of every course year, and the folder of --base.",
            "Names, comments, docstrings, layout, the order of operands, names for one use, and "
            "what is set and never read.",
            f"Pieces of 8 tokens that more than {100 * COMMON:.0f} % of the class have.",
            "Pairs within a group, or declared as partners; two submissions of earlier terms.",
        ),
        forms=tuple(_forms(entries, given)),
        is_blind=is_blind,
    )


def _facts(usual: Usual, found: Sequence[Pair]) -> Iterator[str]:
    yield (
        f"{count(usual.entries, 'submission')}, {count(usual.pairs, 'pair')} compared, "
        f"{count(len(found), 'pair')} listed."
    )
    alike, rare = floors(usual)
    own = (
        f"about the top {100 * TOP:.1f} % of this class's own pairs. A class in which nobody "
        "shared anything has such pairs as well."
        if alike == usual.alike
        else "this class has too few pairs to say how alike code is where nobody shared anything."
    )
    yield (
        f"By code alone, pairs are listed that have more than {100 * alike:.0f} % of their code in "
        f"common, or more than {rare} pieces of 8 tokens that at most {RARE} submissions have: "
        f"{own}"
    )


def _shared(
    number: int, pair: Pair, entries: Sequence[Entry], texts: _Texts, is_blind: bool
) -> Shared:
    one, other = entries[pair.one], entries[pair.other]
    times = "; ".join(f"{_label(e, is_blind)} handed in {e.at}" for e in (one, other) if e.at)
    return Shared(
        anchor=f"pair-{number}",
        one=(_label(one, is_blind), "" if is_blind else one.link),
        other=(_label(other, is_blind), "" if is_blind else other.link),
        times=times,
        reasons=tuple((reason.says, tuple(_details(reason.detail))) for reason in pair.reasons),
        beside=() if one.earlier or other.earlier else tuple(texts.beside(pair)),
    )


def _details(detail: Sequence[str]) -> Iterator[str]:
    told = [one_line(shown(one, 200)) for one in detail if not one.startswith(HASHED)]
    yield from told[:DETAILS]
    if left := len(detail) - min(len(told), DETAILS):
        yield f"and {left} more" if told else f"{left}, of which only hashes are kept"


def _label(entry: Entry, is_blind: bool) -> str:
    return entry.label if is_blind or not entry.name else one_line(entry.name)


def _forms(entries: Sequence[Entry], given: Traces) -> Iterator[tuple[str, int, int, str]]:
    """Yield for each function that many wrote how many forms it has after renaming."""
    forms: dict[str, Counter[str]] = {}
    for entry in entries:
        for name, (digest, _) in entry.traces.forms.items():
            if given.forms.get(name, ("", 0))[0] != digest:
                forms.setdefault(name, Counter())[digest] += 1
    wrote = {name: counts.total() for name, counts in forms.items()}
    for name in sorted(wrote, key=lambda one: (-forms[one].most_common(1)[0][1], one)):
        if wrote[name] >= max(3, len(entries) / 5):
            most = forms[name].most_common(1)[0][1]
            yield name, wrote[name], len(forms[name]), f"{most} of {wrote[name]} have it"


class _Texts:
    """Functions side by side, with their shared lines marked."""

    def __init__(
        self, files: Files, counts: Mapping[int, int], given: Traces, entries: int
    ) -> None:
        self._files = files
        self._counts = counts
        self._given = given.prints
        self._common = max(RARE, COMMON * entries)

    def beside(self, pair: Pair) -> Iterator[Beside]:
        """Yield functions of which something is shared, those with most rare lines first."""
        ones, others = (list(self._functions(place)) for place in (pair.one, pair.other))
        shared = self._prints(ones) & self._prints(others)
        marks = [
            {f.name: (start, text, self._marks(f, shared)) for start, text, f in each}
            for each in (ones, others)
        ]
        names = [name for name in marks[0] if any(marks[0][name][2].values())]
        names.sort(key=lambda name: -Counter(marks[0][name][2].values())["r"])
        for name in names[:FUNCTIONS]:
            theirs = name if name in marks[1] else self._nearest(marks[0][name][2], marks[1])
            title = name if theirs == name else f"{name}, and {theirs}"
            left = sum(not mark for mark in marks[0][name][2].values())
            ignored = f"{left} lines without a mark are handed out, common, or not shared"
            yield Beside(title, _lines(*marks[0][name]), _lines(*marks[1][theirs]), ignored)

    def _nearest(
        self, ours: Mapping[int, str], others: Mapping[str, tuple[int, str, Mapping[int, str]]]
    ) -> str:
        """Return the function of the other that has most marks, for one of another name."""
        return max(others, key=lambda name: sum(map(bool, others[name][2].values())))

    def _functions(self, place: int) -> Iterator[Numbered]:
        """Yield (line of its block, text of its block, function)."""
        for code in traces.code_of(self._files(place)).values():
            for start, block in tokens.blocks(code):
                for one in canonical.functions(block) or tokens.functions(block):
                    yield start, block, one

    def _prints(self, functions: Sequence[Numbered]) -> set[int]:
        found: set[int] = set()
        for _, _, one in functions:
            hashes = prints.hashes(one.tokens)
            found.update(hashes[prints.winnowed(hashes)].tolist())
        return {one for one in found - self._given if self._counts.get(one, 0) <= self._common}

    def _marks(self, function: tokens.Function, shared: set[int]) -> dict[int, str]:
        """Return the mark of each line of a function, counted in its block."""
        marks = dict.fromkeys((token.line for token in function.tokens), "")
        hashes = prints.hashes(function.tokens)
        for place in np.flatnonzero(np.isin(hashes, np.array(list(shared), dtype=np.uint64))):
            rare = self._counts.get(int(hashes[place]), 0) <= RARE
            for token in function.tokens[place : place + prints.K]:
                marks[token.line] = "r" if rare or marks[token.line] == "r" else "s"
        return marks


def _lines(start: int, block: str, marks: Mapping[int, str]) -> tuple[Line, ...]:
    """Return the lines from the first to the last of a function; of long comments the first."""
    rows = block.split("\n")
    first, last = min(marks), min(max(marks), min(marks) + LINES, len(rows))
    told: list[Line] = []
    silent = list[int]()  # lines without code: comments, docstrings, blank ones
    for number in range(first, last + 1):
        if number not in marks:
            silent.append(number)
            continue
        if len(silent) > QUIET:
            left = f"… {len(silent)} lines without code"
            told.append(Line(start + silent[0] - 1, left, ""))
        else:
            told += [Line(start + n - 1, shown(rows[n - 1], 160), "") for n in silent]
        silent.clear()
        told.append(Line(start + number - 1, shown(rows[number - 1], 160), marks[number]))
    return tuple(told)
