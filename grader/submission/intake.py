"""What was handed in, made ready to be graded: a zip or folder in, a `Submission` out.

`folder` and `archive` read the upload and trust nothing, `layout` finds the homework among its
names, and here both become the files that will run, with our own copies of what was handed out.
Everything that was put right or left aside is said in a sentence; only an upload without a
layers.py, or one that is broken or hostile, is refused.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from posixpath import basename, dirname
from types import MappingProxyType

from grader.errors import UnusableSubmission
from grader.submission.folder import read_upload
from grader.submission.layout import (
    CORE,
    NOTEBOOKS,
    PACKAGE,
    SELFCHECK,
    Layout,
    find_layout,
    homework_name,
    is_package_name,
)
from grader.submission.upload import LIMITS, Limits, Upload, refusal, shown, skipped_folder
from grader.types import Submission

HANDED_OUT = ("solver.py", "gradient_check.py", "data_utils.py", "download.py")
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".rar", ".7z")
_COMPILED = (".so", ".pyd", ".dll", ".dylib")  # a .pyc is what Python leaves behind by itself
_OWN_IMPORT = re.compile(
    rb"(?:from|import)[ \t]+([A-Za-z_]\w{0,60})\."
    rb"(?:layers|layer_utils|fast_layers|classifiers|optim|solver|data_utils|gradient_check)\b"
)
_SENTENCES = 40


def read_submission(
    path: Path,
    *,
    given: Mapping[str, bytes] = MappingProxyType({}),
    limits: Limits = LIMITS,
) -> Submission:
    """The homework in the zip or folder at `path`; UnusableSubmission if there is none to grade.

    `given` maps paths inside the package ("solver.py") to our bytes, which replace the student's.
    """
    upload, inner_zip = read_upload(path, limits)
    layout = find_layout(upload.files)
    if layout is None:
        raise _no_layers(upload)
    _refuse_unread(layout, upload)
    package = layout.package or _imported_name(layout, upload)
    places = {f"{package}/{to}": source for to, source in layout.sources.items()}
    places.update(layout.notebooks)
    files = {to: upload.files[source] for to, source in places.items()}
    repaired = [f"'{shown(inner_zip)}' in the folder was read"] if inner_zip else []
    repaired += _repaired(layout, package, places)
    repaired += _give(files, package, given)
    return Submission(
        name=shown(_name(path), 200),
        sha256=upload.sha256,
        package=package,
        files=dict(sorted(files.items())),
        repaired=_bounded(repaired),
        ignored=_bounded(_left_aside(upload, places, package)),
        doubles=_doubles(upload, places, package),
    )


def _name(path: Path) -> str:
    whole = path.name or path.resolve().name or "submission"
    return whole[:-4] if whole.lower().endswith(".zip") and len(whole) > 4 else whole


def _refuse_unread(layout: Layout, upload: Upload) -> None:
    """Raise where a file of the package is there and cannot be read: that is not worth zero."""
    missing = [core for core in CORE if core not in layout.sources]
    names = {name for core in missing for name in (core, basename(core))}
    wanted = [f"{layout.folder}/{name}/".lstrip("/") for name in names]
    for path, why in sorted(upload.unusable.items()):
        if any(place.startswith(f"{path.rstrip('/')}/") for place in wanted):
            what = f"'{shown(path)}' {why}"
            raise refusal(upload.place, what, "put it right and hand in again")


def _no_layers(upload: Upload) -> UnusableSubmission:
    """Why there is no layers.py, as well as the names can tell."""
    everything = sorted({*upload.files, *upload.unneeded, *upload.unusable})
    real = [path for path in everything if skipped_folder(path) is None]
    todo = "hand in the folder that holds layers.py, optim.py and classifiers/fc_net.py"
    for path, why in sorted(upload.unusable.items()):
        if basename(path.rstrip("/")).lower().startswith("layers"):
            return refusal(upload.place, f"'{shown(path)}' {why}", "put it right and hand in again")
    if inner := [path for path in real if path.lower().endswith(_ARCHIVES)]:
        what = f"no layers.py in it but the archive '{shown(inner[0])}', which is not opened"
        return refusal(upload.place, what, "zip the homework itself and hand it in again")
    near = [path for path in real if "layers" in basename(path).lower()]
    if near:
        return refusal(upload.place, f"no layers.py in it, only '{shown(near[0])}'", todo)
    what = f"no layers.py in it (files: {len(everything):,})" if everything else "it is empty"
    return refusal(upload.place, what, todo)


def _imported_name(layout: Layout, upload: Upload) -> str:
    """What the files themselves call a package that lost its name: "from cs682.layers import"."""
    used = [*layout.sources.values(), *layout.notebooks.values()]
    names = Counter(
        name.decode("ascii") for path in used for name in _OWN_IMPORT.findall(upload.files[path])
    )
    usable = [name for name in names if is_package_name(name)]
    return min(usable, key=lambda name: (-names[name], name), default=PACKAGE)


def _repaired(layout: Layout, package: str, places: Mapping[str, str]) -> Iterator[str]:
    """What was chosen and what was put right."""
    if len(layout.candidates) > 1:
        graded = f"'{shown(layout.folder)}'" if layout.folder else "the one at the top"
        yield f"{len(layout.candidates)} folders hold a layers.py; graded was {graded}"
    if package != basename(layout.folder):
        folder = f"the folder '{shown(layout.folder)}'" if layout.folder else "the top folder"
        yield f"{folder} was read as the package {package}"
    for to, source in sorted(places.items()):
        name, was = basename(to), basename(source)
        is_core = to.removeprefix(f"{package}/") in CORE
        home = f"{layout.folder}/" if layout.folder else ""
        if name != was:
            yield f"'{shown(source)}' was read as {to}"
        elif is_core and source != home + to.removeprefix(f"{package}/"):
            yield f"'{shown(source)}' was put where it belongs: {to}"
        elif to in NOTEBOOKS and dirname(source) not in (dirname(layout.folder), layout.folder):
            yield f"'{shown(source)}' was read as the notebook {to}"


def _give(files: dict[str, bytes], package: str, given: Mapping[str, bytes]) -> list[str]:
    """Put our files in the place of the student's; says which of them were changed."""
    said = []
    ours = {f"{package}/{name}": data for name, data in given.items()}
    taken = {path.casefold(): path for path in ours}
    for path in [path for path in files if path.casefold() in taken]:
        theirs = files.pop(path)
        name = taken[path.casefold()].removeprefix(f"{package}/")
        if name in HANDED_OUT and _text(theirs) != _text(given[name]):
            said.append(f"{name} is handed out: graded with ours")
    files.update(ours)
    return sorted(said)


def _text(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").strip()


def _copies(places: Mapping[str, str], files: Mapping[str, bytes], package: str) -> dict[str, str]:
    """What to say of files that bear the name of one that is graded, by path."""
    homes = {basename(to): to for to in (*(f"{package}/{core}" for core in CORE), *NOTEBOOKS)}
    said = {}
    for path in sorted(files.keys() - set(places.values())):
        name = homework_name(path) or ""
        if source := places.get(homes.get(name, "")):
            same = "a second copy" if files[path] == files[source] else "another version"
            said[path] = f"'{shown(path)}' is {same}; graded was '{shown(source)}'"
        elif name:
            said[path] = f"'{shown(path)}' is not in the package nor the only {name}: not graded"
    return said


def _doubles(upload: Upload, places: Mapping[str, str], package: str) -> dict[str, str]:
    """Files that are not graded and bear a graded one's name, by path: other or compiled code."""
    homes = {basename(core): f"{package}/{core}" for core in CORE}
    found = {}
    for path in sorted({*upload.files, *upload.unneeded} - set(places.values())):
        known = homework_name(path) or ""
        if basename(skipped_folder(path) or "") == SELFCHECK:
            continue
        if path.lower().endswith(_COMPILED):
            known = basename(path).partition(".")[0].lower() + ".py"
        home = homes.get(known, "")
        if home in places and upload.files.get(path) != upload.files[places[home]]:
            found[path] = home
    return found


def _left_aside(upload: Upload, places: Mapping[str, str], package: str) -> Iterator[str]:
    """All that is not graded, in as few sentences as will do."""
    copies = _copies(places, upload.files, package)
    yield from copies.values()
    yield from (f"'{shown(path)}' {why}" for path, why in sorted(upload.unusable.items()))
    strays = upload.files.keys() - set(places.values()) - copies.keys()
    yield from _grouped(sorted(strays), f"outside of {package}/ and its notebooks")
    yield from _unneeded(upload.unneeded)


def _unneeded(paths: Iterable[str]) -> Iterator[str]:
    loose = []
    folders: dict[str, Counter[str]] = defaultdict(Counter)
    for path in paths:
        folder = skipped_folder(path)
        if folder is None:
            loose.append(path)
        else:
            folders[basename(folder)][folder] += not path.endswith("/")
    yield from _grouped(sorted(loose), "of other kinds")
    for name, counts in sorted(folders.items()):
        where = shown(next(iter(counts)) if len(counts) == 1 else f"{len(counts)} folders {name}")
        total = sum(counts.values())
        under = f"{total:,} file{'s' * (total != 1)} under {where}" if total else where
        yield f"{under} {_was(total or len(counts))} not needed"


def _grouped(paths: list[str], which: str) -> Iterator[str]:
    if 0 < len(paths) <= 3:
        names = ", ".join(f"'{shown(path)}'" for path in paths)
        yield f"{names} {_was(len(paths))} not needed"
    elif paths:
        yield f"{len(paths):,} files {which} were not needed"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _bounded(sentences: Iterable[str]) -> tuple[str, ...]:
    """At most forty sentences, whatever was sent."""
    said = list(sentences)
    more = len(said) - _SENTENCES
    return tuple(said) if more <= 0 else (*said[:_SENTENCES], f"and {more:,} more like these")
