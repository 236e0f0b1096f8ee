"""Zips as real programs write them, byte by byte: each is read, and as its writer meant it.

What differs is which of the two headers tells what: flags, sizes, names, extra fields, and what
stands behind the data. `Style` has that of one program; `KNOWN` those that people hand in with.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from grader.errors import UnusableSubmission
from grader.submission.archive import read_zip
from grader.submission.intake import read_submission

FAT, UNIX, NTFS, MAC = 0, 3, 10, 19
UTF8, DESCRIBED = 0x800, 0x8
Extra = Callable[[bytes, int, int], bytes]  # of (name, size, packed)


def nothing(*_: object) -> bytes:
    return b""


def field(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def zip64(_: bytes, size: int, packed: int) -> bytes:
    return field(1, struct.pack("<QQ", size, packed))


def zip64_empty(*_: object) -> bytes:
    return field(1, bytes(16))


def times(*_: object) -> bytes:
    return field(0x5455, b"\3" + bytes(8)) + field(0x7875, b"\1\4\xf5\1\0\0\4\x14\0\0\0")


def times_short(*_: object) -> bytes:
    return field(0x5455, b"\3" + bytes(4)) + field(0x7875, b"\1\4\xf5\1\0\0\4\x14\0\0\0")


def ntfs(*_: object) -> bytes:
    return field(0x000A, bytes(4) + struct.pack("<HH", 1, 24) + bytes(24))


def mac(*_: object) -> bytes:
    return field(0x7855, b"\xf5\1\x14\0")


def java(*_: object) -> bytes:
    return field(0xCAFE, b"")


def unicode_path(name: str) -> Extra:
    def written(raw: bytes, *_: object) -> bytes:
        return field(0x7075, b"\1" + struct.pack("<L", zlib.crc32(raw)) + name.encode())

    return written


@dataclass(frozen=True)
class Style:
    """How a program writes an entry.

    `before` is what its first header says of the sizes: "told", "zero", "ones" or "one" (of two);
    `behind` what follows the data: "", "marked", "bare", "marked64" or "bare64".
    """

    system: int = UNIX
    version: int = 20
    flags: int = 0
    central_flags: int | None = None
    before: str = "told"
    behind: str = ""
    central: str = "told"
    mode: int = 0o100644
    extra: Extra = nothing
    central_extra: Extra | None = None
    stored: bool = False
    folder_flags: int | None = None
    folder_mode: int = 0o040755
    end64: bool = False
    head: bytes = b""
    tail: bytes = b""


def written(style: Style, entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a zip of (name, data) as this program writes it."""
    body, directory = bytearray(style.head), bytearray()
    for name, data in entries:
        is_folder = name.endswith((b"/", b"\\"))
        stored = is_folder or style.stored
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = data if stored else packer.compress(data) + packer.flush()
        flags, before, behind = style.flags, style.before, style.behind
        if is_folder and style.folder_flags is not None:
            flags, before, behind = style.folder_flags, "told", ""
        crc, sizes = zlib.crc32(data), (len(packed), len(data))
        told = {"told": (crc, *sizes), "zero": (0, 0, 0), "ones": (0, 0xFFFFFFFF, 0xFFFFFFFF),
                "one": (0, 0, len(data)), "packed": (crc, len(packed), 0)}  # fmt: skip
        method, offset = 0 if stored else 8, len(body)
        extra = style.extra(name, len(data), len(packed))
        start = struct.pack("<HHHHH", style.version, flags, method, 0x6A2B, 0x5A21)
        body += b"PK\3\4" + start + struct.pack("<LLL", *told[before])
        body += struct.pack("<HH", len(name), len(extra)) + name + extra + packed
        if behind:
            form = "<LQQ" if behind.endswith("64") else "<LLL"
            mark = b"PK\7\x08" if behind.startswith("marked") else b""
            body += mark + struct.pack(form, crc, *sizes)
        central = style.extra if style.central_extra is None else style.central_extra
        extra = central(name, len(data), len(packed))
        if style.central == "ones":
            extra = field(1, struct.pack("<QQ", len(data), len(packed))) + extra
        later = flags if style.central_flags is None else style.central_flags
        start = struct.pack("<HHHHH", style.version, later, method, 0x6A2B, 0x5A21)
        mode = style.folder_mode if is_folder else style.mode
        attributes = mode << 16 | (0x10 if is_folder else 0x20 * (style.system != UNIX))
        directory += b"PK\1\2" + struct.pack("<BB", style.version, style.system) + start
        wide = (crc, 0xFFFFFFFF, 0xFFFFFFFF) if style.central == "ones" else told["told"]
        directory += struct.pack("<LLLHHH", *wide, len(name), len(extra), 0)
        directory += struct.pack("<HHLL", 0, 0, attributes, offset) + name + extra
    return bytes(body) + ended(style, len(body), bytes(directory), len(entries))


def ended(style: Style, start: int, directory: bytes, count: int) -> bytes:
    """Return the directory and the end of a zip; with `end64` the end tells that it is told."""
    more, size, offset = b"", len(directory), start
    if style.end64:
        place = start + size
        more = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
        more += b"PK\6\7" + struct.pack("<LQL", 0, place, 1)
        count, size, offset = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    end = struct.pack("<HHHHLLH", 0, 0, count, count, size, offset, len(style.tail))
    return directory + more + b"PK\5\6" + end + style.tail


HOME = {b"cs231n/": b"", b"cs231n/layers.py": b"def affine_forward(x, w, b):\n    pass\n" * 9,
        b"cs231n/classifiers/": b"", b"cs231n/classifiers/fc_net.py": b"net\n",
        b"cs231n/optim.py": b"", b"Dropout.ipynb": b'{"cells": []}'}  # fmt: skip
NOTES = {b"__MACOSX/": b"", b"__MACOSX/cs231n/._layers.py": b"\0\5\x16\7\0\2\0\0Mac OS X  ",
         b"cs231n/.DS_Store": b"\0\0\0\1Bud1", b"Icon\r": b""}  # fmt: skip
STREAM = Style(flags=DESCRIBED, before="zero", behind="marked")
WINDOWS = Style(system=FAT, mode=0, folder_mode=0)
KNOWN: dict[str, Style] = {
    "zip": Style(version=20, extra=times, central_extra=times_short),
    "zip into a pipe": replace(STREAM, before="one", extra=times, central_extra=times_short),
    "zip of a pipe, sizes in 64 bits": Style(
        version=45, flags=DESCRIBED, before="ones", behind="marked64", extra=zip64_empty,
        central_extra=nothing),
    "Finder": replace(STREAM, system=UNIX, extra=mac, folder_flags=0, version=20),
    "Finder, since its files carry 64 bits": replace(
        STREAM, version=45, extra=mac, folder_flags=0, central="ones"),
    "ditto": replace(STREAM, system=UNIX, extra=mac, folder_flags=DESCRIBED),
    "Explorer": replace(WINDOWS, version=20),
    "Explorer with names in UTF-8": replace(WINDOWS, flags=UTF8),
    "7-Zip": replace(WINDOWS, central_extra=ntfs),
    "7-Zip on Linux": Style(system=UNIX, central_extra=ntfs, mode=0o100644 | 0x8000),
    "WinRAR": replace(WINDOWS, flags=0x2, central_extra=ntfs),
    "bsdtar": replace(STREAM, extra=times, central_extra=times_short, folder_flags=0),
    "git archive": Style(version=10, system=UNIX, extra=times_short, tail=b"a" * 40),
    "git archive of a large file": replace(STREAM, extra=times_short, tail=b"a" * 40),
    "Python": Style(mode=0o100644, stored=True, folder_mode=0o040775),
    "Python into a pipe": replace(STREAM, folder_flags=0),
    "Python, with 64 bits": Style(version=45, before="ones", extra=zip64, central_extra=nothing),
    "Java": replace(STREAM, system=FAT, flags=DESCRIBED | UTF8, mode=0, extra=java, folder_mode=0),
    "Java, a descriptor without a mark": replace(STREAM, behind="bare", system=FAT, mode=0),
    "Java, a file of known size": Style(system=FAT, flags=UTF8, mode=0, stored=True),
    "Commons Compress, 64 bits": replace(
        STREAM, version=45, before="ones", behind="marked64", extra=zip64_empty, central="ones",
        central_extra=nothing),
    "a stream of a browser": replace(
        STREAM, version=45, flags=DESCRIBED | UTF8, behind="marked64", system=FAT, mode=0),
    "a stream without marks, 64 bits": replace(STREAM, version=45, behind="bare64", before="ones",
                                               extra=zip64_empty, central_extra=nothing),
    "Drive": replace(STREAM, version=45, flags=DESCRIBED | UTF8, before="ones", behind="marked64",
                     system=FAT, mode=0, extra=zip64_empty, central="ones", central_extra=nothing,
                     end64=True),
    "an LMS, all in 64 bits": Style(
        version=45, before="ones", extra=zip64, central="ones", central_extra=nothing, end64=True),
    ".NET": Style(system=FAT, mode=0, folder_mode=0, version=20),
    "sizes before and behind": replace(STREAM, before="told"),
    "one size before, one behind": replace(STREAM, before="packed"),
    "a flag for UTF-8 in one header": replace(WINDOWS, central_flags=UTF8),
    "a flag for a descriptor in one header": replace(STREAM, central_flags=0),
    "with a comment": Style(tail=b"made by hand"),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("also", [{}, NOTES], ids=["", "with a Mac's notes"])
def test_an_honest_zip_is_read(name: str, also: Mapping[bytes, bytes]) -> None:
    data = written(KNOWN[name], list({**HOME, **also}.items()))
    wanted = {path.decode(): text for path, text in HOME.items() if not path.endswith(b"/")}
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert read_zip(data, "hw.zip").files == wanted


REPORT, HOMEWORK, LAUNCH = "レポート", "作业", "Übung é"
FOLDERS: dict[str, tuple[Style, bytes, str]] = {
    "UTF-8, as told": (replace(WINDOWS, flags=UTF8), HOMEWORK.encode(), HOMEWORK),
    "UTF-8, not told": (KNOWN["Finder"], HOMEWORK.encode(), HOMEWORK),
    "UTF-8, told in the directory alone": (
        replace(WINDOWS, central_flags=UTF8), HOMEWORK.encode(), HOMEWORK),
    "UTF-8, told before the data alone": (
        replace(WINDOWS, flags=UTF8, central_flags=0), HOMEWORK.encode(), HOMEWORK),
    "UTF-8, decomposed by a Mac": (KNOWN["Finder"], "U\u0308bung".encode(), "U\u0308bung"),
    "the first code page of a PC": (WINDOWS, LAUNCH.encode("cp437"), LAUNCH),
    "that of Japan, with a bar in it": (WINDOWS, REPORT.encode("cp932"), ""),
    "that of Japan, with a backslash in it": (WINDOWS, "構造 表".encode("cp932"), ""),
    "that of China": (WINDOWS, HOMEWORK.encode("gbk"), ""),
    "that of Taiwan, with a backslash in it": (WINDOWS, "功課".encode("big5"), ""),
    "that of Korea": (WINDOWS, "과제".encode("cp949"), ""),
    "that of Russia": (WINDOWS, "Задание".encode("cp866"), ""),
    "that of China, with Unicode beside it": (
        replace(KNOWN["WinRAR"], extra=unicode_path(f"{HOMEWORK}/{{}}")), HOMEWORK.encode("gbk"),
        HOMEWORK),
    "question marks, with Unicode beside them": (
        replace(KNOWN["WinRAR"], extra=unicode_path(f"{HOMEWORK}/{{}}")), b"??", HOMEWORK),
    "escapes, with Unicode beside them": (
        replace(KNOWN["zip"], extra=unicode_path(f"{HOMEWORK}/{{}}")), b"#U4f5c#U4e1a", HOMEWORK),
    "letters that are kept apart": (
        replace(WINDOWS, flags=UTF8), "تمرین\u200cها".encode(), "تمرین\u200cها"),
    "signs that are joined": (replace(WINDOWS, flags=UTF8), "👩\u200d💻".encode(), "👩\u200d💻"),
    "a colon": (KNOWN["Finder"], b"due 11:30", "due 11:30"),
}  # fmt: skip


def beside(style: Style, name: bytes) -> Style:
    """Return the style with the Unicode path of this file, where it writes one."""
    if style.extra(b"", 0, 0)[:2] != b"\x75\x70":
        return style
    text = style.extra(b"", 0, 0)[9:].decode().format(name.decode())
    return replace(style, extra=unicode_path(text), central_extra=unicode_path(text))


@pytest.mark.parametrize(("style", "raw", "meant"), FOLDERS.values(), ids=list(FOLDERS))
def test_a_folder_of_any_script_is_read(style: Style, raw: bytes, meant: str) -> None:
    data = written(beside(style, b"layers.py"), [(raw + b"/layers.py", b"text" * 20)])
    (path,) = read_zip(data, "hw.zip").files
    assert path.endswith("/layers.py")
    assert not meant or path == f"{meant}/layers.py"


def test_pictures_of_one_code_page_do_not_collide() -> None:
    """In another one their names may differ by a capital letter only."""
    files = [(f"図{kana}.png".encode("cp932"), b"") for kana in "アヂ"]
    assert read_zip(written(WINDOWS, [*HOME.items(), *files]), "hw.zip").unneeded


@pytest.mark.parametrize(("raw", "told"), [
    (b"optim.py!", "layers.py"), (b"\xd7\xf7/optim.py", "作/layers.py"),
    (b"layers.py", "l\u0430yers.py"), (b"\xd7\xf7.txt", "作.py"), (b"x/\xd7.py", "作.py"),
    (b"la\xffyers.py", "layers.py"),
])  # fmt: skip
def test_a_name_in_unicode_that_says_something_else_is_refused(raw: bytes, told: str) -> None:
    style = replace(WINDOWS, extra=unicode_path(told))
    with pytest.raises(UnusableSubmission, match="has a second name"):
        read_zip(written(style, [*HOME.items(), (raw, b"")]), "hw.zip")


def test_sizes_in_64_bits_before_the_data_must_be_those_behind_all() -> None:
    for lie in (zip64_empty, nothing, lambda *_: field(1, struct.pack("<QQ", 7, 7))):
        style = replace(KNOWN["Python, with 64 bits"], extra=lie, central_extra=nothing)
        with pytest.raises(UnusableSubmission, match="told in two ways"):
            read_zip(written(style, [(b"layers.py", b"text" * 20)]), "hw.zip")


def many_fields(*_: object) -> bytes:
    return field(0x9999, b"") * 16_383


@pytest.mark.parametrize("where", ["before the data", "in the directory", "in one of 64 bits"])
def test_many_extra_fields_take_no_time(where: str) -> None:
    here = where == "before the data"
    style = Style(extra=many_fields if here else nothing, end64=where.endswith("bits"),
                  central_extra=nothing if here else many_fields)  # fmt: skip
    data = written(style, [*HOME.items(), *((b"%d.txt" % n, b"") for n in range(70))])
    began = time.process_time()
    with suppress(UnusableSubmission):
        read_zip(data, "hw.zip")
        assert here
    assert time.process_time() - began < 1.0


def test_backslashes_of_windows_are_slashes() -> None:
    """As its PowerShell writes them."""
    entries = [(name.replace(b"/", b"\\"), data) for name, data in HOME.items()]
    assert set(read_zip(written(WINDOWS, entries), "hw.zip").files) == {
        name.decode() for name in HOME if not name.endswith(b"/")
    }
    for bad, says in (
        (b"..\\x.py", "leads outside"), (b"\\x.py", "absolute"), (b"C:\\x.py", "absolute"),
        (b"cs231n\\layers.py", "in it twice"),
    ):  # fmt: skip
        with pytest.raises(UnusableSubmission, match=says):
            read_zip(written(WINDOWS, [*HOME.items(), (bad, b"")]), "hw.zip")


@pytest.mark.parametrize("path", [b"cs231n/datasets", b"env/.venv/bin/python", b".git/hooks/x"])
def test_a_link_among_data_or_an_environment_is_left_aside(path: bytes) -> None:
    link = written(replace(KNOWN["zip"], mode=0o120777), [(path, b"/scratch/data")])
    found = read_zip(joined(written(KNOWN["zip"], list(HOME.items())), link), "hw.zip")
    assert path.decode() in found.unneeded and "cs231n/layers.py" in found.files


def joined(one: bytes, other: bytes) -> bytes:
    """Return the entries of two zips in one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as into:
        for data in (one, other):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for info in archive.infolist():
                    into.writestr(info, archive.read(info))
    return stream.getvalue()


def test_names_that_only_some_people_tell_apart_are_refused() -> None:
    twin = ("cs231n\u200b/layers.py".encode(), b"other")
    with pytest.raises(UnusableSubmission, match="are the same name"):
        read_zip(written(replace(WINDOWS, flags=UTF8), [*HOME.items(), twin]), "hw.zip")


@pytest.mark.parametrize("name", ["notes .", "figures /a.png", "My report. "])
def test_what_windows_would_rename_and_nobody_grades_is_left_aside(name: str) -> None:
    data = written(KNOWN["Finder"], [*HOME.items(), (name.encode(), b"x")])
    assert name in read_zip(data, "hw.zip").unneeded


TOOLS: dict[str, Sequence[str]] = {
    "zip": ("zip", "-qr", "../hw.zip", "."),
    "zip with a pipe": ("sh", "-c", "zip -qr - . | cat > ../hw.zip"),
    "git": ("sh", "-c", "git init -q . && git add . && git -c user.name=a -c user.email=a@b commit "
            "-qm a && git archive -o ../hw.zip HEAD"),
    "jar": ("jar", "cfM", "../hw.zip", "."),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_program_of_this_machine_writes_is_read(tool: str, tmp_path: Path) -> None:
    program = tool.split()[0]
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    for folder in ("cs231n", HOMEWORK):
        (tmp_path / "hw" / folder).mkdir(parents=True)
    (tmp_path / "hw" / "cs231n" / "layers.py").write_bytes(b"text" * 20)
    (tmp_path / "hw" / HOMEWORK / "bild é.txt").write_bytes(b"x")
    subprocess.run(TOOLS[tool], cwd=tmp_path / "hw", check=True, capture_output=True)
    assert "cs231n/layers.py" in read_submission(tmp_path / "hw.zip").files
