"""The page, property by property (facts/feedback.md): verdict, order, examples, safety, size."""

from __future__ import annotations

import base64
import os
import re
import struct
import subprocess
import sys
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.report import faults, html, page, pictures, prose, tables, text
from grader.types import BoxState, ItemResult, Question, Raised, Report
from tests.support import classes
from tests.test_report import samples
from tests.test_report.reading import Reader, words
from tests.test_report.samples import ALL, compared, fault, item, report

PAGES: dict[str, str] = {}
ROOT = Path(__file__).resolve().parents[2]


def shown(name: str) -> str:
    """Return the page of a sample, rendered once."""
    if name not in PAGES:
        PAGES[name] = html.render(ALL[name](), version="0.1.0")
    return PAGES[name]


def cards(source: str) -> list[str]:
    return re.findall(r"<article.*?</article>", source, re.S)


# ---------------------------------------------------------------- verdict and order

VERDICTS = {
    "perfect": ("42 of 45 points, code only", "Everything that was graded is right"),
    "three_mistakes": (
        "30.33 of 45 points, code only",
        "4 things to fix, the first is worth 6 points",
    ),
    "untouched": ("0 of 45 points, code only", "Nothing is written yet: start with affine_forward"),
    "syntax_error": ("18 of 45 points, code only", "1 thing to fix, worth 24 points"),
    "hostile": ("38.67 of 45 points, code only", "1 thing to fix, worth 3.33 points"),
    "our_fault": ("37 of 40 points, code only", "Everything that was graded is right"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict_comes_first(name: str) -> None:
    score, verdict = VERDICTS[name]
    said = page.make(ALL[name](), "0.1.0")
    assert (said.score, said.verdict) == (score, verdict)
    body = shown(name).partition("<h1")[2]
    assert words("<h1" + body.partition("</section>")[0]).startswith(f"{score} {verdict}.")


def test_roots_come_by_points_with_their_consequences_inside() -> None:
    found = cards(shown("three_mistakes"))
    titles = [re.search(r"<h3.*?>\d+\. (.*?)</h3>", card)[1] for card in found]  # type: ignore[index]
    assert titles == [
        "Affine layer, forward",
        "Batch normalization, backward",
        "Affine layer, backward",
        "Dropout, forward",
    ]
    first = words(found[0])
    assert "Two-layer net : right apart from that. No points lost." in first
    assert "4 points may come back" in first and "+6 points" in first
    assert not any("Two-layer net" in card for card in found[1:])


def test_one_line_that_stops_everything_is_one_thing() -> None:
    (card,) = cards(shown("syntax_error"))
    said = words(card)
    assert "1. layers.py, line 12 +24 points" in said and "8 items : stopped at this line" in said
    assert "Hint" not in said


@pytest.mark.parametrize("because", ["relu_forward", "nowhere", "affine_backward"])
def test_a_cause_that_needs_no_work_explains_nothing(because: str) -> None:
    odd = item(1, ("dx",), because_of=because)
    assert len(page.make(report(odd), "").cards) == 1


def test_causes_in_a_ring_are_not_lost() -> None:
    ring = (
        item(0, ("out",), because_of="affine_backward"),
        item(1, ("dx",), because_of="relu_forward"),
        item(2, ("out",), because_of="affine_backward"),
    )
    (card,) = page.make(report(*ring), "").cards
    assert card.gain == "4.67 points" and len(card.consequences) == 2


def test_untouched_template_encourages_and_says_where_to_start() -> None:
    said = words(shown("untouched"))
    assert not cards(shown("untouched"))
    assert "Nothing is written yet, and that is where everybody begins" in said
    assert "Begin with Affine layer, forward : open layers.py: affine_forward" in said
    assert "Have it graded again" in said
    assert "Then go on with Affine layer, backward" in said


# ---------------------------------------------------------------- one card


def test_the_smallest_public_example_is_shown_with_marks_and_limits() -> None:
    card = cards(shown("three_mistakes"))[1]
    said = words(card)
    assert "(check batchnorm_backward/small)" in said
    assert "Error 0.75, allowed 1e-7 Worst cell dx[1, 1]" in said
    assert "Expected dx shape (3, 2)" in said and "Yours dx shape (3, 2)" in said
    assert re.findall(r'<td class="w">(.*?)</td>', card) == [
        "-0.75<i> differs</i>",
        "3<i> differs</i>",
    ]
    assert "2 of 6 cells differ" in said
    assert "This is the mistake: the way of x through the mean" in said
    assert said.index("This is the mistake") < said.index("Error 0.75") < said.index("Hint 1")
    about = "the gradient or value called"
    assert f"Not right yet: {about} dx. Right already: {about} dgamma." in said
    assert "work on layers.py: batchnorm_backward , then run python selfcheck.py batch" in said
    assert "2 more checks not right yet" in said and "a hidden check: dx is wrong" in said


def test_the_smallest_case_comes_after_the_cause_and_before_all_else() -> None:
    numbers, stops = cards(shown("smallest_case"))
    said = words(numbers)
    order = ["left out", "The smallest case that fails", "Input x", "Expected dx", "Yours dx",
             "import numpy", "Next:", "Hint 1", "A larger check"]  # fmt: skip
    places = [said.index(word) for word in order]
    assert places == sorted(places)
    small = numbers[: numbers.index("A larger check")]
    assert re.findall(r'<td class="w">(.*?)<i>', small) == ["1", "0.75"]
    assert "bn_param = {&#39;mode&#39;: &#39;train&#39;}" in small
    assert 'sep="\\n")' in said  # the third line, whole
    assert "Yours" not in stops and "NameError" in stops and "<b>&lt;" not in stops
    assert "not defined &lt;b&gt;" in stops and "Expected" in stops


def test_the_example_runs_as_python() -> None:
    code = page.make(samples.three_mistakes(), "").cards[1].problems[0].example
    assert code is not None
    found: dict[str, Any] = {}
    exec(code.code, found)
    np.testing.assert_array_equal(found["x"], [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(found["expected_dx"][2], [-0.5, 1.5])


def test_an_exception_shows_the_students_own_lines() -> None:
    card = cards(shown("three_mistakes"))[0]
    said = words(card)
    assert "layers.py, line 38, in affine_forward" in said
    assert re.findall(r"<mark>.*?</span>(.*?)</mark>", card) == ["    return x.reshape(n, -1) * w"]
    assert "ValueError : operands could not be broadcast together" in said


def test_points_of_the_parts_add_up() -> None:
    for card in page.make(samples.three_mistakes(), "").cards:
        earned = sum(float(part.points.split(" of ")[0]) for part in card.parts)
        assert abs(earned - float(card.score.split(" of ")[0])) < 0.02


def test_hidden_checks_leak_neither_inputs_nor_values() -> None:
    secret = compared([[1.234567, 2.345678]], [[9.87654, 8.76543]], "dx", x=[[3.1415926]])
    raised = Raised("KeyError", "3.1415926", (("layers.py", 9, "f", "    x = table[value]"),))
    leaky = fault(
        1,
        "dx",
        "dx is wrong",
        public=False,
        case="affine_backward/strided_secret",
        comparison=secret,
        raised=raised,
        at=(77, 88),
    )
    bad = item(1, ("dx",), faults=(leaky, replace(leaky, raised=None)))
    made = html.render(report(bad, measured={}), version="")
    for leak in (
        "3.14",
        "1.23",
        "2.34",
        "9.87",
        "8.76",
        "strided_secret",
        "[77, 88]",
        "KeyError</b>:",
    ):
        assert leak not in made, leak
    assert "a hidden check" in made and "x = table[value]" in made
    assert "its numbers are not shown" in words(made)


def test_hints_are_folded_and_at_most_three() -> None:
    card = cards(shown("three_mistakes"))[0]
    assert card.count('<details class="hint">') == 3 and "<details open" not in card
    many = report(item(0, ("out",), hints=tuple("abcdefg")))
    assert html.render(many, version="").count('class="hint"') == 3


BOOK = "FullyConnectedNets.ipynb"
LONG = "relu_forward returns out in shape (1, 2): every training stops. Take that axis away"
IN_NOTEBOOKS: dict[str, tuple[tuple[Any, ...], str, str]] = {
    # status and sentence of items of a notebook -> what the first screen says, and the next step
    "not handed in": (
        (("missing", f"{BOOK} was not handed in"), ("missing", f"{BOOK} was not handed in")),
        f"{BOOK} not handed in, 6 points to earn · 1 more thing to fix, worth 1 point. "
        f"{BOOK} was not handed in 6 points",
        f"Next: put {BOOK} into the upload , then have it graded again.",
    ),
    "stopped for one reason": (
        (("error", LONG), ("error", LONG)),
        "2 things to fix, the first is worth 6 points. "
        "relu_forward returns out in shape (1, 2) 6 points",
        f"Next: mend what stands above, run {BOOK} again, then have it graded again.",
    ),
    "not written": (
        (("not_written", "cell 3 is not written yet"),),
        "1 thing to fix, worth 1 point · 1 item not written yet, 3 points to earn.",
        f"Next: write what is not there yet, run {BOOK} again, then have it graded again.",
    ),
}


@pytest.mark.parametrize("what", IN_NOTEBOOKS)
def test_what_is_wrong_in_a_notebook_is_named_in_short_and_has_its_own_next_step(what: str) -> None:
    found, first_screen, step = IN_NOTEBOOKS[what]
    more = [
        ItemResult(
            f"t{n}", f"Training {n}", "training", BOOK, status, 0.0, 3.0, (),
            faults=(fault(0, "all", says, case=f"t{n}/a", kind="error"),), public_checks=(0, 1),
        )
        for n, (status, says) in enumerate(found)
    ]  # fmt: skip
    made = report(item(2, ("out",)))
    source = html.render(replace(made, items=(*made.items[:8], *more)), version="")
    assert first_screen in words("<h1" + source.partition("<h1")[2].partition("</section>")[0])
    said = words(source)
    assert step.replace(" ,", ",") in said.replace(" ,", ",") and "selfcheck.py t" not in said


# ---------------------------------------------------------------- the rest of the page


def test_what_else_is_said() -> None:
    said = words(shown("three_mistakes"))
    assert "notebooks were not run , 3 points: Update rules compared" in said
    left_out = replace(samples.perfect(), items=tuple(
        replace(one, status="skipped") for one in samples.perfect().items[-2:]
    ))  # fmt: skip
    (one,) = page.make(left_out, "").ungraded
    assert one.reason == "notebooks were not run" and one.points == "6 points"
    assert "read by a person , 3 points: What the scaling is for" in said
    assert "What is right already (5)" in said and "7 of 7 checks right, 1 point" in said
    assert "Worth knowing, at no cost" in said and "x was changed in place" in said
    assert "For the instructor to look at" in said
    assert "For the instructor" not in words(shown("perfect"))
    assert "the folder &#39;a2 final (2)&#39; was read" in shown("three_mistakes")


def test_our_fault_is_said_to_be_ours_and_costs_nothing() -> None:
    said = words(shown("our_fault"))
    assert "This is our fault and costs you nothing" in said and not cards(shown("our_fault"))
    assert "37 of 40 points, code only" in said


def test_a_box_that_did_not_isolate_is_stamped_on_every_page() -> None:
    source = shown("unisolated")
    before_score = words(source.partition("<body>")[2].partition("<main")[0])
    assert "was not isolated while it ran (outer box: none; inner limits: rlimits)" in before_score
    assert '@top-center{\ncontent:"NOT ISOLATED' in source
    assert "@top-center" not in shown("three_mistakes")


def test_tone() -> None:
    for name in ALL.keys() - {"hostile"}:
        said = words(shown(name))
        assert "!" not in said, name
        assert not re.search(r"\b(fail(ed|ure)?|bad|stupid|error occurred)\b", said, re.I), name


# ---------------------------------------------------------------- safe, small, the same again


@pytest.mark.parametrize("name", ALL)
def test_nothing_active_and_nothing_from_elsewhere(name: str) -> None:
    source = shown(name)
    reader = Reader(source)
    tags = {tag for tag, _ in reader.tags}
    assert not tags & {"script", "iframe", "object", "embed", "link", "base", "form", "a:href"}
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in source
    style = re.search(r"<style>(.*?)</style>", source, re.S)
    assert style and not re.search(r"url\(|@import|http|transition|animation", style[1])
    for tag, attributes in reader.tags:
        for key, value in attributes.items():
            assert not key.startswith("on") and key != "style", (tag, key)
            if key in ("href", "src", "action", "formaction"):
                inside = ("#", "data:image/png;base64,", "FullyConnectedNets.html")
                assert value and value.startswith(inside), value
    invisible = {c for c in source if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")}
    assert invisible <= {"\n", "\t"}
    source.encode("utf-8")


def test_hostile_text_is_shown_not_run() -> None:
    said = words(shown("hostile"))
    for expected in (
        "<script>alert(1)</script>",
        "</textarea></pre><img src=x onerror=alert(1)>",
        r"\x1b]0;owned\x07\x1b[31mred",
        r"admin\u202etxt.exe \u2066x\u2069 zero\u200bwidth\xad \U000e0041 \ud800",
        "{{ 7*7 }} {% raw %} [bold]x[/bold] :smile: %s {0.__class__}",
    ):
        assert expected in said
    assert "9,999,400 more characters" in said


SIZES = {
    "perfect": 40, "three_mistakes": 60, "untouched": 60, "hostile": 150, "eighty_faults": 150,
    "executed": 150,
}  # fmt: skip


def test_no_line_of_a_template_is_too_long_to_read() -> None:
    files = sorted(Path(html.__file__).parent.glob("templates/*"))
    lines = [(file.name, line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert files and [one for one in lines if len(one[1]) > 160] == []


@pytest.mark.parametrize("name", SIZES)
def test_size(name: str) -> None:
    assert len(shown(name).encode()) < SIZES[name] * 1000


def test_same_report_same_bytes_but_for_the_measured_field() -> None:
    first = html.render(samples.three_mistakes(), version="0.1.0")
    assert first == html.render(samples.three_mistakes(), version="0.1.0")
    other = replace(samples.three_mistakes(), measured={"started": "2026-01-01", "wall_s": 9.5})
    later = html.render(other, version="0.1.0")
    assert later != first
    assert classes.unmeasured("page.html", later) == classes.unmeasured("page.html", first)


def test_how_the_result_came_about_is_told() -> None:
    footer = words(shown("three_mistakes").partition("<footer>")[2].partition("</footer>")[0])
    for fact in (
        f"Submission sha256 {'ab' * 32}", f"Rubric cs231n-a2, sha256 {'cd' * 32}",
        f"Golden answers sha256 {'ef' * 32}", "Box bubblewrap outside; rlimits, landlock, seccomp",
        "Grader Backgrade 0.1.0", "graded 2025-11-23T10:00:00+00:00, 1.23 s, 0.99 s of CPU",
        "Xeon 8581C", "numpy 2.1.0, python 3.11.7",
    ):  # fmt: skip
        assert fact in footer, fact


def test_what_is_right_says_by_how_much_and_what_it_took() -> None:
    right = shown("three_mistakes").partition("What is right already")[2]
    said = words(right.partition("</summary>")[2].partition("</details>")[0])
    assert "7 of 7 checks right, 1 point" in said
    assert "(agrees to 15 digits, 12 are asked for)" in said
    assert "(agrees to 16 digits, 10 are asked for, at most 1.25 s of CPU)" in said
    assert said.count("are asked for") == 2  # affine_forward is not right


def test_same_bytes_in_another_process() -> None:
    code = (
        "from tests.test_report import samples; from grader.report import html; import sys;"
        "sys.stdout.buffer.write(html.render(samples.three_mistakes(), version='0.1.0').encode())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert out.stdout.decode() == shown("three_mistakes")


def test_headings_ids_and_tables_are_in_order() -> None:
    for name in ALL:
        tags = Reader(shown(name)).tags
        levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), name
        ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        links = [a["href"] or "" for tag, a in tags if tag in ("a", "use")]
        inside = {link[1:] for link in links if not link.startswith("FullyConnectedNets.html")}
        assert inside <= set(ids), name
        names = [tag for tag, _ in tags]
        assert names.count("table") == names.count("caption")
        assert all("scope" in a for tag, a in tags if tag == "th")
        assert all("alt" in a for tag, a in tags if tag == "img")


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "nd": "shape (2, 3, 4), the last axis across, the others down",
        "nonfinite": "≠",
        "scalar": "one number",
        "empty": "no numbers in it",
        "close": "2.00000001 differs",
        "far": "… 22 more rows and 32 more columns",
        "wide": "One dot is the worst of 1 × 32 cells",
        "images": "… 88 more rows",
    }.items(),
)
def test_odd_arrays(name: str, expected: str) -> None:
    (card,) = (c for c in cards(shown("odd_arrays")) if f"<code>{name}</code>" in c)
    assert expected in words(card)
    assert "<td" in card or name == "empty"


def test_the_wrong_cell_is_always_in_the_window() -> None:
    (card,) = (c for c in cards(shown("odd_arrays")) if "<code>far</code>" in c)
    assert card.count('class="w"') == 1 and '<th scope="row">25</th>' in card
    assert '<th scope="col">33</th>' in card


def decoded(uri: str) -> np.ndarray:
    """Read an indexed PNG back, checking every chunk."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    return np.asarray(rows[:, 1:])


def test_heat_map_has_a_pixel_for_each_cell_and_darker_is_worse() -> None:
    got = np.zeros((10, 12))
    got[3, 4], got[3, 5], got[9, 11], got[0, 0] = 1e-6, 1e-3, 1.0, np.nan
    picture = pictures.heat_map(compared(np.zeros((10, 12)), got, "dx"))
    assert picture is not None
    levels = decoded(picture.uri)
    assert levels.shape == (10, 12)
    assert 0 < levels[3, 4] < levels[3, 5] < levels[9, 11] < levels[0, 0]
    assert np.count_nonzero(levels) == 4
    assert "4 of 120 cells of dx differ, in 3 of 10 rows and 4 of 12 columns" in picture.alt
    assert len(picture.uri) < 1000


def luminance(colour: tuple[int, ...]) -> float:
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_heat_map_colours_have_contrast_and_order() -> None:
    palette = [*zip(*[iter(pictures._PALETTE)] * 3)]
    right, *shades = map(luminance, palette)
    assert all((right + 0.05) / (shade + 0.05) >= 3 for shade in shades)
    assert shades == sorted(shades, reverse=True)


def test_heat_map_of_anything() -> None:
    for comparison in every_comparison():
        picture = pictures.heat_map(comparison)
        if picture is not None:
            assert max(decoded(picture.uri).shape) <= pictures.MOST
            assert len(picture.uri) < 16_000


def every_comparison() -> Iterator[Any]:
    random = np.random.default_rng(1)
    for shape in ((), (1,), (0, 4), (3, 0), (97,), (96, 97), (500, 3), (2, 3, 4, 5), (3072, 100)):
        want = random.standard_normal(shape)
        for got in (want, want + 1, want * np.nan, np.full(shape, np.inf), want * 1e300):
            yield compared(want, got)
            yield compared(np.zeros(shape), got)


# ---------------------------------------------------------------- text

SAID = {
    "plain": ("dx has shape (1, 3)", "dx has shape (1, 3)"),
    "lines": ("a\n\tb", "a\n\tb"),
    "return": ("a\rb\x00", r"a\rb\x00"),
    "umlaut": ("Größe ≤ 3 · 你好", "Größe ≤ 3 · 你好"),
    "filler": ("a\u3164b\u2800", r"a\u3164b\u2800"),
    "separators": ("a\u2028b\xa0c", r"a\u2028b\xa0c"),
    "surrogate": ("\udcff", r"\udcff"),
}


@pytest.mark.parametrize("name", SAID)
def test_shown_text(name: str) -> None:
    before, after = SAID[name]
    assert text.shown(before) == after


def test_numbers_and_points() -> None:
    assert [text.number(x) for x in (0.42, 1e-9, 1e20, np.nan, -np.inf)] == [
        "0.42", "1e-9", "1e20", "nan", "-inf",
    ]  # fmt: skip
    assert [text.points(x) for x in (64.0, 61.5, 0.25, 1 / 3, 0.0, -0.001)] == [
        "64", "61.5", "0.25", "0.33", "0", "0",
    ]  # fmt: skip
    assert [text.count(x, "point") for x in (1.0, 0.5, 1)] == ["1 point", "0.5 points", "1 point"]


def test_no_report_at_all_still_makes_a_page() -> None:
    box = BoxState("", (), False)
    empty: Report = replace(samples.perfect(), items=(), sections=(), measured={}, box=box)
    assert "Nothing could be graded yet" in html.render(empty, version="")


# ---------------------------------------------------------------- answers


def test_answers_are_read_as_markdown_and_blank_ones_are_named() -> None:
    source = shown("executed")
    answer = source[source.index('<div class="answer">') :]
    assert "<strong>scales</strong>" in answer and "<ol>" in answer
    assert "Why" in answer and "<h1>" not in answer
    assert "Nothing was found here" in words(source)


UNSAFE = {
    "script": "<script>alert(1)</script>",
    "handler": "<b onclick=alert(1)>x</b>",
    "link": "[x](javascript:alert(1)) [y](https://evil.example)",
    "automatic link": "<https://evil.example>",
    "picture": "![x](https://evil.example/x.png)",
    "data": "![x](data:text/html;base64,PHNjcmlwdD4=)",
    "svg": "<svg onload=alert(1)>",
    "style": '<p style="position:fixed">x</p>',
    "code": "```html\n<script>alert(1)</script>\n```",
    "end of the block": "</div></article></main><script>",
    "comment": "<!-- <script> -->",
    "entities": "&lt;script&gt; &#x3c;script>",
    "reference": "[x][1]\n\n[1]: javascript:alert(1)",
    "bidi": "a\u202eb",
}


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_answer_can_do_no_harm(text: str) -> None:
    question = Question("Dropout/1", "pending", f"{text}\n\nand more", 1.0)
    made = html.render(report(questions=(question,)), version="")
    answer = made[made.index('<div class="answer">') :].partition("</article>")[0]
    tags = set(re.findall(r"<(\w+)([^>]*)>", answer))
    assert {name for name, _ in tags} <= {"div", *prose.TAGS}
    assert {rest for name, rest in tags if name != "div"} <= {""}
    assert "\u202e" not in made and "and more" in made
    Reader(made)


def test_a_long_answer_is_cut() -> None:
    question = Question("Dropout/1", "pending", "word " * 4_000, 1.0)
    made = html.render(report(questions=(question,)), version="")
    assert len(made) < 60_000 and "more characters" in made


def test_markdown_is_read_only_where_there_is_some() -> None:
    code = (
        "import sys\nfrom grader.report import html\nfrom tests.test_report import samples\n"
        "html.render(samples.three_mistakes(), version='')\n"
        "assert not {'nh3', 'markdown_it'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_what_is_right_but_for_another_mistake_is_one_line() -> None:
    follow = [item(n, because_of="affine_forward", followed_through=True) for n in (1, 2, 3)]
    wrong = item(0, ("out",))
    (card,) = cards(html.render(report(wrong, *follow), version=""))
    titles = [one.title for one in follow]
    said = f"{'; '.join(titles)} : right apart from that. No points lost."
    assert said in words(card) and words(card).count("No points lost") == 1


def test_one_line_of_a_traceback_stands_there_once() -> None:
    again = ("a.py", 3, "<genexpr>", "    x")
    raised = Raised("ValueError", "m", (("a.py", 3, "f", "    x"), again, ("a.py", 9, "g", "y")))
    assert [one.place for one in faults.frames(raised)] == [
        "a.py, line 3, in <genexpr>", "a.py, line 9, in g"
    ]  # fmt: skip


def test_numbers_that_are_right_but_for_rounding_look_the_same_on_both_sides() -> None:
    want, got = np.array([1.23456789012, 2.0]), np.array([1.23456789013, 3.0])
    pair = tables.pair("dx", want, got, np.array([False, True]), 8)
    ((_, first),), ((_, other),) = (table.rows for table in pair)
    assert first[0].text == other[0].text and first[1].text != other[1].text


def test_an_exception_of_another_file_is_left_to_the_item_that_it_is_about() -> None:
    stop = Raised("ValueError", "m", (("cs231n/layers.py", 49, "affine_backward", "x"),))
    crash = fault(1, "dx", "stopped", raised=stop)
    own = fault(1, "dx", "params['b1'] should start as zeros")
    assert faults.chosen((crash, own), "classifiers/fc_net.py") == (own,)
    assert faults.chosen((crash, own), "layers.py") == (crash,) == faults.chosen((crash, own))
    assert faults.chosen((crash,), "classifiers/fc_net.py") == (crash,)
