"""Code that reaches beyond arrays: imports, text that is run, frames, files, patched modules."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice

from grader.rubric.patterns import fits
from grader.rubric.records import SourceReview
from grader.submission.review.source import DEPTH, Remark, SourceFile

# By full name; the first match counts. What is harmless is listed first, with nothing to say.
_RUNS_TEXT = "runs text as code with {}: what it does cannot be seen here"
_FILES = "reads or writes files with {}: a layer works on the arrays that it is given"
_OUTSIDE = "uses {}: a layer works on its arguments alone"
_FRAMES = "uses {}, which shows or changes the program that is running"
_RANDOM = "uses {}: a layer draws random numbers and does not look at their state"
_IMPORTS = "imports with {} and not by a statement: look at what that brings in"
WATCHED: tuple[tuple[str, str], ...] = (
    ("os.path*", ""), ("os.sep", ""), ("os.linesep", ""), ("os.makedirs", ""), ("os.getcwd", ""),
    ("eval", _RUNS_TEXT), ("exec", _RUNS_TEXT), ("compile", _RUNS_TEXT),
    ("globals", _FRAMES), ("os.*", _OUTSIDE),
    ("open", _FILES), ("io.open*", _FILES), ("io.FileIO", _FILES), ("codecs.open", _FILES),
    ("pathlib.Path*", _FILES), ("numpy.load*", _FILES), ("numpy.fromfile", _FILES),
    ("numpy.genfromtxt", _FILES), ("numpy.memmap", _FILES), ("numpy.fromregex", _FILES),
    ("numpy.save*", _FILES), ("numpy.lib.format.*", _FILES), ("numpy.DataSource", _FILES),
    ("sys._getframe", _FRAMES), ("sys._current_*", _FRAMES), ("sys.modules", _FRAMES),
    ("sys.settrace", _FRAMES), ("sys.setprofile", _FRAMES), ("sys.meta_path", _FRAMES),
    ("sys.path_hooks", _FRAMES), ("sys.exc_info", ""), ("gc.get_*", _FRAMES),
    ("traceback.walk_stack", _FRAMES), ("traceback.extract_stack", _FRAMES),
    ("platform.*", _OUTSIDE), ("getpass.*", _OUTSIDE),
    ("numpy.random.get_state", _RANDOM), ("numpy.random.set_state", _RANDOM),
    ("__import__", _IMPORTS), ("importlib.import_module", _IMPORTS),
    ("importlib.util.find_spec", ""), ("importlib.util.*", _IMPORTS),
    ("importlib.machinery.*", _IMPORTS), ("importlib.__import__", _IMPORTS),
)  # fmt: skip
ROOTS = {"builtins", "__builtins__", *(pattern.partition(".")[0] for pattern, _ in WATCHED)}
HIDDEN = frozenset({
    "__subclasses__", "__globals__", "__code__", "__closure__", "__builtins__", "__loader__",
    "__getattribute__", "f_back", "f_locals", "f_globals", "f_code", "tb_frame", "gi_frame",
    "ag_frame", "cr_frame",
})  # fmt: skip
# Names that NumPy and Python dropped: old code may put them back.
PUT_BACK = frozenset({
    "numpy.int", "numpy.float", "numpy.bool", "numpy.object", "numpy.complex", "numpy.str",
    "numpy.long", "numpy.unicode", "builtins.xrange", "builtins.unicode", "builtins.raw_input",
    "builtins.long", "builtins.basestring", "builtins.reduce", "xrange", "unicode",
})  # fmt: skip


def remarks(source: SourceFile, reading: SourceReview) -> Iterator[Remark]:
    """Yield imports that match the rubric's patterns, and all that needs more than arrays."""
    for node in (*source.all(ast.Import), *source.all(ast.ImportFrom)):
        yield from _imports(source, node, reading)
    for kind in (ast.Attribute, ast.Name):
        for name in source.all(kind):
            yield from _used(source, name)
    for call in source.all(ast.Call):
        yield from _called(source, call, reading)
    for change in (ast.Assign, ast.AugAssign, ast.Delete, ast.AnnAssign):
        for statement in source.all(change):
            yield from _patched(source, statement)


def _imports(source: SourceFile, node: ast.AST, reading: SourceReview) -> Iterator[Remark]:
    if getattr(node, "level", 0):
        return  # from the package itself
    for name, inside in source.imported[node]:
        if inside is not None and f"/{inside}".endswith(f"/{name.replace('.', '/')}.py"):
            return  # the file itself, not the package under another name
        if message := _unwanted(name, reading):
            yield source.remark("forbidden_import", message, node)
            return
    module = source.imported[node][0][0]
    star = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    if star and module in ("os", "sys", "builtins", "gc"):
        message = f"imports every name of {module}: a layer needs none of them"
        yield source.remark("reaches_outside", message, node)


def _unwanted(name: str, reading: SourceReview) -> str | None:
    if _matches(name, reading.forbidden_imports):
        return f"imports {name}: this homework is written by hand, with NumPy alone"
    if _matches(name, reading.watched_imports):
        return f"imports {name}, which a layer has no need of: look at what it is used for"
    return None


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a pattern names the module, or a package around it."""
    heads = list(accumulate(name.split(".")[:8], "{}.{}".format))
    return any(fits(head, pattern) for pattern in patterns for head in heads)


def _called(source: SourceFile, node: ast.Call, reading: SourceReview) -> Iterator[Remark]:
    """Yield imports by text and patches by setattr."""
    name = source.dotted(node.func)
    if name in ("__import__", "importlib.import_module", "importlib.__import__"):
        module = source.dotted(node)
        if module and (message := _unwanted(module, reading)):
            yield source.remark("forbidden_import", message, node)
    elif name in ("setattr", "delattr") and node.args and _is_module(source, node.args[0]):
        message = f"changes {source.dotted(node.args[0])} itself, for all that runs later"
        yield source.remark("patches", message, node)
    elif name == "getattr" and len(node.args) > 1:
        whole = source.dotted(node.args[0])
        if isinstance(node.args[1], ast.Constant):
            yield from _watched(source, node, source.dotted(node) or "")
        elif whole in ("builtins", "__builtins__", "os", "sys"):
            message = f"takes something out of {whole} by a name that is put together at run time"
            yield source.remark("reaches_outside", message, node)


def _used(source: SourceFile, node: ast.expr) -> Iterator[Remark]:
    if isinstance(source.parents.get(node), ast.Attribute):
        return  # the whole name is looked at, not its parts
    first: ast.AST = node
    hidden = None
    while isinstance(first, ast.Attribute):
        hidden = first.attr if first.attr in HIDDEN else hidden
        first = first.value
    if hidden:
        yield source.remark("reaches_outside", _FRAMES.format(hidden), node)
    elif not source.is_local(node):
        yield from _watched(source, node, source.dotted(node) or "")


def _watched(source: SourceFile, node: ast.expr, name: str) -> Iterator[Remark]:
    """Yield a remark on the use of `name`, if it is one of those that are watched."""
    if name.partition(".")[0] not in ROOTS:
        return
    name = name.removeprefix("builtins.").removeprefix("__builtins__.")
    message = next((text for each, text in WATCHED if _is_at(name, each)), "")
    around = islice(source.above(node), DEPTH)
    # A net's `save` and `load` are handed out in some course years.
    functions = {outer.name for outer in around if isinstance(outer, ast.FunctionDef)}
    if message and not (message == _FILES and functions & {"save", "load"}):
        yield source.remark("reaches_outside", message.format(name), node)


def _is_at(name: str, watched: str) -> bool:
    """Say whether it is what is watched, or below it; a `*` at the end stands for anything."""
    start = watched.removesuffix("*")
    return name.startswith(start) if start != watched else f"{name}.".startswith(f"{watched}.")


def _patched(source: SourceFile, node: ast.AST) -> Iterator[Remark]:
    """Yield assignments to what is in a module: np.allclose = ..., sys.modules["json"] = ..."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    for target in targets:
        while isinstance(target, ast.Subscript):
            target = target.value
        if isinstance(target, ast.Call) and source.dotted(target.func) == "vars" and target.args:
            target = ast.Attribute(target.args[0], "__dict__")
        if not isinstance(target, ast.Attribute) or not _is_module(source, target.value):
            continue
        full = f"{source.dotted(target.value)}.{target.attr}"
        if full not in PUT_BACK:
            message = f"assigns to {full}: that changes it for all that runs later"
            yield source.remark("patches", message, node)


def _is_module(source: SourceFile, node: ast.AST) -> bool:
    """Return whether an expression is a module of Python's or NumPy's, or inside one."""
    first: ast.AST | None = node
    while isinstance(first, ast.Attribute):
        first = first.value
    name = first.id if isinstance(first, ast.Name) else ""
    root = source.names.get(name, "").partition(".")[0]
    is_foreign = root not in (source.path.partition("/")[0], "", "matplotlib")
    return name == "__builtins__" or is_foreign and not hasattr(builtins, name)
