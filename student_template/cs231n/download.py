"""Fetching real CIFAR-10 once: `python -m cs231n.data_utils download`.

The archive (170 MB) is fetched into the folder `datasets` beside this package, checked and
unpacked. A connection that breaks costs nothing: the same command goes on where it stopped. Where
the package `pooch` is installed, it looks after the file; else the standard library is enough.

An archive is only ever opened after its SHA-256 was found to be right, and of its members only
those that are known by name are written.
"""

import hashlib
import os
import sys
import tarfile
import urllib.error
import urllib.request
from http.client import HTTPException

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"
MEMBERS = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
MEANWHILE = "meanwhile the notebooks work on made-up images"
TIMEOUT_S = 30
CHUNK = 1 << 18  # bytes
MAX_BYTES = 40_000_000  # of one member; the real ones have about 31 million


class DownloadError(Exception):
    """The data could not be fetched; the message says why and what to do."""


def main(arguments, folder):
    """Follow the command line of data_utils, with data in `folder`. Returns an exit code."""
    if list(arguments) != ["download"]:
        print("usage: python -m cs231n.data_utils download", file=sys.stderr)
        return 2
    try:
        archive = fetch(URL, folder, SHA256)
        unpack(archive, folder)
    except DownloadError as error:
        print(f"download: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"download: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"CIFAR-10 is in {os.path.join(folder, FOLDER)}")
    print("From now on the notebooks use it: restart their kernels. To go back to made-up images,")
    print("give the folder another name.")
    return 0


def fetch(url, folder, sha256):
    """Return the path of the file at `url` in `folder`, fetched unless it is there already.

    Raises DownloadError where it cannot be fetched, or where it is not the file with this SHA-256.
    """
    path = os.path.join(folder, url.rpartition("/")[2])
    os.makedirs(folder, exist_ok=True)
    if os.path.isfile(path) and _sha256(path) == sha256:
        return path
    part = path + ".part"
    try:
        import pooch
    except ImportError:
        _resume(url, part)
        _check(part, sha256)
        os.replace(part, path)
        return path
    return _by_pooch(pooch, url, path, sha256)


def _by_pooch(pooch, url, path, sha256):
    """Let pooch keep the file: it knows what is there, and checks what comes."""

    def downloader(url, output, _):
        _resume(url, path + ".part")
        _check(path + ".part", sha256)
        os.replace(path + ".part", output)

    if os.path.isfile(path):
        os.remove(path)  # it is not the one that was asked for
    folder, name = os.path.split(path)
    pooch.get_logger().setLevel("ERROR")
    return pooch.retrieve(url, f"sha256:{sha256}", name, folder, downloader=downloader)


def _resume(url, part):
    """Fetch what is missing of `url` into the file `part`."""
    have = os.path.getsize(part) if os.path.isfile(part) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    place = url.split("/")[2]
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            if answer.status != 206:  # the server begins at the beginning
                have = 0
            _receive(answer, part, have)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            return  # there is nothing behind what we have: the checksum will tell
        raise DownloadError(f"{place} answers {error.code} ({error.reason}); try again later; "
                            f"{MEANWHILE}") from None  # fmt: skip
    except (OSError, HTTPException) as error:  # no network, no such host, refused, or broken off
        why = getattr(error, "reason", error)
        raise DownloadError(
            f"{place} cannot be reached ({why}); check the connection and run the command again, "
            f"it goes on where it stopped; {MEANWHILE}"
        ) from None


def _receive(answer, part, have):
    """Append what comes to `part` behind its first `have` bytes, and show how far it is."""
    left = answer.headers.get("Content-Length")
    whole = have + int(left) if left else 0
    with open(part, "ab" if have else "wb") as file:
        while chunk := answer.read(CHUNK):
            _write(file, chunk)
            _show(have, have + len(chunk), whole)
            have += len(chunk)
    if have < whole:
        raise OSError(f"the connection ended at {have:,} of {whole:,} bytes")


def _write(file, chunk):
    try:
        file.write(chunk)
    except OSError as error:
        raise DownloadError(f"{file.name}: cannot be written ({error.strerror}); make room, then "
                            "run the command again") from None  # fmt: skip


def _show(before, now, whole):
    """Say how far it is: all the time on a terminal, every tenth elsewhere."""
    if not whole:
        return
    done = f"{now / 1e6:,.0f} of {whole / 1e6:,.0f} MB"
    if sys.stderr.isatty():
        print(f"\r{done}", end="\n" if now == whole else "", file=sys.stderr, flush=True)
    elif 10 * before // whole < 10 * now // whole:
        print(done, file=sys.stderr, flush=True)


def _check(part, sha256):
    """Remove a file that is not what it should be."""
    found = _sha256(part)
    if found != sha256:
        os.remove(part)
        raise DownloadError(
            f"{os.path.basename(part)}: is not the published file (its SHA-256 begins with "
            f"{found[:12]}, not with {sha256[:12]}); it was removed; run the command again, and if "
            f"that does not help, on another network; {MEANWHILE}"
        )


def _sha256(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


def unpack(archive, folder):
    """Write the six batches of the archive into `folder`; nothing else of it is looked at."""
    target = os.path.join(folder, FOLDER)
    os.makedirs(target, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            for name in MEMBERS:
                member = tar.getmember(f"{FOLDER}/{name}")
                if not member.isfile() or member.size > MAX_BYTES:
                    raise DownloadError(f"{archive}: {member.name} is no CIFAR-10 batch")
                with open(os.path.join(target, name), "wb") as file:
                    file.write(tar.extractfile(member).read())
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise DownloadError(f"{archive}: cannot be unpacked ({error}); remove it and run the "
                            "command again") from None  # fmt: skip
