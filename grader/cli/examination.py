"""An examination on the terminal: layers, attempts, the conclusion, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.box.doctor import ATTEMPTS, Examination


def show(found: Examination, console: Console) -> None:
    """Print what was found."""
    console.print(found.machine, highlight=False, soft_wrap=True)
    console.print()
    for line in _layers(found):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(_attempts(found))
    console.print()
    for line in conclusion(found):
        console.print(line, soft_wrap=True)


def conclusion(found: Examination) -> Iterator[Text]:
    """Yield whether student code is isolated here, and what to do about each gap."""
    if found.isolated:
        layers = [found.box.outer, *found.box.inner]
        names = ", ".join(name for name in layers if name != "none")
        yield Text(f"Isolated: student code is confined here ({names}).", "bold green")
    else:
        yield Text("Not isolated: `grade` refuses to run student code here.", "bold red")
        if found.problem:
            yield Text(found.problem)
        if found.through:
            yield Text(f"With all layers on, code could still {'; '.join(found.through)}.")
    for layer in found.layers:
        if layer.why:
            spare = found.isolated and layer.name == "bubblewrap"
            extra = " The inner layers hold without it." if spare else ""
            yield Text(f"To do: {layer.name}: {layer.why}.{extra}")
    if not found.isolated:
        yield Text("Or grade in a container: docs/security.md says how.")


def _layers(found: Examination) -> Iterator[Text]:
    for layer in found.layers:
        mark, style = ("-", "yellow") if layer.why else ("+", "green")
        line = Text(f"{mark} ", style)
        line.append(f"{layer.name:<11}", "bold")
        yield line.append("not here" if layer.why else layer.here)


def _attempts(found: Examination) -> Table:
    """Return what each layer stops alone, between no layer at all and all of them."""
    names = [layer.name for layer in found.layers]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("Code tries to", "no layer", *names, "box"):
        table.add_column(title, no_wrap=True)
    for name in ATTEMPTS:
        alone = ["stops" if name in layer.stops else "-" for layer in found.layers]
        table.add_row(name, _word(name in found.open), *alone, _word(name in found.through))
    return table


def _word(through: bool) -> Text:
    return Text("THROUGH", "red") if through else Text("stopped", "green")
