"""Inline answers in the layouts of all course years, and in those that students make of them.

The notebooks here are our own: they follow the layouts that the course had, not its words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest

from grader.grading.assignment import Assignment
from grader.notebooks import inline_answers, percent
from grader.rubric.cases import Rubric
from grader.types import Cell, Notebook, Question
from tests.support import handed_in

Given = tuple[str, str] | tuple[str, str, tuple[str, ...]]
ASKED = "Why does the sky look blue?\nExplain in a sentence."
LONG = "Light of a short wave meets more of the small things in the air than light of a long one"
PDF = ("pdf-inline",)


@pytest.fixture(scope="module")
def rubric(assignments: dict[str, Assignment]) -> Rubric:
    return assignments["cs231n-a2"].rubric


def notebook(cells: Sequence[Given], name: str = "Dropout.ipynb") -> Notebook:
    """A notebook of cells: ("md" or "code", text, tags)."""
    code, markdown, tags = [], {}, {}
    for number, (kind, text, *more) in enumerate(cells, start=1):
        if kind == "code":
            code.append(Cell(number, text, "ran"))
        else:
            markdown[number] = text
        if more:
            tags[number] = tuple(more[0])
    return Notebook(name, "executed", cells=tuple(code), markdown=markdown, tags=tags)


def found(rubric: Rubric, *notebooks: Notebook) -> dict[str, Question]:
    return {question.id: question for question in inline_answers.find(notebooks, rubric)}


def dropout(rubric: Rubric, cells: Sequence[Given]) -> list[str]:
    """The answers to the questions of a Dropout notebook, None for those that are blank."""
    questions = found(rubric, notebook(cells))
    return [
        q.answer if q.status == "pending" else "(blank)"
        for n in (1, 2, 3)
        for q in [questions[f"Dropout/{n}"]]
    ]


NEXT: Given = ("md", "# The next section\nIt says more.")
CODE: Given = ("code", "x = 1\nprint(x)")
B = "(blank)"
LAYOUTS: dict[str, tuple[list[Given], list[str]]] = {
    # ---------------------------------------------------------------- ours
    "ours, unanswered": (
        [("md", f"## Inline question 1\n{ASKED}", ("inline-question", "Dropout/1")),
         ("md", "*Your answer:*", ("inline-answer", "Dropout/1")), NEXT], [B, B, B],
    ),
    "ours, answered behind the marker": (
        [("md", f"## Inline question 2\n{ASKED}", ("inline-question", "Dropout/2")),
         ("md", "*Your answer:* It scatters.", ("inline-answer", "Dropout/2")), CODE],
        [B, "It scatters.", B],
    ),
    "ours, marker taken out": (
        [("md", ASKED, ("inline-question", "Dropout/3")),
         ("md", "# Big letters\nIt scatters.", ("inline-answer", "Dropout/3")), CODE],
        [B, B, "# Big letters\nIt scatters."],
    ),
    "ours, answer cell gone": (
        [("md", f"## Inline question 1\n{ASKED}", ("inline-question", "Dropout/1")), NEXT],
        [B, B, B],
    ),
    # ---------------------------------------------------------------- 2016 and 2017
    "2016 one cell": (
        [("md", f"# Inline question: \n{ASKED}\n\n# Answer:\n[FILL THIS IN]"), NEXT], [B, B, B],
    ),
    "2016 one cell, answered": (
        [("md", f"# Inline question: \n{ASKED}\n\n# Answer:\nIt scatters.\n"), NEXT],
        ["It scatters.", B, B],
    ),
    "2016 two cells": (
        [("md", f"# Question:\n{ASKED}"), ("md", "# Answer:\n"), CODE], [B, B, B],
    ),
    "2016 two cells, answered": (
        [("md", f"# Question\n{ASKED}"), ("md", "# Answer\nIt scatters."), CODE],
        ["It scatters.", B, B],
    ),
    "2016 two cells, answered in a third": (
        [("md", f"# Question\n{ASKED}"), ("md", "# Answer\n"), ("md", "It scatters.")],
        ["It scatters.", B, B],
    ),
    # ---------------------------------------------------------------- 2018
    "2018 two cells": (
        [("md", f"## Inline Question 1: \n{ASKED}"), ("md", "## Answer:\n[FILL THIS IN]"), NEXT],
        [B, B, B],
    ),
    "2018 two cells, answered": (
        [("md", f"## Inline Question 2:\n{ASKED}"), ("md", "## Answer:\nIt scatters."), NEXT],
        [B, "It scatters.", B],
    ),
    "2018 inside, written after the filler": (
        [("md", f"## Inline Question 1:\n{ASKED}\n## Answer:\n[FILL THIS IN]\n\nIt scatters.")],
        ["It scatters.", B, B],
    ),
    # ---------------------------------------------------------------- 2019 and later
    "2019 one cell": (
        [("md", f"## Inline Question 1:\n{ASKED}\n\n## Answer:\n[FILL THIS IN]\n", PDF), CODE,
         ("md", f"## Inline Question 2:\n{ASKED}\n\n## Answer:\nAt *noon*.\n", PDF),
         ("md", f"## Inline Question 3:\n{ASKED}\n\n## Answer: At night.", PDF)],
        [B, "At *noon*.", "At night."],
    ),
    "2019 answered in the cell below": (
        [("md", f"## Inline Question 1:\n{ASKED}\n\n## Answer:\n[FILL THIS IN]\n", PDF),
         ("md", "It scatters."), ("md", "Twice."), CODE, ("md", "Something else.")],
        ["It scatters.\n\nTwice.", B, B],
    ),
    "2019 answered in both": (
        [("md", f"## Inline Question 1:\n{ASKED}\n\n## Answer: One.\n", PDF), ("md", "Two.")],
        ["One.\n\nTwo.", B, B],
    ),
    "2019 a bold marker": (
        [("md", f"**Inline Question 1**\n{ASKED}\n\n**Answer:** It scatters.", PDF), NEXT],
        ["It scatters.", B, B],
    ),
    "2019 the marker is gone": (
        [("md", f"## Inline Question 1:\n{ASKED}", PDF), ("md", "It scatters."), NEXT],
        ["It scatters.", B, B],
    ),
    "2019 no marker anywhere": (
        [("md", f"## Inline Question 1:\n{ASKED}\n\nIt scatters.", PDF), NEXT],
        [f"## Inline Question 1:\n{ASKED}\n\nIt scatters.", B, B],
    ),
    "translated, tags remain": (
        [("md", "## 内联问题 1\n为什么？\n\n散射。", PDF), NEXT],
        ["## 内联问题 1\n为什么？\n\n散射。", B, B],
    ),
    "the colours of the course": (
        [("md", f"**Inline Question 1**\n\n{ASKED}\n\n$\\color{{blue}}{{\\textit Your Answer:}}$ "
          "It scatters.\n"), NEXT],
        ["It scatters.", B, B],
    ),
    # ---------------------------------------------------------------- 2026
    "2026 a declaration": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:\n_Your Answer_", PDF),
         ("md", "- [ ] I confirm that this is my own work"), NEXT], [B, B, B],
    ),
    "2026 a declaration, answered": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:\nIt scatters.", PDF),
         ("md", "## Student Declaration\n- [x] I confirm that this is my own work"), NEXT],
        ["It scatters.", B, B],
    ),
    # ---------------------------------------------------------------- as students do
    "in a code cell, as comments": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:\n[FILL THIS IN]", PDF),
         ("code", "# It scatters.\n# Twice."), CODE],
        ["It scatters.\nTwice.", B, B],
    ),
    "in a code cell, as a string": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:", PDF), ("code", '"""It scatters."""')],
        ["It scatters.", B, B],
    ),
    "code is no answer": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:", PDF), ("code", "# plot\nplot(3)")],
        [B, B, B],
    ),
    "several questions in a cell": (
        [("md", "## Inline Question 1\na?\n## Answer:\nOne it is.\n## Inline Question 2\nb?\n"
          "## Answer:\nTwo it is.", PDF), NEXT],
        ["One it is.", "Two it is.", B],
    ),
    "the same number twice": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer: One it is.", PDF),
         ("md", f"## Inline Question 1\n{ASKED}\n## Answer: Two it is.", PDF)],
        ["One it is.", "Two it is.", B],
    ),
    "a question that says answer": (
        [("md", "## Inline Question 1\nAnswer these. Your answer should be short.\n## Answer:\n"
          "It is.", PDF)],
        ["It is.", B, B],
    ),
    "a short answer": ([("md", "## Inline Question 1\na?\n## Answer:\nyes", PDF)], ["yes", B, B]),
    "two letters": ([("md", "## Inline Question 1\na?\n## Answer:\n_no_", PDF)], ["_no_", B, B]),
    "one of several": (
        [("md", "## Inline Question 1\na?\n1. b\n2. c\n## Answer: 2", PDF),
         ("md", "## Inline Question 2\na?\n## Answer:\n[1]", PDF),
         ("md", "## Inline Question 3\na?\n## Answer:\n", PDF), ("md", "**A**")],
        ["2", "[1]", "**A**"],
    ),
    "a choice that repeats an option": (
        [("md", f"## Inline Question 1\n{ASKED}\n\n1. {LONG}\n\n2. Dust of the road\n\n"
          f"## Answer:\n1. {LONG}", PDF)],
        [f"1. {LONG}", B, B],
    ),
    "nothing but decoration": (
        [("md", "## Inline Question 1\na?\n## Answer:\n...\n\n---\n\n> ?\n\n***", PDF)], [B, B, B]
    ),
    "what editors and templates leave": (
        [("md", "## Inline Question 1\na?\n## Answer:\n*Write your answer here.*", PDF),
         ("md", "## Inline Question 2\na?\n## Answer:\n<your answer>", PDF)],
        [B, B, B],
    ),
    "short markers": (
        [("md", "## Inline Question 1\na?\n\nAns: It scatters.", PDF),
         ("md", "## Inline Question 2\na?"), ("md", "**Ans.** At *noon*."),
         ("md", "## Inline Question 3\na?\n**Solution:** At night.")],
        ["It scatters.", "**Ans.** At *noon*.", "At night."],
    ),
    # ---------------------------------------------------------------- the question's own text again
    "the question is pasted behind": (
        [("md", f"## Inline Question 1\n{LONG}?\n\n## Answer:\nIt scatters.\n\n{LONG}?", PDF)],
        ["It scatters.", B, B],
    ),
    "the question is pasted before, in a cell of its own": (
        [("md", f"## Inline Question 1\n{LONG}?\nExplain.", PDF),
         ("md", f"**{LONG}?**\n\nIt scatters.\n\nTwice.")],
        ["It scatters.\n\nTwice.", B, B],
    ),
    "the marker was put right below the heading": (
        [("md", "## Inline Question 1\n## Answer: It scatters.\n\nWhat happens if we do not divide?"
          "\n\n1. one thing\n2. the other", PDF), NEXT],
        ["It scatters.", B, B],
    ),
    "an answer that asks back": (
        [("md", f"## Inline Question 1\n{ASKED}\n## Answer:\nIt scatters.\n\nWhy divide, then?")],
        ["It scatters.\n\nWhy divide, then?", B, B],
    ),
    "only the question, pasted": (
        [("md", f"## Inline Question 1\n{LONG}?\n## Answer:\n{LONG}?", PDF)], [f"{LONG}?", B, B]
    ),
    # ---------------------------------------------------------------- other languages
    "translated without tags": (
        [("md", "## 内联问题 1\n为什么？\n\n## 答案：\n散射。"), CODE,
         ("md", "## 内联问题 2：\n为什么？"), ("md", "**答：** 中午。"), NEXT,
         ("md", "### 梯度消失问题\n见上文。")],
        ["散射。", "中午。", B],
    ),
    "Spanish and German": (
        [("md", "## Pregunta en línea 1\n¿Por qué?\n\n**Respuesta:** Se dispersa."), CODE,
         ("md", "**Frage 3:** Warum?"), ("md", "## Antwort\nAbends."),
         ("md", "## Eine Frage der Zeit\nMehr davon.")],
        ["Se dispersa.", B, "Abends."],
    ),
    "translated numerals, by place": (
        [("md", "## 问题一\n为什么？\n\n散射。", PDF), ("md", "## 问题二\n为什么？\n\n中午。")],
        ["## 问题一\n为什么？\n\n散射。", "## 问题二\n为什么？\n\n中午。", B],
    ),
    "only a comment": (
        [("md", "## Inline Question 1\na?\n## Answer:\n<!-- write here, please -->", PDF)],
        [B, B, B],
    ),
    "behind what was tried first": (
        [("md", f"## Inline question 1\n{ASKED}", ("inline-question", "Dropout/1")),
         ("md", "*Your answer:*"), CODE, ("md", "It scatters."), NEXT], ["It scatters.", B, B],
    ),
    "an answer, and a remark on what comes": (
        [("md", f"## Inline question 1\n{ASKED}\n## Answer:\nIt scatters.", PDF), CODE,
         ("md", "Now we train.")], ["It scatters.", B, B],
    ),
    "behind code of the next section": (
        [("md", f"## Inline question 1\n{ASKED}", ("inline-question", "Dropout/1")), CODE, NEXT,
         ("md", "It scatters.")], [B, B, B],
    ),
    "no questions": ([NEXT, CODE], [B, B, B]),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "expected"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_answers_are_found_in_every_layout(
    cells: list[Given], expected: list[str], rubric: Rubric
) -> None:
    assert dropout(rubric, cells) == expected


COUNTS = {2016: (1, 1, 1), 2018: (3, 4, 3), 2019: (3, 4, 3), 2021: (2, 4, 3), 2022: (2, 4, 2)}
NAMES = ("FullyConnectedNets", "BatchNormalization", "Dropout")


@pytest.mark.parametrize("year", COUNTS)
def test_each_year_has_as_many_questions_as_it_asks(year: int, rubric: Rubric) -> None:
    made = [
        notebook([("md", f"## Inline Question {n}\n{ASKED}\n## Answer:\nAnswer {n} of {name}", PDF)
                  for n in range(1, count + 1)], f"{name}.ipynb")
        for name, count in zip(NAMES, COUNTS[year])
    ]  # fmt: skip
    pending = {q.id: q.answer for q in found(rubric, *made).values() if q.status == "pending"}
    assert pending == {
        f"{name}/{n}": f"Answer {n} of {name}"
        for name, count in zip(NAMES, COUNTS[year])
        for n in range(1, count + 1)
    }


# The same questions, in words of our own; years leave some out, and number those that are left.
NETS = {
    1: "Which of sigmoid, ReLU and leaky ReLU lose their slope?",
    2: "Was the three layer net or the five layer net harder to start?",
    3: "Why do the steps of AdaGrad become small?",
}
NORMS = {
    1: "How does the scale of the weight initialization matter to each kind of net?",
    2: "How do normalization and the batch size go together?",
    3: "Which way of preprocessing is analogous to which normalization?",
    4: "When is layer normalization likely to not work well?",
}
DROPS = {
    1: "What changes if nothing is divided by p?",
    2: "Look at both curves. What do they suggest about dropout?",
    3: "With half of the units in a hidden layer, which p?",
}
YEARS = {  # year -> the questions of the nets, those of dropout, their form
    2016: ((2,), (2,), "two cells"),
    2017: ((2,), (2,), "one cell"),
    2018: ((1, 2, 3), (1, 2, 3), "two cells"),
    2019: ((1, 2, 3), (1, 2, 3), "one cell"),
    2020: ((1, 2, 3), (1, 2, 3), "below"),
    2021: ((2, 3), (1, 2, 3), "one cell"),
    2022: ((2, 3), (1, 2), "filler left"),
    2024: ((2, 3), (1, 2), "two cells"),
    2025: ((2, 3), (1, 2), "below"),
    2026: ((2, 3), (1, 2), "one cell"),
}
COLAB: Given = ("code", "# This mounts your drive\nfrom google.colab import drive\n%cd $FOLDERNAME")


def of_year(year: int, numbers: Sequence[int], asked: dict[int, str], form: str) -> list[Given]:
    """The cells of a notebook of this year, each question answered by its own number."""
    cells: list[Given] = [COLAB] if year >= 2020 else []
    for place, number in enumerate(numbers, start=1):
        heading = f"## Inline Question {place}:" if year >= 2018 else "# Inline question:"
        question, answer = f"{heading}\n{asked[number]}\n", f"Mine to {number}, not of AdaGrad."
        tags = (PDF,) if year >= 2019 else ()
        if form == "two cells":
            cells += [("md", question, *tags), ("md", f"## Answer:\n{answer}")]
        elif form == "below":
            cells += [("md", f"{question}\n## Answer:\n[FILL THIS IN]", *tags), ("md", answer)]
        elif form == "filler left":
            cells.append(("md", f"{question}\n## Answer:\n[FILL THIS IN]\n{answer}", *tags))
        else:
            cells.append(("md", f"{question}\n## Answer:\n{answer}", *tags))
        cells += [CODE, NEXT]
    if year == 2026:
        cells.insert(0, ("md", "# Student Declaration\n- [x] I confirm\n\n_Your Answer_"))
    return cells


@pytest.mark.parametrize("year", YEARS)
def test_a_question_is_known_whatever_its_number_is_in_a_year(year: int, rubric: Rubric) -> None:
    nets, drops, form = YEARS[year]
    questions = found(
        rubric,
        notebook(of_year(year, nets, NETS, form), "FullyConnectedNets.ipynb"),
        notebook(of_year(year, drops, DROPS, form)),
    )
    answered = {name: q.answer for name, q in questions.items() if q.status == "pending"}
    assert answered == {
        f"{name}/{number}": f"Mine to {number}, not of AdaGrad."
        for name, numbers in (("FullyConnectedNets", nets), ("Dropout", drops))
        for number in numbers
    }


@pytest.mark.parametrize("year", [2016, 2017])
def test_an_early_year_asks_what_it_asked(year: int, assignments: dict[str, Assignment]) -> None:
    nets, drops, form = YEARS[year]
    rubric = assignments[f"cs231n-a2-{year}"].rubric
    cells = [of_year(year, nets, NETS, form), of_year(year, drops, DROPS, form)]
    names = ("FullyConnectedNets.ipynb", "Dropout.ipynb")
    questions = found(rubric, *map(notebook, cells, names))
    assert {name for name, q in questions.items() if q.status == "pending"} == {
        "FullyConnectedNets/2", "Dropout/2",
    }  # fmt: skip
    assert set(questions) == {"FullyConnectedNets/2", "BatchNormalization/1", "Dropout/2"}


ORDERS: dict[str, tuple[list[tuple[int, str]], dict[int, str]]] = {
    # (the question, its heading) in the order of the notebook -> by which answer each is known
    "words before numbers": ([(4, "1"), (2, "2"), (1, "4")], {4: "a", 2: "b", 1: "c"}),
    "words of a later one before the number of an earlier": (
        [(0, "2"), (2, "")], {2: "b", 1: "a"}
    ),
    "all but one have words": (
        [(1, ""), (2, ""), (0, ""), (4, "")], {1: "a", 2: "b", 3: "c", 4: "d"}
    ),
    "numbers are moved as those that are known": ([(0, "1"), (3, "2"), (4, "3")],
                                                  {2: "a", 3: "b", 4: "c"}),
    "no words, no numbers": ([(0, ""), (0, "")], {1: "a", 2: "b"}),
    "a number that nobody asks": ([(0, "7"), (0, "2")], {1: "a", 2: "b"}),
    "words twice": ([(3, ""), (3, "")], {3: "a", 4: "b"}),
    "five of four": ([(0, "")] * 5, {1: "a", 2: "b", 3: "c", 4: "d"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_all_words_come_before_all_numbers_and_these_before_the_order(
    name: str, rubric: Rubric
) -> None:
    order, expected = ORDERS[name]
    cells: list[Given] = []
    for (number, given), answer in zip(order, "abcde"):
        asked = NORMS.get(number, "Why is that?")
        cells += [("md", f"## Inline Question {given}\n{asked}\n## Answer: {answer}", PDF), CODE]
    questions = found(rubric, notebook(cells, "BatchNormalization.ipynb"))
    answers = {n: questions[f"BatchNormalization/{n}"].answer for n in (1, 2, 3, 4)}
    assert {n: answer for n, answer in answers.items() if answer} == expected


def test_our_own_questions_are_known_by_their_words_too(rubric: Rubric) -> None:
    """If a student's editor lost the tags."""
    for name in NAMES:
        path = handed_in.ROOT / "reference" / f"{name}.py"
        cells = percent.parse(path.read_text(encoding="utf-8"), name)
        asked = [cell.source for cell in cells if "inline-question" in cell.tags]
        count = len(asked)
        order = (count, *range(1, count))
        mixed = [(n, re.sub(r"(?i)question \d", "Question", asked[n - 1])) for n in order]
        made: list[Given] = []
        for n, question in mixed:
            made += [("md", question), ("md", f"**Answer:** number {n}"), CODE]
        questions = found(rubric, notebook(made, f"{name}.ipynb"))
        assert {n: questions[f"{name}/{n}"].answer for n in order} == {
            n: f"number {n}" for n in order
        }


def test_every_question_of_the_rubric_is_there_with_its_points(rubric: Rubric) -> None:
    questions = inline_answers.find([], rubric)
    items = [item for item in rubric.table.items if item.kind == "question"]
    assert [(q.id, q.possible) for q in questions] == [(i.id, i.points) for i in items]
    assert {q.status for q in questions} == {"blank"}


def test_a_notebook_that_could_not_be_read_is_not_blank(rubric: Rubric) -> None:
    questions = found(rubric, Notebook("Dropout.ipynb", "unreadable", "is no JSON"))
    assert questions["Dropout/1"].status == "pending"
    assert questions["FullyConnectedNets/1"].status == "blank"


def test_a_long_answer_is_cut_and_says_so(rubric: Rubric) -> None:
    long = "a" * (inline_answers.MOST + 5)
    question = found(
        rubric, notebook([("md", f"## Inline Question 1\na?\n## Answer:\n{long}", PDF)])
    )["Dropout/1"]
    assert question.answer == long[: inline_answers.MOST] + "… 5 more characters"


HOSTILE = {
    "hashes": "#" * 50_000,
    "spaces": "## Inline Question 1\n## Answer:" + " " * 50_000 + "x",
    "markers": "## Inline Question 1\n" + "Answer: " * 20_000,
    "stars": "## Inline Question 1\n" + "*" * 50_000,
    "open comments": "## Inline Question 1\n## Answer:\n" + "<!--" * 10_000,
    "brackets": "## Inline Question 1\n## Answer:\n" + "[ fill " * 10_000,
    "questions": "## Inline Question 1\n" * 5_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_no_time(text: str, rubric: Rubric) -> None:
    started = time.process_time()
    dropout(rubric, [("md", text, PDF), ("code", "(" * 50_000), ("code", "# " * 50_000)])
    assert time.process_time() - started < 2
