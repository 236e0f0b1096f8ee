"""What the page says about notebooks and their runs: where cells are, charts, numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.report import curves, html, sweep
from grader.report.drawing import LEFT, MOST_LABELS, TALL, TOP, WIDE, Chart
from grader.report.run_sets import sets_of
from grader.types import Notebook, Report, Trained, TrainingGoal
from tests.support.training_runs import BAND
from tests.test_report import samples
from tests.test_report.reading import Reader, words
from tests.test_report.samples import report

HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")
SWEEP = (TrainingGoal("batchnorm_init_scale", "sweeps", "initial_scale"),)


@pytest.fixture(scope="module")
def source() -> str:
    return html.render(samples.executed(), version="0.1.0")


def section(source: str, title: str) -> str:
    """Return the part of the page about the runs of one item."""
    found = [s for s in re.findall(r'<section id="runs-.*?</section>', source, re.S) if title in s]
    assert len(found) == 1, title
    return found[0]


def chart(run: Trained) -> Chart | None:
    (one,) = sets_of([run], ())
    return curves.draw(replace(one, drawn=True), [run])


def drawn(*runs: Trained) -> Chart:
    """Return the chart of a sweep."""
    (one,) = sets_of(runs, SWEEP)
    made = sweep.draw(one, runs)
    assert made is not None
    return made


def test_a_notebook_tells_how_it_ended_and_where_it_stopped(source: str) -> None:
    said = words(source)
    assert "The notebook ran, but not every cell came to its end" in said
    assert "The notebook took too long: stopped after 900 s of 900 s" in said
    assert "The notebook is not in the upload . There is no page of it." in said.replace(
        "d.", "d ."
    )
    assert '<a href="FullyConnectedNets.html#cell-4">code cell 3, In [2]</a>' in source
    assert "code cell 3, In [2] : stopped with an error" in said
    assert "FullyConnectedNets.ipynb, code cell 3, In [2], line 3" in said
    assert "3 more cells did not come to an end" in said  # of six, three are shown
    assert "NotImplementedError : f: write <this>" in said
    assert "cell 1 &lt;was&gt; left out" in source


def test_a_notebook_that_was_not_executed_has_no_page(source: str) -> None:
    assert source.count("Read it as it ran") == 1
    assert '<a href="FullyConnectedNets.html">Read it as it ran</a>' in source
    assert source.count("There is no page of it") == 2


def test_the_plots_of_a_notebook_are_linked(source: str) -> None:
    link = '<a href="FullyConnectedNets.html#cell-11">code cell 10, In [8]: 1 plot</a>'
    assert f"What it drew itself: {link}." in source


def test_claims_stand_beside_what_was_recomputed() -> None:
    run = samples.trained_run(0.42, 0.31, 0.27, best_val_acc=0.99, cell=7)
    made = html.render(report(trained=(run,), notebooks=(Notebook(run.notebook, "executed"),)),
                       version="")  # fmt: skip
    (row,) = re.findall(r"<tr[^>]*><th scope=\"row\">this run.*?</tr>", made, re.S)
    assert re.findall(r'<td class="n">(.*?)</td>', row) == [
        "0.900", "0.990", "0.420", "0.310", "0.270",
    ]  # fmt: skip
    assert "cell 7" in row
    assert "3072-100-10, sgd" in made and "1,000 images" in made


def test_a_run_that_cannot_be_recomputed_says_why(source: str) -> None:
    rest = section(source, "Other runs")
    assert "V1 is no parameter &lt;b&gt;of the course&lt;/b&gt;" in rest and "<svg" not in rest


def test_a_run_that_could_not_be_repeated_says_why() -> None:
    run = replace(samples.trained_run(), doubt="its states are gone")
    made = html.render(report(trained=(run,), notebooks=(Notebook(run.notebook, "executed"),)),
                       version="")  # fmt: skip
    assert "not repeated: its states are gone" in made


def test_a_single_run_has_its_loss_and_both_accuracies(source: str) -> None:
    part = section(source, "A two-layer net")
    assert re.findall(r'<polyline class="(\w+)"', part) == ["s1", "s2", "s3"]
    assert re.findall(r'<polygon class="(\w+)"', part) == ["s1", "s2", "s3"]
    for label in ("epoch", "loss", "accuracy", "1", "6", "10"):
        assert f">{label}</text>" in part
    said = words(part)
    assert "loss over epoch" in said and "2.3 at first, 0.4 at the end, 40 iterations." in said
    assert "accuracy on validation images: 0.52 at best, over 10 epochs." in said
    assert "accuracy on training images: 0.900, computed again" in said
    beside = "Shaded: the reference, 5 seeds, 8 epochs, training 0.80 to 0.90 at best, validation"
    assert beside in said


def test_runs_that_are_compared_are_one_chart_with_a_legend(source: str) -> None:
    part = section(source, "Rules side by side")
    assert part.count("<figure") == 1 and part.count("<svg") == 3 + 2  # panels, legend
    assert re.findall(r'<polyline class="(\w+)"', part) == ["s1", "s2"] * 3
    legend = re.findall(r"<li>.*?</li>", part, re.S)
    assert [words(row) for row in legend] == [
        "sgd, lr 0.005: training 0.400, validation 0.200 ( code cell 10, In [8] )",
        "adam, lr 0.001: training 0.700, validation 0.350 ( code cell 10, In [8] )",
    ]
    assert 'href="FullyConnectedNets.html#cell-11"' in legend[0]
    assert "where the reference lies, 5 seeds each" in words(part)


def test_a_sweep_is_one_chart_over_the_value(source: str) -> None:
    part = section(source, "Scales")
    assert part.count("<figure") == 1 and part.count("<svg") == 2 + 2
    assert re.findall(r'<polyline class="(\w+)"', part) == ["s1", "s2"] * 2
    assert part.count("<use class=") == 6 * 2
    for text in ("0.001", "0.01", "0.1", "scale of the first weights", "0.80"):
        assert f">{text}</text>" in part
    said = words(part)
    assert "accuracy on training images over scale of the first weights" in said
    assert "batchnorm: 0.50 at 0.001, 0.80 at 0.01, 0.60 at 0.1." in said
    assert "batchnorm, scale 0.01" in said  # in the table


def test_each_chart_says_what_it_shows_to_those_who_cannot_see_it(source: str) -> None:
    found = Reader(source)
    ids = {attrs.get("id") for _, attrs in found.tags}
    pictures = [attrs for tag, attrs in found.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(pictures) == 2 + 3 + 2
    for attrs in pictures:
        assert set((attrs["aria-labelledby"] or "").split()) <= ids


def test_an_item_leads_to_its_runs_and_they_to_it(source: str) -> None:
    for number, title in ((1, "A two-layer net"), (2, "Rules side by side")):
        assert f'<a href="#runs-{number}">{title}</a>' in source
        part = section(source, f">{title}</a></h4>")
        (link,) = re.findall(rf'<a href="#(item-\d+)">{title}</a>', part)
        assert f'id="{link}"' in source


def test_without_a_band_nothing_is_said_of_the_reference() -> None:
    run = replace(samples.trained_run(), items=("two_layer_training",))
    made = html.render(report(trained=(run,), notebooks=(Notebook(run.notebook, "executed"),)),
                       version="")  # fmt: skip
    assert "<polyline" in made and "<polygon" not in made
    assert "the reference" not in words(made).lower()


def test_the_reference_ends_where_it_ended_and_lies_where_it_lies() -> None:
    made = chart(replace(samples.trained_run(), band=BAND))  # 8 epochs beside the student's 10
    assert made is not None
    places = inside(made.panels[1].bands[0].points)
    ends = LEFT + round(WIDE * 8 / 10)
    assert max(x for x, _ in places) == ends
    assert [y for x, y in places if x == ends] == [
        TOP + round(TALL * (1 - share)) for share in (0.9, 0.8)
    ]


def inside(points: str) -> list[tuple[int, int]]:
    """Return the places of a line, all of which are in the frame."""
    places = [(int(x), int(y)) for x, _, y in (pair.partition(",") for pair in points.split())]
    assert all(LEFT <= x <= LEFT + WIDE and TOP <= y <= TOP + TALL for x, y in places)
    return places


BANDS: dict[str, tuple[dict[str, Any], int]] = {
    "as usual": ({}, 3),
    "nothing finite": ({"loss": np.full((2, 40), np.nan)}, 2),
    "ran away": ({"loss": np.array([[2.0, 2.0, np.nan], [3.0, 1e300, np.nan]])}, 3),
    "one point": ({"train": np.ones((2, 1)), "val": np.ones((2, 1))}, 3),
    "shorter": ({"epochs": 1}, 3),
    "longer": ({"epochs": 400}, 3),
}


@pytest.mark.parametrize(("changed", "many"), BANDS.values(), ids=BANDS.keys())
@pytest.mark.parametrize("epochs", [0, 10, 2**31 - 1])
def test_bands_stay_in_their_frame(changed: dict[str, Any], many: int, epochs: int) -> None:
    made = chart(replace(samples.trained_run(num_epochs=epochs), band=replace(BAND, **changed)))
    assert made is not None
    assert sum(len(panel.bands) for panel in made.panels) == many
    for panel in made.panels:
        for band in panel.bands:
            xs = [int(pair.partition(",")[0]) for pair in band.points.split()]
            assert 4 <= len(xs) <= 2 * curves.EDGE
            assert all(LEFT - 4 <= x <= LEFT + WIDE for x in xs)  # one place alone is a bar


CURVES: dict[str, tuple[dict[str, Any], bool]] = {
    "as usual": ({}, True),
    "nothing told": ({n: np.zeros(0) for n in HISTORIES}, False),
    "nothing but nan": ({n: np.full(9, np.nan) for n in HISTORIES}, False),
    "loss alone": ({n: np.zeros(0) for n in HISTORIES[1:]}, True),
    "huge": ({"loss_history": np.array([1e308, np.inf, 1.0])}, True),
    "tiny": ({"loss_history": np.full(9, 5e-324)}, True),
    "negative": ({"train_acc_history": np.array([-5.0, 7.0])}, True),
    "one point": ({n: np.ones(1) for n in HISTORIES}, True),
    "long": ({"loss_history": np.ones(100_000)}, True),
    "no epochs": ({"num_epochs": 0}, True),
}


@pytest.mark.parametrize(("told", "is_drawn"), CURVES.values(), ids=CURVES.keys())
def test_curves_stay_in_their_frame_whatever_is_told(told: dict[str, Any], is_drawn: bool) -> None:
    made = chart(samples.trained_run(**told))
    assert (made is not None) == is_drawn
    for panel in made.panels if made else ():
        assert 2 <= len(panel.up) <= 8 and panel.across
        for line in panel.lines:
            assert 0 < len(inside(line.points)) <= curves.MOST
        assert all(0 < mark.x < 330 and 0 < mark.y < 290 for mark in panel.marks)


def test_a_run_that_ran_away_does_not_flatten_the_others() -> None:
    runs = [samples.trained_run(), samples.trained_run(loss_history=np.full(40, 1e9), reg=1.0)]
    (one,) = sets_of(runs, ())
    made = curves.draw(one, runs)
    assert made is not None
    ys = [y for _, y in inside(made.panels[0].lines[0].points)]
    assert max(ys) - min(ys) > TALL / 5


SWEPT: dict[str, tuple[list[Trained], list[tuple[int, bool]]]] = {  # runs -> style, hollow
    "as usual": (
        [samples.swept(None, 0.1, 0.5), samples.swept("batchnorm", 1.0, 0.9),
         samples.swept("batchnorm", 0.1, 0.7)],
        [(1, False), (1, False), (2, False)],
    ),
    "a run that could not be computed again": (
        [samples.swept(None, 0.1, 0.5),
         replace(samples.swept(None, 1.0, 0.5), train_accuracy=None, val_accuracy=None)],
        [(1, False), (1, True)],
    ),
    "a run that could not be repeated": (
        [samples.swept(None, 0.1, 0.5),
         replace(samples.swept(None, 1.0, 0.5), doubt="its states are gone")],
        [(1, False), (1, True)],
    ),
    "one that could stands in its place": (
        [samples.swept(None, 0.1, 0.5), samples.swept(None, 1.0, 0.5),
         replace(samples.swept(None, 1.0, 0.5), train_accuracy=None, val_accuracy=None)],
        [(1, False), (1, False)],
    ),
    "no scale is no point": (
        [samples.swept(None, 0.1, 0.5), samples.swept(None, 1.0, 0.5),
         samples.swept(None, 0.0, 0.5)],
        [(1, False), (1, False)],
    ),
    "scales as small and as large as numbers are": (
        [samples.swept(None, 1e-300, 0.5), samples.swept(None, 1e300, 0.5)],
        [(1, False), (1, False)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SWEPT)
def test_a_sweep_draws_each_run_once_and_what_is_only_told_hollow(what: str) -> None:
    runs, expected = SWEPT[what]
    made = drawn(*runs)
    for panel in made.panels:
        assert [(mark.style, mark.hollow) for mark in panel.marks] == expected
        for line in panel.lines:
            inside(line.points)
        assert all(len(tick.text) < 12 for tick in (*panel.across, *panel.up))
    assert any("hollow" in note for note in made.notes) == any(hollow for _, hollow in expected)


def test_a_sweep_puts_each_run_and_its_value_where_they_belong() -> None:
    made = drawn(*(
        samples.swept(normalization, scale, train)
        for normalization, shares in (("batchnorm", (0.8, 0.4)), (None, (0.2, 0.12)))
        for scale, train in zip((0.1, 1.0), shares)
    ))  # fmt: skip
    panel = made.panels[0]
    left, right = LEFT + round(WIDE * 0.0684), LEFT + round(WIDE * 0.9316)  # free: a factor of 1.2

    def up(share: float) -> int:
        return TOP + round(TALL * (1 - share))

    assert [(mark.x, mark.y, mark.title) for mark in panel.marks] == [
        (left, up(0.8), "batchnorm: 0.800 at 0.1"), (right, up(0.4), "batchnorm: 0.400 at 1"),
        (left, up(0.2), "no normalization: 0.200 at 0.1"),
        (right, up(0.12), "no normalization: 0.120 at 1"),
    ]  # fmt: skip
    assert [(label.x, label.y, label.text) for label in panel.labels] == [
        (left, up(0.8) - 8, "0.80"), (left, up(0.2) + 17, "0.20"),
        (right, up(0.4) - 8, "0.40"), (right, up(0.12) + 17, "0.12"),
    ]  # fmt: skip
    assert [line.style for line in panel.bands] == [1, 2]
    assert inside(panel.bands[0].points) == [
        (left, up(0.82)), (right, up(0.42)), (right, up(0.3)), (left, up(0.7)),
    ]  # fmt: skip
    assert made.notes == ("Shaded: where the reference lies, 5 seeds each.",)
    assert [tick.text for tick in panel.up] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]


def test_the_line_of_a_sweep_goes_through_the_best_run_of_each_value() -> None:
    runs = [samples.swept(None, 0.1, 0.5), samples.swept(None, 0.1, 0.9),
            samples.swept(None, 1.0, 0.7)]  # fmt: skip
    panel = drawn(*runs).panels[0]
    ys = [y for _, y in inside(panel.lines[0].points)]
    assert ys == [panel.marks[1].y, panel.marks[2].y] and len(panel.marks) == 3
    without = replace(runs[0], band=None)
    assert not drawn(without, replace(runs[2], band=None)).panels[0].bands
    assert len(inside(drawn(runs[0], replace(runs[2], band=None)).panels[0].bands[0].points)) == 4


def test_a_long_sweep_has_no_labels_and_few_ticks() -> None:
    many = [samples.swept(None, 10 ** (-n / 4), 0.5) for n in range(MOST_LABELS + 1)]
    assert not drawn(*many).panels[0].labels
    assert [tick.text for tick in drawn(*many).panels[0].across] == ["0.01", "0.1", "1"]
    assert len(drawn(*many[:-1]).panels[0].labels) == MOST_LABELS


def test_a_measured_scale_is_told_in_two_digits() -> None:
    made = drawn(samples.swept(None, 0.000998, 0.5), samples.swept(None, 0.00317, 0.5))
    assert [tick.text for tick in made.panels[0].across] == ["0.001", "0.0032"]


def test_many_charts_do_not_make_the_page_too_large() -> None:
    runs = [
        replace(
            samples.trained_run(batch_size=n, layer_sizes=(3072, 10 + n // 6, 10)),
            items=(f"item_{n // 6}",), band=BAND,
        )
        for n in range(300)
    ]  # fmt: skip
    made: Report = report(trained=tuple(runs), notebooks=(Notebook(runs[0].notebook, "executed"),))
    text = html.render(made, version="")
    assert 10 < text.count("<figure") <= 20 and len(text) < 600_000
    assert text.count('class="list runs"') == 50  # all of them have their numbers
