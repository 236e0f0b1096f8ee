"""What an upload may be: how large, under which names, and how a refusal reads.

Names are judged before anything is opened. The rules are those of the strictest computer that might
unpack the same upload, so that what a person sees there is what is graded here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.errors import UnusableSubmission

MB = 1_000_000


@dataclass(frozen=True)
class UploadLimits:
    """What an upload may measure: sizes in bytes, names in characters, depth in path parts.

    A member that holds at least `bomb_bytes` in less than 1/`bomb_ratio` of them is a bomb. Real
    homework: zips of 0.7 to 3.1 MB, 17 to 31 entries, at most 7 deep.
    """

    archive_bytes: int = 64 * MB
    total_bytes: int = 64 * MB
    directory_bytes: int = 4 * MB
    source_bytes: int = 2 * MB
    notebook_bytes: int = 16 * MB
    bomb_bytes: int = 10 * MB
    bomb_ratio: int = 100
    entries: int = 2_000
    name_chars: int = 200
    depth: int = 12

    def of(self, path: str) -> int:
        """Return how large the needed file `path` may be."""
        return self.notebook_bytes if path.lower().endswith(".ipynb") else self.source_bytes

    def too_large(self, path: str) -> str:
        """Return why a needed file `path` that is too large was not taken."""
        outputs = "; clear its outputs in Jupyter and save it" if path.endswith(".ipynb") else ""
        return f"is larger than {megabytes(self.of(path))}{outputs}"


LIMITS = UploadLimits()


@dataclass(frozen=True)
class Upload:
    """The needed files of an upload by path, and what became of all the others.

    `unneeded` are paths (a folder that was not looked into ends in a slash); `unusable` says about
    a needed file why it could not be taken: {"layers.py": "is a link"}.
    """

    place: str
    sha256: str
    files: Mapping[str, bytes]
    unneeded: tuple[str, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)


# ------------------------------------------------------------------------------------ messages

AGAIN = "zip the assignment folder itself and hand it in again"
_PACK_AGAIN = "make the zip again with the system's own 'Send to > Compressed folder' or 'Compress'"
SMALLER = "leave out datasets, environments and .git, zip the rest and hand it in again"
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # behind a colon is a stream of the file before it
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str, limit: int = 80) -> str:
    """Return foreign text for a message: invisible characters escaped, long text cut inside.

    >>> shown("layers\\u202eyp.py")
    'layers\\\\u202eyp.py'
    """
    escaped = "".join(_escaped(char) for char in _shortened(text, limit))
    return _shortened(escaped, limit)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[1 - limit // 2 :]}"


def _escaped(char: str) -> str:
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return char.encode("unicode_escape").decode("ascii") if hidden else char


def refusal(place: str, what: str, todo: str = AGAIN) -> UnusableSubmission:
    """Return the error to raise: one line that says where, what and what to do."""
    return UnusableSubmission(shown(f"{shown(place)}: {what}; {todo}.", 300))


def same_name(place: str, one: str, other: str) -> UnusableSubmission:
    """Return the error to raise if two paths are one file on some computer."""
    what = f"'{shown(one)}' and '{shown(other)}' are the same name to some computers"
    if one == other:
        what = f"'{shown(one)}' is in it twice, a duplicate"
    return refusal(place, what, "keep one of them and hand it in again")


def megabytes(size: int) -> str:
    """Return a size for people, e.g. "3.1 MB"."""
    return f"{size / MB:,.1f} MB".replace(".0 MB", " MB")


# --------------------------------------------------------------------------------------- names

_JUNK = {"__macosx", "__pycache__", "build"}
_BULK = {"datasets", ".git", ".env", ".venv", "venv", "node_modules", "site-packages"}


def skipped_folder(path: str) -> str | None:
    """Return the outermost folder of `path` that never holds homework, or None.

    >>> skipped_folder("hw/cs231n/datasets/cifar/batch_1.py")
    'hw/cs231n/datasets'
    """
    folders = path.split("/")[:-1]
    for depth, folder in enumerate(folders, start=1):
        if folder.startswith(".") or folder.casefold() in _JUNK | _BULK:
            return "/".join(folders[:depth])
    return None


def is_bulk(path: str) -> bool:
    """Return whether the file is among data, an environment or a history, whatever its size."""
    return any(part.casefold() in _BULK for part in path.split("/")[:-1])


def needed(path: str) -> bool:
    """Return whether the name is that of a Python file or notebook of homework."""
    name = path.rpartition("/")[2]
    is_source = name.lower().endswith((".py", ".ipynb"))
    return is_source and not name.startswith(".") and skipped_folder(path) is None


def fault_in_name(name: str, limits: UploadLimits = LIMITS) -> tuple[str, str] | None:
    """Return what is wrong with the name of an entry and what to do, or None."""
    folder, _, last = name.rpartition("/")
    if len(name) > limits.name_chars:
        return f"has a name of {len(name):,} characters ({limits.name_chars} are allowed)", AGAIN
    if _has_hidden_character(name.removesuffix("Icon\r")):  # which Finder and Google Drive leave
        return "has a control or direction character in its name", "rename it and hand it in again"
    if "\\" in name:
        return "has a backslash in its name", _PACK_AGAIN
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "has an absolute path", AGAIN
    if ".." in name.split("/"):
        return "leads outside the archive", AGAIN
    if any(_is_reserved(part) for part in tidy(name).split("/")):
        return "has a name that Windows keeps for a device", "rename it and hand it in again"
    if needed(stripped := _stripped(name)) and stripped != tidy(name):
        return "has a name that ends with a dot or a blank", "rename it and hand it in again"
    if _FORBIDDEN.search(last) and (needed(name) or needed(f"{folder}/{last.partition(':')[0]}")):
        return "has a character in its name that Windows forbids", "rename it and hand it in again"
    if len(tidy(name).split("/")) > limits.depth:
        return f"lies more than {limits.depth} folders deep", AGAIN
    return None


def _is_reserved(part: str) -> bool:
    """Return whether Windows takes a part of a path for a device, whatever its ending."""
    return bool(
        re.fullmatch(
            r"(?i)(con|conin\$|conout\$|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]) *(\..*)?", part
        )
    )


def _has_hidden_character(name: str) -> bool:
    """Return whether a name has control, direction or half characters, or a file that runs others.

    In the name of a folder some scripts need what joins letters or keeps them apart.
    """
    kinds = [unicodedata.category(char) for char in name]
    shown_last = kinds[len(name) - len(name.rpartition("/")[2]) :] if needed(name) else []
    never = {"Cc", "Cs", "Zl", "Zp"}
    return not never.isdisjoint(kinds) or not _BIDI.isdisjoint(name) or "Cf" in shown_last


def _stripped(name: str) -> str:
    """Return a path as Windows has it: without dots and blanks at the end of a part."""
    return "/".join(part.rstrip(". ") for part in tidy(name).split("/"))


def tidy(name: str) -> str:
    """Return the path without empty and "." parts."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def colliding(files: Iterable[str], folders: Iterable[str] = ()) -> tuple[str, str] | None:
    """Return two paths that are one file on some computer (Layers.py and layers.py), or None."""
    seen: dict[str, str] = {}
    for path in files:
        if _key(path) in seen:
            return seen[_key(path)], path
        seen[_key(path)] = path
    parents = {folder: folder for folder in folders}
    for path in seen.values():
        while "/" in path:
            path = path.rpartition("/")[0]
            parents.setdefault(path, path)
    clash = next((folder for folder in parents if _key(folder) in seen), None)
    return None if clash is None else (seen[_key(clash)], clash + "/")


def _key(path: str) -> str:
    """Return what is the same for paths that some computer, or a person, takes for one."""
    seen = "".join(char for char in path if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
