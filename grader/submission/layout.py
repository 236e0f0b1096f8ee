"""Which of the files handed in are the homework, and where each belongs.

Only names count here: paths go in, `Layout` comes out, and it does not depend on their order.
Students hand in the package under any name, inside other folders, flattened by an LMS, beside older
copies of itself, or with browser names such as "layers (1).py". What is chosen is, in this order:
the folder that holds most of the homework, the one with the notebooks beside it, the one that is
not called a copy, the shallowest, the one that is called final, or a later version, the first by
name.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join

CORE = ("layers.py", "optim.py", "classifiers/fc_net.py", "layer_utils.py")
NOTEBOOKS = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")
PACKAGE = "cs231n"
SELFCHECK = ".selfcheck"  # what a student got from us beside the homework, and may hand back

_KNOWN = {_name.casefold(): _name for _name in (*(c.split("/")[-1] for c in CORE), *NOTEBOOKS)}
_A_COPY = "(?:copy|kopie|copie|copia|cópia|kopia|копия|副本|コピー)"  # as systems name it
_DECORATED = re.compile(
    rf"(?:{_A_COPY} (?:of|von|de) )*+(?P<stem>[a-z_]+?)"
    rf"(?: ?\(\d+\)|-\d+|[ _-]*{_A_COPY} ?\d*)*+(?P<suffix>\.\w+)",
    re.IGNORECASE,
)
_COPY = re.compile(
    rf"(?:^|[\W_])(?:{_A_COPY}|old|backup|bak|solutions?|orig(?:inal)?)(?:$|[\W\d_])"
    r"|\(\d| \d+(?:$|/)"
)
_VERSION = re.compile(
    r"(?:^|[\W_])(?:v|ver|version|versión|versione|versuch|attempt|try|tentative|intento|rev)"
    r"[ ._-]?(\d{1,4})(?=$|[\W_])"
)
_STANDARD = frozenset(getattr(sys, "stdlib_module_names", ()))  # since Python 3.10
_NO_PACKAGE = _STANDARD | {"numpy", "matplotlib", "IPython", "future", "past", "six"}


@dataclass(frozen=True)
class Layout:
    """Where each kept file comes from.

    `folder` is the folder of the upload that holds layers.py ("" for its top). `sources` maps the
    path inside the package to that in the upload, `notebooks` likewise inside the course folder.
    `package` is the name of `folder` if it can be imported under that name and else None.
    `candidates` are all folders that hold a layers.py.
    """

    folder: str
    package: str | None
    sources: Mapping[str, str]
    notebooks: Mapping[str, str]
    candidates: tuple[str, ...]


def find_layout(paths: Iterable[str], partial: bool = False) -> Layout | None:
    """Return the homework among `paths`; None if there is no layers.py.

    With `partial`, any other file of the homework will do.
    """
    plain = _plain_names(paths)
    homes = [dirname(path) for path in plain if basename(path) == "layers.py"]
    if partial and not homes:
        homes = _homes_without_layers(plain)
    # A layers.py beside fc_net.py is a stray copy of its own package.
    candidates = sorted(f for f in homes if basename(f) != "classifiers" or dirname(f) not in homes)
    if not candidates:
        return None
    folder = min(candidates, key=lambda one: _rank(one, plain))
    others = [one for one in candidates if one != folder]
    sources = _sources(folder, others, plain)
    notebooks = _notebooks(folder, others, plain)
    package = basename(folder) if _keeps_name(folder, sources, plain) else None
    return Layout(folder, package, sources, notebooks, tuple(candidates))


def _homes_without_layers(plain: Iterable[str]) -> list[str]:
    """Return the folders where the package was, by what is left of it, else that of notebooks."""
    cores = [(path, core) for path in plain for core in CORE if f"/{path}".endswith(f"/{core}")]
    homes = {path.removesuffix(core).rstrip("/") for path, core in cores}
    homes = homes or {dirname(path) for path in plain if basename(path) == "fc_net.py"}
    return sorted(homes or {dirname(path) for path in plain if basename(path) in NOTEBOOKS})


def _keeps_name(folder: str, sources: Mapping[str, str], paths: Mapping[str, str]) -> bool:
    """Return whether the folder has the package's own name; that of a flat upload is any name."""
    was_flat = sources.get("classifiers/fc_net.py") == paths.get(join(folder, "fc_net.py"), "")
    homes = {dirname(path) for path in paths if path.endswith(".ipynb")}
    is_beside = dirname(folder) in homes and folder not in homes
    return is_package_name(basename(folder)) and (is_beside or not was_flat)


def is_package_name(name: str) -> bool:
    """Return whether `import name` can mean the homework: "cs682" can, "code" cannot."""
    importable = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return importable and name not in _NO_PACKAGE


def homework_name(path: str) -> str | None:
    """Return which file of the homework a name stands for, if any.

    >>> homework_name("hw/Layers (1).py"), homework_name("Copy of dropout.ipynb")
    ('layers.py', 'Dropout.ipynb')
    """
    match = _DECORATED.fullmatch(basename(path))
    return _KNOWN.get((match["stem"] + match["suffix"]).casefold()) if match else None


def _plain_names(paths: Iterable[str]) -> dict[str, str]:
    """Return each path under its plain name -> as it is in the upload.

    "layers (1).py" stands for layers.py where its folder has none, the highest number first.
    """
    plain = {path: path for path in sorted(paths)}
    variants: dict[str, list[str]] = defaultdict(list)
    for path in plain:
        known = homework_name(path)
        if known and (name := join(dirname(path), known)) not in plain:
            variants[name].append(path)
    for name, found in variants.items():
        latest = max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", basename(path))])
        plain[name] = plain.pop(latest)
    return plain


def _rank(folder: str, paths: Mapping[str, str]) -> tuple[object, ...]:
    """Return a sort key: smaller is more likely the homework."""
    held = sum(join(folder, core) in paths for core in CORE)
    has_flat_net = join(folder, "fc_net.py") in paths
    homes = (folder, dirname(folder))
    notebooks = sum(any(join(home, name) in paths for home in homes) for name in NOTEBOOKS)
    is_copy = bool(_COPY.search(folder.casefold()))
    where = (-held, not has_flat_net, -notebooks, is_copy, _depth(folder))
    return *where, *_newest_first(folder.casefold()), folder


def _newest_first(folder: str) -> tuple[bool, list[int]]:
    """Return a sort key by what the folder's name says of its age: "hw_final", "Version 2"."""
    is_final = bool(re.search(r"(?:^|[\W_])final(?:[ _-]?version)?[ _-]?\d?(?:/|$)", folder))
    return not is_final, [1 - int(number) for number in _VERSION.findall(folder)] or [0]


def _sources(folder: str, others: Iterable[str], paths: Mapping[str, str]) -> dict[str, str]:
    """Return the package: what its folder can import, and what strayed from it."""
    elsewhere = [other for other in others if _is_below(other, folder)]
    sources = {
        _inside(path, folder): real
        for path, real in paths.items()
        if path.endswith(".py") and _is_below(path, folder)
        and all(part.isidentifier() for part in _inside(path, folder)[:-3].split("/"))
        and not any(_is_below(path, other) for other in elsewhere)
    }  # fmt: skip
    for core in CORE:
        name = basename(core)
        if core not in sources:
            strays = [real for path, real in paths.items() if basename(path) == name]
            if name in sources:
                sources[core] = sources.pop(name)
            elif len(strays) == 1:
                sources = {to: real for to, real in sources.items() if real != strays[0]}
                sources[core] = strays[0]
    return {to: real for to, real in sources.items() if to in CORE or not homework_name(to)}


def _notebooks(folder: str, others: Iterable[str], paths: Mapping[str, str]) -> dict[str, str]:
    """Return the three notebooks, to go at the top, and others, to stay where they are."""
    course = dirname(folder)
    foreign = [one for one in others if not _is_below(folder, one)]
    beside = [dirname(one) for one in others if not _is_below(one, folder)]
    foreign += [one for one in beside if _depth(one) > _depth(course)]
    notebooks: dict[str, str] = {}

    def nearness(path: str) -> tuple[object, ...]:
        where = dirname(path)
        strays = (where != course, where != folder, not _is_below(path, course))
        return *strays, bool(_COPY.search(where.casefold())), _depth(path), path

    for path in sorted((p for p in paths if p.endswith(".ipynb")), key=nearness):
        if basename(path) in NOTEBOOKS:
            notebooks.setdefault(basename(path), paths[path])
        elif not homework_name(path) and not any(_is_below(path, one) for one in foreign):
            base = folder if _is_below(path, folder) else course
            if _is_below(path, base):
                notebooks.setdefault(_inside(path, base), paths[path])
    return notebooks


def _depth(path: str) -> int:
    return path.count("/") + bool(path)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _inside(path: str, folder: str) -> str:
    return path[len(folder) + 1 :] if folder else path
