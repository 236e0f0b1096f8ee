"""Run the cells of a notebook in one shell, beside the grader's Solver, and report each.

This is a Jupyter notebook's world without its network: IPython runs the cells in the child itself,
so that magics, the value of a last line and plots work as a student knows them, while the child
needs no socket, no second process and no file. Reported are, in order: a cell has begun; a run of
the Solver, with what it learned; a cell has ended, with its text, its pictures and its exception.

Nothing reported here is believed. Text and pictures are shown as evidence, and parameters are tried
on images that this process has never seen.
"""

from __future__ import annotations

import base64
import itertools
import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from grader.guest import observe
from grader.guest.children import Answer
from grader.guest.legacy import python2, statements
from grader.guest.wire import FITTED

PIECE = 1024**2  # numbers of an array that go into one frame
MAX_IMAGE, MAX_IMAGES = 1024**2, 12  # bytes of one picture, pictures of one cell
MAX_NAMES = 200
KEYS = 256  # numbers by which a training image is known again; 8 took white skies for each other


class Pictures(DisplayPublisher):
    """Keeps the pictures that a cell displays; HTML, scripts and widgets are dropped."""

    kept: list[bytes]

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        """Keep a PNG, or print the plain text of what has none."""
        image = data.get("image/png")
        if image is not None:
            image = base64.b64decode(image) if isinstance(image, str) else bytes(image)
            if len(image) <= MAX_IMAGE and len(self.kept) < MAX_IMAGES:
                self.kept.append(image)
        elif "text/plain" in data:
            print(data["text/plain"])

    def clear_output(self, wait: bool = False) -> None:
        """Evidence stays."""


class Shell(InteractiveShell):
    """IPython without a terminal and without a history; exceptions are returned, not printed."""

    def begin(self, place: str) -> None:
        """Get ready for the cell that tracebacks shall call `place`."""
        self.pictures.kept = []
        vars(self.compile)["get_code_name"] = lambda *_: place

    def prepare(self) -> None:
        """Make plots become pictures, and names of cells stand in tracebacks."""
        self.display_pub = self.pictures = Pictures(parent=self)
        self.begin("")
        self.run_line_magic("matplotlib", "inline")

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        """See `run`."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """See `run`."""


def warm() -> Shell:
    """Return the shell, after it has done once what every notebook needs from files."""
    shell: Shell = Shell.instance()  # the one that IPython.display asks for
    shell.prepare()
    shell.run_cell(
        "import matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], label=r'$x^2$'); plt.title('text'); plt.legend(); plt.show()"
    )
    assert shell.pictures.kept, "no picture was drawn: matplotlib is not whole"
    shell.reset(new_session=False)
    return shell


def run(
    shell: Shell, cells: Sequence[tuple[int, str]], name: str, texts: dict[str, str], answer: Answer
) -> None:
    """Run `cells` (number, source) of the notebook `name` from top to bottom.

    `texts` are the student's files by path; the cells join them, for the lines of an exception.
    """
    for number, source in cells:
        place = f"{name}, cell {number}"
        texts[place] = source
        shell.begin(place)
        answer({"began": number}, {})
        sink = observe.BoundedText()
        sys.stdout = sys.stderr = sink
        try:
            shell.run_cell(_readable(shell, source), store_history=False).raise_error()
            reply: dict[str, Any] = {"outcome": "ran"}
        except BaseException as error:  # noqa: BLE001 - a cell may raise anything
            reply = observe.raised(error, texts)
        kept = enumerate(shell.pictures.kept)
        images = {str(place): np.frombuffer(image, dtype=np.uint8) for place, image in kept}
        answer(reply | {"ended": number, "text": sink.text()}, images)


def _readable(shell: Shell, source: str) -> str:
    """Return a cell in the syntax of Python 3, if that of Python 2 is all that is wrong."""
    for text in (source, statements.modernise(python2.rename(source))):
        try:
            compile(shell.transform_cell(text), "a cell", "exec")
        except (SyntaxError, ValueError):
            continue
        return text
    return source


def watch(answer: Answer) -> dict[str, Callable[[types.ModuleType], None]]:
    """Return what to do after the Solver and the data are imported: report each run."""
    rows: dict[bytes, int] = {}
    runs = itertools.count()

    def with_solver(module: types.ModuleType) -> None:
        train = module.Solver.train

        def watched(solver: Any) -> Any:
            images = solver.X_train
            solver.log = lambda run: _report_run(run, images, rows, next(runs), answer)
            return train(solver)

        module.Solver.train = watched

    def with_data(module: types.ModuleType) -> None:
        get = vars(module)["get_CIFAR10_data"]

        def remembered(*args: Any, **options: Any) -> Any:
            data = get(*args, **options)
            if len(args) > 3 or not options.get("subtract_mean", True):
                return data  # other numbers than those that runs are recomputed on
            rows.update({key: row for row, key in enumerate(_keys(data["X_train"]))})
            return data

        vars(module)["get_CIFAR10_data"] = remembered

    return {"solver": with_solver, "data_utils": with_data}


def _keys(images: np.ndarray) -> list[bytes]:
    """Return numbers of each image, spread over it, as bytes."""
    flat = images.reshape(len(images), -1)
    # An odd step walks through all columns of an image that is a power of two wide.
    spread = np.ascontiguousarray(flat[:, :: flat.shape[1] // KEYS | 1])
    return [row.tobytes() for row in spread]


def _rows(images: Any, known: Mapping[bytes, int]) -> np.ndarray | None:
    """Return which training images these are; None if one is another, or was changed."""
    try:
        return np.array([known[key] for key in _keys(np.asarray(images))], dtype=np.int64)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return None


def _report_run(
    run: Any, images: Any, known: Mapping[bytes, int], number: int, answer: Answer
) -> None:
    """Report one Run of the Solver: its settings, its curves, then its arrays piece by piece."""
    plain = ("layer_sizes", "normalization", "dropout_keep_ratio", "initial_weight_std", "reg",
             "update_rule", "lr_decay", "batch_size", "num_epochs", "num_train", "num_val",
             "train_sha256", "val_sha256", "best_val_acc")  # fmt: skip
    reply = {name: _plain(getattr(run, name)) for name in plain}
    reply["learning_rate"] = _plain(run.optim_config.get("learning_rate"))
    curves = ("loss_history", "train_acc_history", "val_acc_history")
    arrays = {name: np.array(getattr(run, name), dtype=np.float64)[-PIECE:] for name in curves}
    if (rows := _rows(images, known)) is not None:
        arrays["rows"] = rows
    answer({"run": number, "settings": reply}, arrays)
    learned = _learned(run.params, run.bn_statistics)
    if run.fitted_params is not run.params:
        fitted = _learned(run.fitted_params, run.fitted_bn_statistics)
        learned |= {FITTED + name: value for name, value in fitted.items()}
    for name, value in list(learned.items())[:MAX_NAMES]:
        array = np.asarray(value, dtype=np.float32)
        flat = array.reshape(-1)
        for start in range(0, max(1, flat.size), PIECE):
            piece = {"run": number, "array": str(name), "shape": list(array.shape)}
            answer(piece, {"piece": flat[start : start + PIECE]})
    answer({"run": number, "whole": True}, {})


def _learned(params: Any, statistics: Any) -> dict[str, Any]:
    """Return parameters by name, and the running averages of layer i as "running_mean/i"."""
    layers = enumerate(statistics, start=1)
    return {str(name): value for name, value in params.items()} | {
        f"{name}/{layer}": value for layer, one in layers for name, value in one.items()
    }


def _plain(value: Any) -> Any:
    """Return numbers, texts and tuples of them as JSON can carry them."""
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value[:100]]
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number if math.isfinite(number) else None
