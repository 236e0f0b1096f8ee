"""The folder that notebooks write in: bytes and files are bounded for all of them together.

Where the kernel lets us, it is a tmpfs of our own with both limits, in a mount namespace which ends
with the worker: root with CAP_SYS_ADMIN may mount one, and anyone in a user namespace of their
own. Where it is a file system by itself (bubblewrap's /tmp), the kernel counts for us; elsewhere we
count what lies there. `Watch` tells when there is too much, and the run is ended then.

Sources: man 2 mount, man 5 tmpfs, man 7 user_namespaces, linux/capability.h.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import time
from contextlib import suppress
from dataclasses import dataclass

BYTES, FILES = 64 * 1024**2, 8192
OFTEN_S, SHARE = 0.1, 10  # seconds between two counts; counting takes at most one part in ten
NEW_MOUNTS, NEW_USER = 0x20000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER
NOSUID, NODEV, NOEXEC, RECURSIVE, PRIVATE = 2, 4, 8, 0x4000, 0x40000
CAPABILITY_VERSION_3 = 0x20080522


def own(folder: str, uid: int) -> bool:
    """Put a tmpfs of our own over `folder`, for this process and all that it starts, if we may.

    Where it is a file system by itself already, that one stays. As an ordinary user this process
    goes on in a user namespace, as the same user and without any capability there. Call it while
    there is one thread.
    """
    if not folder or is_bounded(folder):
        return bool(folder)
    libc = ctypes.CDLL(None, use_errno=True)
    is_root, me, group = os.geteuid() == 0, os.geteuid(), os.getegid()
    if libc.unshare(NEW_MOUNTS | (0 if is_root else NEW_USER)) < 0:
        return False
    try:
        if not is_root:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{me} {me} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        # Nothing of ours may appear in the namespace that we came from.
        if libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None) < 0:
            return False
        owner = f",uid={uid},gid={uid}" if is_root else ""
        options = f"size={BYTES},nr_inodes={FILES},mode=0700{owner}".encode()
        flags = NOSUID | NODEV | NOEXEC
        return bool(libc.mount(b"none", os.fsencode(folder), b"tmpfs", flags, options) == 0)
    except OSError:
        return False  # a system that gives namespaces, and nothing to do in them
    finally:
        if not is_root:
            header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
            libc.capset(header, bytes(24))


def is_bounded(folder: str) -> bool:
    """Return whether a folder is a small file system by itself."""
    above, found = os.path.dirname(os.path.realpath(folder)), os.statvfs(folder)
    is_mounted = os.stat(folder).st_dev != os.stat(above).st_dev
    return is_mounted and found.f_blocks * found.f_frsize <= 2 * BYTES


@dataclass
class Watch:
    """Counts what lies in a folder, now and then; see `is_full`."""

    folder: str
    _next: float = 0.0

    def is_full(self) -> bool:
        """Return whether more is there than notebooks may write; it looks ten times a second."""
        started = time.monotonic()
        if started < self._next:
            return False
        size, files = _of_mount(self.folder) if is_bounded(self.folder) else _below(self.folder)
        ended = time.monotonic()
        self._next = ended + max(OFTEN_S, SHARE * (ended - started))
        return size > BYTES or files > FILES


def _of_mount(folder: str) -> tuple[int, int]:
    """Return (bytes, files) in a file system, also of files that have no name any more."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree


def _below(folder: str) -> tuple[int, int]:
    """Return (bytes, files) below a folder, or more than allowed where one cannot be looked into.

    Counting ends when there is too much.
    """
    size, files, queue = 0, 0, [folder]
    while queue and size <= BYTES and files <= FILES:
        try:
            with os.scandir(queue.pop()) as entries:
                for entry in itertools.islice(entries, FILES + 1):
                    files += 1
                    with suppress(FileNotFoundError):  # it was taken away meanwhile
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        queue += [entry.path] if entry.is_dir(follow_symlinks=False) else []
        except FileNotFoundError:
            continue  # as well
        except OSError:
            return BYTES + 1, files
    return size, files


def _write(path: str, text: str) -> None:
    opened = os.open(path, os.O_WRONLY)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)
