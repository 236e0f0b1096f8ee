"""Outputs from a kernel: what is kept is clean and bounded, whatever was sent."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from grader.notebooks import outputs, png
from grader.notebooks.outputs import CUT, MAX_IMAGES, MAX_TEXT, Budget, bounded, clean
from grader.report.pictures import png as drawn

GOOD = drawn(np.array([[0, 9]], np.uint8))
BASE64 = base64.b64encode(GOOD).decode()
CLEAN = {
    "plain": ("a\n\tb", "a\n\tb"),
    "colours": ("\x1b[1;31mred\x1b[0m", "red"),
    "the clipboard": ("a\x1b]52;c;aGk=\x07b\x1b]0;title\x1b\\c", "abc"),
    "an escape cut in two": ("a\x1b", "a"),
    "controls": ("a\x00\x08\x7f\x9bb", "ab"),
    "Windows lines": ("a\r\nb", "a\nb"),
    "a progress bar": (" 1%\r50%\r99%\nnext", "99%\nnext"),
    "a bar that ends with a return": ("1%\r99%\r", "99%"),
    "half of a pair": ("\ud800", "\ufffd"),
    "a list": (["a\n", "b", 7], "a\nb"),
    "no text": ({"a": 1}, ""),
    "long": ("x" * 10_000, "x" * MAX_TEXT),
}


@pytest.mark.parametrize("name", CLEAN)
def test_a_text_loses_what_a_terminal_obeys(name: str) -> None:
    given, expected = CLEAN[name]
    assert clean(given) == expected
    assert clean(expected) == expected


def stream(text: Any, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {name.replace("_", "/"): value for name, value in data.items()},
    }


IMAGE = shown(image_png=BASE64)
RESULT = {"output_type": "execute_result", "execution_count": None}
ERROR = {"output_type": "error", "ename": "E", "evalue": "no", "traceback": []}
BOUNDED: dict[str, tuple[list[Any], list[Any]]] = {
    "nothing": ([], []),
    "streams that follow each other": (
        [stream("a"), stream("b"), stream("c", "stderr")], [stream("ab"), stream("c", "stderr")]
    ),
    "a name that is none": ([stream("a", "x\n")], [stream("a")]),
    "a picture and its words": ([shown(image_png=BASE64, text_plain="<Figure>")], [IMAGE]),
    "a picture in lines": ([shown(image_png=BASE64[:9] + "\n" + BASE64[9:])], [IMAGE]),
    "words of what is no picture": (
        [shown(image_png="PHN2Zz4=", text_plain="a")], [shown(text_plain="a")]
    ),
    "HTML, scripts, widgets": ([shown(text_html="<b>"), shown(application_javascript="x")], []),
    "a kind that is none": ([{"output_type": "comm", "data": {"text/plain": "a"}}, {}], []),
    "data that is none": ([{"output_type": "display_data", "data": 3}], []),
    "a result": (
        [{**RESULT, "data": {"text/plain": "1"}, "execution_count": 10**400}],
        [{**shown(text_plain="1"), **RESULT}],
    ),
    "a second error": ([ERROR, ERROR], [ERROR]),
    "an error of other things": (
        [{"output_type": "error", "ename": 3, "evalue": "x" * 999, "traceback": 7}],
        [{**ERROR, "ename": "", "evalue": "x" * 500}],
    ),
    "too much text": (
        [stream("x" * 9_000), ERROR], [stream("x" * (MAX_TEXT - len(CUT))), ERROR, stream(CUT)]
    ),
    "too many pictures": ([IMAGE] * (MAX_IMAGES + 1), [*[IMAGE] * MAX_IMAGES, stream(CUT)]),
    "a picture that is too large": ([shown(image_png="A" * 3 * 1024**2)], [stream(CUT)]),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDED)
def test_outputs_are_of_few_kinds_and_not_too_many(name: str) -> None:
    given, expected = BOUNDED[name]
    kept = bounded(given)
    assert kept == expected
    assert bounded(kept) == kept
    assert len(outputs.text_of(kept)) <= MAX_TEXT
    assert all(png.checked(image) == image for image in outputs.images_of(kept))


def test_a_thousand_tiny_results_are_no_way_around_the_limit() -> None:
    assert len(bounded([shown(text_plain="1")] * 100_000)) < 250


def test_a_budget_holds_for_a_notebook_and_for_all_of_a_submission() -> None:
    budget = Budget(submission=10, notebook=6)
    kept = [outputs.text_of(bounded([stream("abcd")], budget)) for _ in range(2)]
    budget.begin()
    kept += [outputs.text_of(bounded([stream("abcd")], budget)) for _ in range(3)]
    assert kept == ["abcd", CUT, "abcd", CUT, CUT]
    assert not budget.take(3) and budget.take(2)


def test_a_picture_keeps_what_it_needs_and_loses_the_rest() -> None:
    assert png.checked(GOOD) == GOOD
    extra = b"\x00\x00\x00\x08tEXt<script>"
    extra += zlib.crc32(extra[4:]).to_bytes(4, "big")
    assert png.checked(GOOD[:33] + extra + GOOD[33:]) == GOOD


@pytest.mark.parametrize(
    "data",
    {
        "nothing": b"",
        "text": b"<svg onload=alert(1)>",
        "cut": GOOD[:-5],
        "more behind it": GOOD + b"<script>",
        "a wrong sum": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
        "only the magic": GOOD[:8],
        "no pixels": GOOD[:33] + GOOD[-12:],
    }.values(),
)
def test_what_is_no_whole_picture_is_dropped(data: bytes) -> None:
    assert png.checked(data) is None


def test_a_picture_of_absurd_size_is_dropped() -> None:
    header = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    huge = GOOD[:12] + header + zlib.crc32(header).to_bytes(4, "big") + GOOD[33:]
    assert png.checked(huge) is None


WHERE = {
    "/work/x/.venv/lib/python3.11/site-packages/numpy/_core/_methods.py:1: RuntimeWarning": (
        "numpy/_core/_methods.py:1: RuntimeWarning"
    ),
    "in /usr/lib/python3/dist-packages/numpy/a.py:2": "in numpy/a.py:2",
    'File "/opt/python/lib/python3.13/json/decoder.py", line 3': 'File "json/decoder.py", line 3',
    "/usr/lib64/libm.so and cs231n/layers.py:9": "/usr/lib64/libm.so and cs231n/layers.py:9",
    "a/lib/python3/b": "a/lib/python3/b",
}


@pytest.mark.parametrize("text", WHERE)
def test_a_text_does_not_say_where_python_lies_on_this_machine(text: str) -> None:
    assert outputs.clean(text) == WHERE[text]
    assert outputs.clean(f"one\n{text}\n" * 3) == f"one\n{WHERE[text]}\n" * 3


def test_a_long_path_costs_no_time() -> None:
    text = "/a" * 16_000 + "-packages/"
    assert outputs.clean(text) == text[:8_000]
