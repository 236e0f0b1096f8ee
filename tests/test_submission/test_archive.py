"""Hostile and broken uploads: each ends in one clear line, and nothing else happens.

`forge` writes zips byte by byte, because Python's own writer will not lie. The letters and numbers
in the tables are those of the attacks in facts/attacks.md, section A.
"""

from __future__ import annotations

import functools
import io
import os
import random
import re
import socket
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from grader.errors import UnusableSubmission
from grader.submission.archive import read_zip
from grader.submission.intake import read_submission
from grader.submission.upload import (
    LIMITS,
    UploadLimits,
    colliding,
    fault_in_name,
    needed,
    refusal,
    shown,
)

TOY = b"def affine_forward(x, w, b):\n    return None, None\n"


@dataclass(frozen=True)
class Member:
    """An entry as the zip states it; what is None is stated truly."""

    name: str | bytes
    data: bytes = TOY
    deflate: bool = True
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    offset: int | None = None
    local_name: bytes | None = None
    mode: int = 0
    flags: int = 0
    method: int | None = None


@functools.lru_cache(maxsize=4)
def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def forge(*members: Member) -> bytes:
    body, directory = bytearray(), bytearray()
    for member in members:
        name = member.name.encode("utf-8") if isinstance(member.name, str) else member.name
        flags = member.flags | (0x800 if isinstance(member.name, str) else 0)
        packed = deflated(member.data) if member.deflate else member.data
        method = (8 if member.deflate else 0) if member.method is None else member.method
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        size = len(member.data) if member.size is None else member.size
        length = len(packed) if member.packed is None else member.packed
        common = struct.pack("<HHHHHLLL", 20, flags, method, 0, 0x5A21, crc, length, size)
        offset = len(body) if member.offset is None else member.offset
        local = name if member.local_name is None else member.local_name
        body += b"PK\3\4" + common + struct.pack("<HH", len(local), 0) + local + packed
        rest = struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, member.mode << 16, offset)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + common + rest + name
    count = len(members)
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory) + b"PK\5\6" + end


GOOD = (
    Member("cs231n/layers.py"), Member("cs231n/optim.py", b"optim"),
    Member("cs231n/classifiers/fc_net.py", b"net", deflate=False),
)  # fmt: skip


def tar_of(kind: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("layers.py")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    return stream.getvalue()


def written(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("layers.py", TOY)
    return stream.getvalue()


REFUSED = {
    "A1 path out": (forge(*GOOD, Member("../../x.py")), "'../../x.py' leads outside"),
    "A1 path out in the middle": (forge(*GOOD, Member("cs231n/../../x.png")), "leads outside"),
    "A1 a folder that leads out": (forge(*GOOD, Member("../", b"")), "leads outside"),
    "A2 absolute": (forge(*GOOD, Member("/tmp/x.py")), "'/tmp/x.py' has an absolute path"),
    "A3 drive": (forge(*GOOD, Member("C:/x.py")), "has an absolute path"),
    "A3 backslash": (forge(*GOOD, Member("..\\..\\x.py")), "has a backslash in its name"),
    "A3 honest backslash": (forge(Member("cs231n\\layers.py")), "make the zip again"),
    "A4 link": (forge(*GOOD, Member("a.py", b"/etc/passwd", mode=0o120777)), "'a.py' is a link"),
    "A4 link to a folder": (forge(*GOOD, Member("data", b"/", mode=0o120777)), "is a link"),
    "A5 tar with a hard link": (tar_of(tarfile.LNKTYPE), "not a zip but a tar archive"),
    "A6 tar with a device": (tar_of(tarfile.CHRTYPE), "not a zip but a tar archive"),
    "A6 device": (forge(*GOOD, Member("layers.py", mode=stat.S_IFCHR | 0o666)), "special file"),
    "A7 fifo": (forge(*GOOD, Member("x.py", mode=stat.S_IFIFO | 0o666)), "special file"),
    "A8 bomb": (forge(*GOOD, Member("a.bin", bytes(40_000_000))), "would grow to 40 MB: a zip"),
    "A8 bomb as homework": (forge(Member("layers.py", bytes(11_000_000))), "a zip bomb"),
    "A8 bomb among data": (forge(*GOOD, Member("datasets/a", bytes(11_000_000))), "a zip bomb"),
    "A8 bomb by sheer sum": (
        forge(*GOOD, *(Member(f"{n}.bin", bytes(9_000_000)) for n in range(8))),
        "holds 72 MB, 64 MB are allowed",
    ),
    "A8 sizes that lie upwards": (forge(*GOOD, Member("a", size=2**32 - 2)), "a zip bomb"),
    "A9 shared body": (
        forge(*GOOD, *(Member(f"{n}.py", offset=0, local_name=b"") for n in range(50))),
        "overlaps another",
    ),
    "A9 shared with the directory": (
        forge(*GOOD, Member("z.py", deflate=False, packed=60, size=60)),
        "truncated or damaged (the last entry runs into the directory)",
    ),
    "A11 a zip in a zip in a zip": (
        forge(Member("a.zip", forge(Member("hw/inner.zip", forge(*GOOD))))),
        "the archive 'hw/inner.zip', which is not opened",
    ),
    "A11 two zips": (
        forge(Member("a.zip", forge(*GOOD)), Member("b.zip", forge(*GOOD))), "the archive 'a.zip'",
    ),
    "A12 many entries": (
        forge(*GOOD, *(Member(f"{n}.txt", b"") for n in range(1998))),
        "has 2,001 entries, 2,000 are allowed",
    ),
    "A12 very many": (
        forge(*GOOD, *(Member(f"{n}.txt", b"", deflate=False) for n in range(21_000))),
        "more than 2,000 entries",
    ),
    "A13 twice": (forge(*GOOD, Member("cs231n/layers.py", b"x")), "is in it twice"),
    "A13 twice by detour": (forge(*GOOD, Member("./cs231n//layers.py", b"x")), "is in it twice"),
    "A14 case": (forge(*GOOD, Member("cs231n/Layers.PY")), "are the same name"),
    "A14 case of the folder": (forge(*GOOD, Member("CS231N/layers.py")), "are the same name"),
    "A14 NFC and NFD": (forge(*GOOD, Member("\xe9"), Member("e\u0301")), "are the same name"),
    "A14 ligature": (forge(*GOOD, Member("\ufb01.txt"), Member("fi.txt")), "are the same name"),
    "A14 file and folder": (forge(*GOOD, Member("cs231n/layers.py/x")), "are the same name"),
    "A15 encrypted": (forge(*GOOD, Member("x.py", flags=1)), "'x.py' is encrypted"),
    "A16 cut at the end": (forge(*GOOD)[:-30], "truncated or damaged"),
    "A16 cut in the middle": (forge(*GOOD)[:100], "truncated or damaged"),
    "A16 head missing": (forge(*GOOD)[40:], "not a zip"),
    "A17 nothing but a Mac's notes": (
        forge(Member("__MACOSX/cs231n/._layers.py"), Member(".DS_Store")), "no layers.py in it",
    ),
    "A18 bidi": (forge(*GOOD, Member("layers\u202eyp.py")), "'layers\\u202eyp.py' has a control"),
    "A18 bidi in a picture": (forge(*GOOD, Member("a\u2067gnp.exe")), "'a\\u2067gnp.exe' has a"),
    "A18 newline": (forge(*GOOD, Member("x\ny.py")), "'x\\ny.py' has a control"),
    "A18 escape": (forge(*GOOD, Member("\x1b]0;x\x07.txt")), "'\\x1b]0;x\\x07.txt' has a control"),
    "A18 NUL": (forge(*GOOD, Member("layers.py\0.png")), "'layers.py\\x00.png' has a control"),
    "A18 zero width in a .py": (forge(*GOOD, Member("a\u200bb.py")), "has a control"),
    "A19 broken UTF-8": (forge(*GOOD, Member(b"\xff\xfe.py", flags=0x800)), "damaged"),
    "A20 long name": (forge(*GOOD, Member("x" * 60_000)), "has a name of 60,000 characters"),
    "A20 long way out": (forge(*GOOD, Member("../" * 50 + "x")), "leads outside"),
    "A20 deep": (forge(*GOOD, Member("a/" * 60 + "x.py")), "more than 12 folders deep"),
    "A21 two names": (forge(Member("layers.py", local_name=b"optim.py!")), "told in two ways"),
    "A21 wrong CRC": (forge(Member("layers.py", crc=1)), "truncated or damaged (Bad CRC-32"),
    "A21 rotten stream": (forge(Member("layers.py", TOY * 9, deflate=False, method=8)), "damaged"),
    "A21 more declared than there": (forge(Member("layers.py", size=999)), "not as large as"),
    "A22 less declared than there": (forge(Member("layers.py", size=9)), "truncated or damaged"),
    "A22 less, and its CRC": (
        forge(Member("layers.py", size=9, crc=zlib.crc32(TOY[:9]))), "truncated or damaged",
    ),
    "A22 less, and the CRC of one more": (
        forge(Member("layers.py", size=9, crc=zlib.crc32(TOY[:10]))), "not as large as it says",
    ),
    "A22 stored, less declared": (
        forge(Member("layers.py", deflate=False, size=9)), "truncated or damaged",
    ),
    "A24 rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), "not a zip but a RAR archive"),
    "A24 7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "not a zip but a 7-Zip archive"),
    "A24 tgz": (b"\x1f\x8b\x08" + bytes(99), "not a zip but a gzip archive (.tgz)"),
    "A24 docx": (forge(Member("word/document.xml", b"<w/>")), "no layers.py in it"),
    "A24 login page": (b"<!DOCTYPE html><title>Log in", "not a zip but a web page"),
    "A24 notebook": (b'{"cells": []}', "not a zip but a notebook"),
    "A24 noise": (random.Random(0).randbytes(999), "not a zip"),
    "A24 zip hidden in a tar": (tar_of(tarfile.REGTYPE) + forge(*GOOD), "a tar archive"),
    "A24 zip hidden in noise": (b"noise" + forge(*GOOD), "not a zip"),
    "method bzip2": (written(zipfile.ZIP_BZIP2), "packed in an unusual way"),
    "method lzma": (written(zipfile.ZIP_LZMA), "packed in an unusual way"),
    "method unknown": (forge(Member("layers.py", method=97)), "packed in an unusual way"),
    "empty file": (b"", "the file is empty"),
    "empty zip": (forge(), "it is empty"),
    "no layers.py": (forge(*GOOD[1:]), "no layers.py in it"),
    "layers.py.txt": (forge(Member("cs231n/layers.py.txt")), "only 'cs231n/layers.py.txt'"),
    "layers.py too large": (forge(Member("layers.py", bytes(3_000_000))), "is larger than 2 MB"),
    "name without an end": (forge(*GOOD, Member("\u2028" * 199)), "has a control or"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    upload = tmp_path / "hw1.zip"
    upload.write_bytes(data)
    with pytest.raises(UnusableSubmission) as caught:
        read_submission(upload)
    line = str(caught.value)
    assert says in line
    assert line.startswith("hw1.zip: ") and "; " in line and line.endswith((".", "…"))
    assert len(line) <= 300 and line.isprintable()
    assert caught.value.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["hw1.zip"]


ACCEPTED = {
    "A10 a zip beside the homework is not opened": Member("again.zip", forge(*GOOD)),
    "A17 a Mac's notes": Member("__MACOSX/cs231n/._layers.py", b"\0\5\x16\7"),
    "A17 Icon": Member("Icon\r", b""),
    "A19 name in CP1251": Member("\u043e\u0442\u0447\u0451\u0442.txt".encode("cp1251")),
    "A19 zero width in a .txt": Member("\u062a\u200c\u0645.txt"),
    "A23 set-uid": Member("helper.py", mode=stat.S_IFREG | 0o6777),
    "data with many bytes": Member("cs231n/datasets/a", size=90_000_000, deflate=False),
    "folder": Member("cs231n/", b"", mode=stat.S_IFDIR | 0o755),
    "folder twice": Member("cs231n/classifiers/", b""),
    "2,000 are no more than 2,000": Member("x"),
}


@pytest.mark.parametrize("member", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_not_refused(member: Member) -> None:
    if member.size:
        member = replace(member, data=random.Random(1).randbytes(1_000_000))
    upload = read_zip(forge(*GOOD, member), "hw.zip")
    assert set(upload.files) >= {"cs231n/layers.py", "cs231n/optim.py"}
    assert upload.files["cs231n/layers.py"] == TOY


def test_limits_are_inclusive() -> None:
    fill = [Member(f"{n}.txt", b"") for n in range(7)]
    assert len(read_zip(forge(*GOOD, *fill), "z", UploadLimits(entries=10)).unneeded) == 7
    with pytest.raises(UnusableSubmission, match="10 are allowed"):
        read_zip(forge(*GOOD, *fill, Member("x")), "z", UploadLimits(entries=10))
    size = sum(len(member.data) for member in GOOD)
    read_zip(forge(*GOOD), "z", UploadLimits(total_bytes=size, source_bytes=len(TOY)))
    with pytest.raises(UnusableSubmission, match="are allowed"):
        read_zip(forge(*GOOD), "z", UploadLimits(total_bytes=size - 1))
    assert "cs231n/layers.py" in read_zip(forge(*GOOD), "z", UploadLimits(source_bytes=9)).unusable
    with pytest.raises(UnusableSubmission, match="more than 0"):
        read_zip(forge(*GOOD), "z", UploadLimits(archive_bytes=99))


def test_data_descriptors_and_comments_are_ordinary() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError("a pipe")

        def tell(self) -> int:
            raise OSError("a pipe")

    stream = Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("layers.py", "optim.py"):
            archive.writestr(name, TOY)
        archive.comment = b"c" * 65_535
    assert read_zip(stream.getvalue(), "z").files == {"layers.py": TOY, "optim.py": TOY}


def streamed() -> bytes:
    """Return the bytes of `zip -r - folder | cat`: one size is before the data too."""
    data = bytearray()

    class Pipe(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, more: Any) -> int:
            data.extend(more)
            return len(more)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("layers.py", "optim.py"):
            archive.writestr(name, TOY * 9)
    struct.pack_into("<L", data, 22, len(TOY * 9))
    return bytes(data)


def changed(data: bytes, place: int, form: str, *values: int) -> bytes:
    """Return the bytes with other numbers at a place."""
    copy = bytearray(data)
    struct.pack_into(form, copy, place, *values)
    return bytes(copy)


def with_extra(local: bytes, central: bytes) -> bytes:
    """Return a zip whose layers.py has these extra fields in its two headers, of one length."""
    info = zipfile.ZipInfo("layers.py")
    info.extra = b"\x99\x99" + struct.pack("<H", len(local)) + local
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(info, TOY)
    first, _, last = stream.getvalue().partition(b"PK\1\2")
    kind = struct.pack("<H", 0x7075)
    first = first.replace(b"\x99\x99", kind) if local[:1] == b"\1" else first
    last = last.replace(local, central)
    return first + b"PK\1\2" + (last.replace(b"\x99\x99", kind) if central[:1] == b"\1" else last)


def unicode_path(name: bytes) -> bytes:
    return b"\1" + struct.pack("<L", zlib.crc32(b"layers.py")) + name


NAMED, OTHER = unicode_path(b"layers.py"), unicode_path(b"optim.py!")
DESCRIPTION = streamed().index(b"PK\7\x08")
END = len(forge(*GOOD)) - 22
TOLD_IN_TWO_WAYS = {
    "sizes behind the data": (streamed(), ""),
    "another size behind the data": (
        changed(streamed(), DESCRIPTION + 12, "<L", 5), "'layers.py' is told in two ways"),
    "another packed size behind the data": (
        changed(streamed(), DESCRIPTION + 8, "<L", 5), "'layers.py' is told in two ways"),
    "another size before data that has one behind": (
        changed(streamed(), 22, "<L", 5), "'layers.py' is told in two ways"),
    "bytes before the first entry": (b"PK\5\6" + bytes(18) + forge(*GOOD), "bytes before its"),
    "an end that counts fewer": (changed(forge(*GOOD), END + 8, "<HH", 1, 1), "another number"),
    "an end that counts more": (changed(forge(*GOOD), END + 8, "<HH", 99, 99), "another number"),
    "one part of several": (changed(forge(*GOOD), END + 4, "<H", 1), "another number"),
    "the same Unicode path": (with_extra(NAMED, NAMED), ""),
    "another Unicode path": (with_extra(OTHER, OTHER), "'layers.py' has a second name"),
    "another one in the local header": (
        with_extra(OTHER, bytes(len(OTHER))), "'layers.py' has a second name"),
    "a stream of a file": (forge(*GOOD, Member("layers.py::$DATA")), "that Windows forbids"),
    "a star in a .py": (forge(*GOOD, Member("layers*.py")), "that Windows forbids"),
    "a question in a .txt": (forge(*GOOD, Member("why?.txt")), ""),
    "a console": (forge(*GOOD, Member("CONOUT$.py")), "that Windows keeps for a device"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "says"), TOLD_IN_TWO_WAYS.values(), ids=list(TOLD_IN_TWO_WAYS))
def test_what_programs_would_unpack_differently_is_refused_and_no_more(
    data: bytes, says: str
) -> None:
    if not says:
        assert "layers.py" in " ".join(read_zip(data, "hw.zip").files)
        return
    with pytest.raises(UnusableSubmission, match=re.escape(says)):
        read_zip(data, "hw.zip")


def test_names_in_utf8_without_the_flag_are_read_as_meant() -> None:
    name = "\u4f5c\u4e1a/layers.py"
    assert list(read_zip(forge(Member(name.encode("utf-8"))), "z").files) == [name]


@pytest.mark.parametrize("size", [None, 1_000])
def test_a_bomb_takes_no_memory(tmp_path: Path, size: int | None) -> None:
    data = forge(*GOOD, Member("cs231n/bomb.py", bytes(200_000_000), size=size))
    upload = tmp_path / "bomb.zip"
    upload.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(UnusableSubmission):
            read_submission(upload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_any_bytes_are_read_or_refused() -> None:
    """4,000 mutations of a good zip, of every kind that a bad line or a bad person makes."""
    dice = random.Random(231)
    start = forge(*GOOD, Member("Dropout.ipynb", b"{}" * 99))
    ends = {"read": 0, "refused": 0}
    for _ in range(4_000):
        data = bytearray(start)
        for _ in range(dice.choice((1, 1, 2, 5, 30))):
            at = dice.randrange(len(data))
            kind = dice.randrange(4)
            if kind == 0:
                data[at] = dice.randrange(256)
            elif kind == 1:
                data[at : at + 4] = dice.choice((b"\xff" * 4, bytes(4), b"PK\1\2", b"PK\3\4"))
            elif kind == 2:
                del data[at : at + dice.randrange(9)]
            else:
                data[at:at] = data[dice.randrange(len(data)) :][: dice.randrange(60)]
        try:
            read_zip(bytes(data), "hw.zip")
            ends["read"] += 1
        except UnusableSubmission as error:
            assert str(error).isprintable() and len(str(error)) <= 300
            ends["refused"] += 1
    assert min(ends.values()) > 50


def test_random_bytes_are_refused() -> None:
    dice = random.Random(232)
    for head in (b"", b"PK\3\4", b"PK\5\6", b"PK\1\2"):
        for _ in range(100):
            with pytest.raises(UnusableSubmission):
                read_zip(head + dice.randbytes(dice.randrange(400)), "hw.zip")


# --------------------------------------------------------------------------- what is no zip at all


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.zip", tmp_path / "a\0b", tmp_path / ("x" * 999)):
        with pytest.raises(UnusableSubmission, match="cannot be read") as caught:
            read_submission(path)
        assert str(caught.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_special_files_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo.zip")
    (tmp_path / "link.zip").symlink_to(tmp_path / "fifo.zip")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        listener.bind("socket.zip")
        for name in ("fifo.zip", "socket.zip", "link.zip"):
            with pytest.raises(UnusableSubmission, match="no regular file|is a link"):
                read_submission(tmp_path / name)
    with pytest.raises(UnusableSubmission, match="no regular file"):
        read_submission(Path("/dev/zero"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_special_files_in_a_folder_are_left_aside(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "answers.py").write_bytes(b"golden")
    package = tmp_path / "hw" / "cs231n"
    package.mkdir(parents=True)
    (package / "layers.py").write_bytes(TOY)
    (package / "cnn.py").symlink_to(outside / "answers.py")
    (package / "more").symlink_to(outside)
    os.mkfifo(package / "helper.py")
    got = read_submission(tmp_path / "hw")
    assert set(got.files) == {"cs231n/layers.py"}
    assert "'cs231n/cnn.py' is a link; links are not followed" in got.ignored
    assert "'cs231n/more' is a link; links are not followed" in got.ignored
    assert "'cs231n/helper.py' cannot be read (is no regular file)" in got.ignored


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links here")
@pytest.mark.parametrize("name", ["optim.py", "classifiers", "classifiers/fc_net.py", "fc_net.py"])
def test_a_graded_file_that_is_there_but_cannot_be_read_is_not_worth_zero(
    name: str, tmp_path: Path
) -> None:
    package = tmp_path / "hw" / "cs231n"
    (package / name).parent.mkdir(parents=True)
    (package / "layers.py").write_bytes(TOY)
    (package / name).symlink_to("/etc")
    with pytest.raises(
        UnusableSubmission, match=f"hw: 'cs231n/{name}' is a link; .*; put it right"
    ):
        read_submission(tmp_path / "hw")


def test_a_graded_file_that_is_too_large_is_not_worth_zero(tmp_path: Path) -> None:
    members = (GOOD[0], Member("cs231n/optim.py", b"#" * 300))
    (tmp_path / "hw.zip").write_bytes(forge(*members))
    with pytest.raises(UnusableSubmission, match="'cs231n/optim.py' is larger than"):
        read_submission(tmp_path / "hw.zip", limits=UploadLimits(source_bytes=299))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links here")
def test_a_linked_layers_is_the_reason(tmp_path: Path) -> None:
    (tmp_path / "layers.py").symlink_to("/etc/passwd")
    with pytest.raises(UnusableSubmission, match="'layers.py' is a link"):
        read_submission(tmp_path)


def test_a_folder_with_too_much_in_it(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_bytes(TOY)
    for number in range(20):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(UnusableSubmission, match="holds more than 20 files"):
        read_submission(tmp_path, limits=UploadLimits(entries=20))
    with pytest.raises(UnusableSubmission, match="of Python and notebooks"):
        read_submission(tmp_path, limits=UploadLimits(total_bytes=9))
    with pytest.raises(UnusableSubmission, match="'layers.py' is larger than"):
        read_submission(tmp_path, limits=UploadLimits(source_bytes=9))


# -------------------------------------------------------------------------------------- the words


def test_foreign_text_is_shown_harmless() -> None:
    assert shown("a\x1b[31m\u202e\ud800\n") == "a\\x1b[31m\\u202e\\ud800\\n"
    assert len(shown("x" * 9_999)) == 80
    assert len(str(refusal("\u202e" * 999, "\x00" * 999))) <= 300


def test_names_are_judged() -> None:
    assert fault_in_name("cs231n/layers.py") is None
    assert fault_in_name("a/" * 11 + "layers.py") is None
    assert fault_in_name("x" * LIMITS.name_chars) is None
    assert fault_in_name("..hidden/...py") is None
    assert colliding(["a/b", "a/c", "b"]) is None
    assert colliding(["stra\xdfe", "STRASSE"]) == ("stra\xdfe", "STRASSE")
    assert needed("cs231n/layers.py") and needed("A.IPYNB")
    assert not any(map(needed, ("._a.py", "a.pyc", "venv/a.py", ".git/a.py", "build/a.py", "a")))


@pytest.mark.parametrize(
    "name",
    ["cs231n/layers.py.", "cs231n/optim.py ", "cs231n /layers.py", "con/layers.py",
     "cs231n/NUL.py", "cs231n/com1.tar.gz"],
)  # fmt: skip
def test_a_name_that_another_system_changes_is_refused(name: str) -> None:
    with pytest.raises(UnusableSubmission, match=r"rename it and hand it in again"):
        read_zip(forge(*GOOD, Member(name)), "hw.zip")


@pytest.mark.parametrize(
    "name", ["console/a.py", "hw/nullable.py", "hw/com10.txt", "hw/.gitignore"]
)
def test_a_name_that_no_system_changes_is_taken(name: str) -> None:
    assert read_zip(forge(*GOOD, Member(name)), "hw.zip").files


def test_an_entry_with_another_local_name_is_refused() -> None:
    two = Member("cs231n/extra.py", local_name=b"cs231n/other.py")
    with pytest.raises(UnusableSubmission, match="'cs231n/extra.py' is told in two ways"):
        read_zip(forge(*GOOD, two), "hw.zip")


@pytest.mark.parametrize("place", ["before", "after", "in the comment"])
def test_a_second_archive_in_the_same_file_is_refused(place: str) -> None:
    one, other = forge(*GOOD), forge(Member("cs231n/layers.py", b"other"))
    data = {"before": other + one, "after": one + other,
            "in the comment": one[:-2] + struct.pack("<H", len(other)) + other}[place]  # fmt: skip
    with pytest.raises(UnusableSubmission, match="hides|damaged"):
        read_zip(data, "hw.zip")
