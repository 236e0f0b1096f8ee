"""What was handed in, made ready to be graded: a zip or folder in, a `Submission` out.

`folder` and `archive` read the upload and trust nothing, `layout` finds the homework among its
names, and here both become the files that will run, with our own copies of what was handed out.
Each thing that was repaired or ignored gets a sentence; only an upload without a
layers.py, or one that is broken or hostile, is refused. In a class an upload is taken as far as it
goes: a lone fc_net.py or notebook will do.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from posixpath import basename, dirname
from types import MappingProxyType

from grader.errors import UnusableSubmission
from grader.submission import encodings, imports, layout
from grader.submission.archive import read_whole
from grader.submission.folder import read_upload
from grader.submission.layout import CORE, NOTEBOOKS, Layout, homework_name
from grader.submission.upload import LIMITS, Upload, UploadLimits, refusal, shown, skipped_folder
from grader.submission.written import tree_of
from grader.types import Submission

HANDED_OUT = ("solver.py", "gradient_check.py", "data_utils.py", "download.py")
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".rar", ".7z")
_COMPILED = (".so", ".pyd", ".dll", ".dylib")  # a .pyc is what Python leaves behind by itself
_OWN_IMPORT = re.compile(
    rb"(?:from|import)[ \t]+([A-Za-z_]\w{0,60})\."
    rb"(?:layers|layer_utils|fast_layers|classifiers|optim|solver|data_utils|gradient_check)\b"
)
_SENTENCES = 40
_IMPORTED = re.compile(rb'(?:^|"|\\n)[ \t]*(?:from|import)[ \t]([^"#\\\n]*)', re.MULTILINE)
# What only a cell understands: %%writefile, %autoreload, !pip.
_CELL_LINE = re.compile(rb"^(?:%{1,2}[A-Za-z]|![A-Za-z./])[^\r\n]*", re.MULTILINE)
# Most files import nothing else, and need not be parsed for it.
_MAY_IMPORT = re.compile(
    rb"^(?:import|from)[ \t]+(?!(?:numpy|builtins|past|future|__future__|matplotlib|cs231n)\b|\.)",
    re.MULTILINE,
)


def read_submission(
    path: Path,
    *,
    given: Mapping[str, bytes] = MappingProxyType({}),
    limits: UploadLimits = LIMITS,
    data: bytes | None = None,
    partial: bool = False,
) -> Submission:
    """Return the homework in the zip or folder at `path`. Raises UnusableSubmission.

    `given` maps paths inside the package ("solver.py") to our bytes, which replace the student's.
    If `data` are given they are the zip, and `path` is only what it is called. With `partial`, an
    upload without layers.py is taken if any other file of the homework is in it.
    """
    if data is None:
        upload, inner_zip = read_upload(path, limits)
    else:
        upload, inner_zip = read_whole(data, shown(path.name, 200), limits)
    chosen = layout.find_layout(upload.files, partial)
    if chosen is None:
        raise _no_layers(upload)
    _refuse_unread(chosen, upload)
    package = chosen.package or _imported_name(chosen, upload)
    places = {f"{package}/{to}": source for to, source in chosen.sources.items()}
    places |= chosen.notebooks
    places |= _beside(chosen, places, upload.files)
    files = {to: upload.files[source] for to, source in places.items()}
    repaired = [f"'{shown(inner_zip)}' in the upload was read"] if inner_zip else []
    repaired += _repaired(chosen, package, places)
    repaired += _elsewhere(files, package)
    repaired += _give(files, package, given)
    return Submission(
        name=name_of(path),
        sha256=upload.sha256,
        package=package,
        files=dict(sorted(files.items())),
        repaired=_bounded(repaired),
        ignored=_bounded(_left_aside(upload, places, package)),
        doubles=_doubles(upload, places, package),
    )


def _beside(
    chosen: Layout, places: Mapping[str, str], files: Mapping[str, bytes]
) -> dict[str, str]:
    """Return the modules beside the package that its notebooks import, or such a module does."""
    course, taken = dirname(chosen.folder), {*places.values()}
    loose = {
        basename(path).removesuffix(".py").encode(): path
        for path in files
        if path.endswith(".py") and dirname(path) == course and path not in taken
        and layout.is_package_name(basename(path)[:-3]) and not homework_name(path)
    }  # fmt: skip
    loose.pop(b"selfcheck", None)  # ours, and laid over
    found: dict[str, str] = {}
    queue = list(chosen.notebooks.values())
    while queue and loose:
        words = set(re.findall(rb"\w+", b" ".join(_IMPORTED.findall(files[queue.pop()]))))
        for name in words & loose.keys():
            queue.append(loose.pop(name))
            found[basename(queue[-1])] = queue[-1]
    return found


def name_of(path: Path) -> str:
    """Return what a submission is called: its file or folder, without ".zip"."""
    whole = path.name or path.resolve().name or "submission"
    return shown(re.sub(r"(?ais)(?<=.)\.zip\Z", "", whole), 200)


def _refuse_unread(chosen: Layout, upload: Upload) -> None:
    """Raise where a file of the package is there and cannot be read: that is not worth zero."""
    missing = [core for core in CORE if core not in chosen.sources]
    names = (*missing, *map(basename, missing))
    wanted = [f"{chosen.folder}/{name}/".lstrip("/") for name in names]
    for path, why in sorted(upload.unusable.items()):
        if any(place.startswith(f"{path.rstrip('/')}/") for place in wanted):
            what = f"'{shown(path)}' {why}"
            raise refusal(upload.place, what, "put it right and hand in again")


def _no_layers(upload: Upload) -> UnusableSubmission:
    """Return why there is no layers.py, as far as the names show."""
    everything = sorted({*upload.files, *upload.unneeded, *upload.unusable})
    real = [path for path in everything if skipped_folder(path) is None]
    todo = "hand in the folder that holds layers.py, optim.py and classifiers/fc_net.py"
    for path, why in sorted(upload.unusable.items()):
        if basename(path.rstrip("/")).lower().startswith("layers"):
            return refusal(upload.place, f"'{shown(path)}' {why}", "put it right and hand in again")
    if inner := [path for path in real if path.lower().endswith(_ARCHIVES)]:
        what = f"no layers.py in it but the archive '{shown(inner[0])}', which is not opened"
        return refusal(upload.place, what, "zip the homework itself and hand it in again")
    if near := [path for path in real if "layers" in basename(path).lower()]:
        return refusal(upload.place, f"no layers.py in it, only '{shown(near[0])}'", todo)
    what = f"no layers.py in it (files: {len(everything):,})" if everything else "it is empty"
    return refusal(upload.place, what, todo)


def _imported_name(chosen: Layout, upload: Upload) -> str:
    """Return what the files call a package that lost its name: "from cs682.layers import"."""
    used = [*chosen.sources.values(), *chosen.notebooks.values()]
    names = Counter(
        name.decode("ascii") for path in used for name in _OWN_IMPORT.findall(upload.files[path])
    )
    usable = filter(layout.is_package_name, names)
    return min(usable, key=lambda name: (-names[name], name), default=layout.PACKAGE)


def _repaired(chosen: Layout, package: str, places: Mapping[str, str]) -> Iterator[str]:
    """Yield what was chosen and what was put right."""
    if len(chosen.candidates) > 1:
        graded = f"'{shown(chosen.folder)}'" if chosen.folder else "the one at the top"
        yield f"{len(chosen.candidates)} folders hold a layers.py; graded was {graded}"
    if package != basename(chosen.folder):
        folder = f"the folder '{shown(chosen.folder)}'" if chosen.folder else "the top folder"
        yield f"{folder} was read as the package {package}"
    for to, source in sorted(places.items()):
        name, was = basename(to), basename(source)
        is_core = to.removeprefix(f"{package}/") in CORE
        home = f"{chosen.folder}/" if chosen.folder else ""
        if name != was:
            yield f"'{shown(source)}' was read as {to}"
        elif is_core and source != home + to.removeprefix(f"{package}/"):
            yield f"'{shown(source)}' was put where it belongs: {to}"
        elif to in NOTEBOOKS and dirname(source) not in (dirname(chosen.folder), chosen.folder):
            yield f"'{shown(source)}' was read as the notebook {to}"


def _elsewhere(files: dict[str, bytes], package: str) -> list[str]:
    """Return at which graded files Python itself stops, on any machine or on others than this.

    In `files` UTF-16 becomes UTF-8, and lines of a notebook's cell become comments.
    """
    found = []
    for path in [path for path in files if path.endswith(".py")]:
        files[path], saved = encodings.as_utf8(files[path])
        files[path], told = _without_cell_lines(files[path])
        found += [f"{path} {told}"] if told else []
        if path.removeprefix(f"{package}/") not in CORE:
            continue
        if saved:
            found.append(f"{path} is {saved}, which Python itself does not read: save it as UTF-8")
        if _MAY_IMPORT.search(files[path]) and (tree := tree_of(files[path])):
            stops = "where that is not installed, Python stops there"
            seen = imports.foreign(tree, files)
            found += [f"{path} line {line} imports {name}: {stops}" for line, name in seen]
    return found


def _without_cell_lines(data: bytes) -> tuple[bytes, str]:
    """Return a file that is no Python for lines of a cell without them, and a sentence about it."""
    first = _CELL_LINE.search(data)
    if first is None or tree_of(data) is not None:
        return data, ""
    plain = _CELL_LINE.sub(rb"# \g<0>", data)
    if tree_of(plain) is None:
        return data, ""
    line = data.count(b"\n", 0, first.start()) + 1
    text = shown(first[0].decode("utf-8", "replace"), 60)
    return plain, f"line {line} is a notebook's ({text}), and Python stops there: take it out"


def _give(files: dict[str, bytes], package: str, given: Mapping[str, bytes]) -> list[str]:
    """Put our files in the place of the student's; says which of them were changed."""
    sentences = []
    ours = {f"{package}/{name}": data for name, data in given.items()}
    taken = {path.casefold(): path for path in ours}
    for path in [path for path in files if path.casefold() in taken]:
        theirs = files.pop(path)
        name = taken[path.casefold()].removeprefix(f"{package}/")
        if name in HANDED_OUT and _text(theirs) != _text(given[name]):
            sentences.append(f"{name} is handed out: graded with ours")
    files.update(ours)
    return sorted(sentences)


def _text(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").strip()


def _copies(places: Mapping[str, str], files: Mapping[str, bytes], package: str) -> dict[str, str]:
    """Return a sentence for each file that bears the name of a graded one, by path."""
    homes = {basename(to): to for to in (*(f"{package}/{core}" for core in CORE), *NOTEBOOKS)}
    notes = {}
    for path in sorted(files.keys() - set(places.values())):
        name = homework_name(path) or ""
        if source := places.get(homes.get(name, "")):
            same = "a second copy" if files[path] == files[source] else "another version"
            notes[path] = f"'{shown(path)}' is {same}; graded was '{shown(source)}'"
        elif name:
            notes[path] = f"'{shown(path)}' is not in the package nor the only {name}: not graded"
    return notes


def _doubles(upload: Upload, places: Mapping[str, str], package: str) -> dict[str, str]:
    """Return files with the name of a graded one but other or compiled code, by path."""
    homes = {basename(core): f"{package}/{core}" for core in CORE}
    found = {}
    for path in sorted({*upload.files, *upload.unneeded} - set(places.values())):
        is_compiled = path.lower().endswith(_COMPILED)
        compiled = basename(path).partition(".")[0].lower() + ".py"
        home = homes.get(compiled if is_compiled else homework_name(path) or "", "")
        is_ours = basename(skipped_folder(path) or "") == layout.SELFCHECK
        if home in places and not is_ours and upload.files.get(path) != upload.files[places[home]]:
            found[path] = home
    return found


def _left_aside(upload: Upload, places: Mapping[str, str], package: str) -> Iterator[str]:
    """Yield all that is not graded, in as few sentences as will do."""
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
        if folder := skipped_folder(path):
            folders[basename(folder)][folder] += not path.endswith("/")
        else:
            loose.append(path)
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
    """Return at most forty sentences, whatever was sent."""
    kept = tuple(sentences)
    more = len(kept) - _SENTENCES
    return kept if more <= 0 else (*kept[:_SENTENCES], f"and {more:,} more like these")
