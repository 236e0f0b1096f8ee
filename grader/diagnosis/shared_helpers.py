"""Functions of the student's own that both nets of fc_net.py use."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from grader.box.job import Job
from grader.guest.modules import GRADED
from grader.guest.operations import NETS
from grader.submission.bodies import computed, nodes
from grader.submission.written import tree_of


@dataclass(frozen=True)
class Helper:
    """A function of the student's own that both classes use: where it is, and its names."""

    name: str
    path: str
    lines: range
    words: frozenset[str]

    def holds(self, site: tuple[str, int]) -> bool:
        """Say whether a line of a file is one of its own."""
        return site[0] == self.path and site[1] in self.lines


def find(job: Job, items: Collection[str]) -> Iterator[Helper]:
    """Yield what both nets of fc_net.py use and what is no item: functions, a class that both are
    or hold; and the one net where the other one is it, or holds it.
    """
    paths = {name: f"{job.package}/{path}" for name, path in GRADED.items()}
    trees = {name: tree_of(job.files.get(path, b"")) for name, path in paths.items()}
    bodies = {name: [] if tree is None else tree.body for name, tree in trees.items()}
    nets = [node for node in bodies["fc_net"] if isinstance(node, ast.ClassDef)]
    used = {node.name: _used(node) for node in nets if node.name in NETS}
    for name in ("fc_net", "layer_utils", "layers"):
        for node in bodies[name]:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                continue
            works = isinstance(node, ast.ClassDef) or node.name not in items and computed(node.body)
            if works:
                users = [words for net, words in used.items() if net != node.name]
                if len(used) > 1 and all(node.name in words for words in users):
                    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                    yield Helper(node.name, paths[name], lines, _words(node))


def _used(net: ast.ClassDef) -> frozenset[str]:
    """Return the names that a class is made from or calls, or hands to what it calls."""
    calls = [node for node in nodes(net) if isinstance(node, ast.Call)]
    parts = [*net.bases, *(part for call in calls for part in (call.func, *call.args))]
    return frozenset(part.id for part in parts if isinstance(part, ast.Name))


def _words(tree: ast.AST) -> frozenset[str]:
    """Return the names that code uses, those of its arguments too."""
    every = nodes(tree)
    names = {node.id for node in every if isinstance(node, ast.Name)}
    return frozenset(names | {node.arg for node in every if isinstance(node, ast.arg)})
