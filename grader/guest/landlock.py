"""Give up files, TCP ports and signals by Landlock, for this process and all that it starts.

The kernel keeps a list of what is granted; everything else that the list speaks of is refused with
EACCES, and nothing takes it back. It needs no privilege and no helper program. What Landlock has no
word for (UDP, path-name unix sockets, chmod, utime, xattr) is seccomp's part. stat() stays open:
that a file exists, and its size, can be learnt.

Sources: linux/landlock.h; Documentation/userspace-api/landlock.rst in the kernel's tree, which has
the table of ABI versions; man 7 landlock. The three system calls have the same numbers on x86_64
and aarch64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

from grader.guest import limits

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1  # flag of CREATE_RULESET: return the ABI version
PATH_BENEATH = 1  # the rule type of a file or folder
LOG_OFF = 1  # flag of RESTRICT_SELF from ABI 7: a student cannot fill the audit log with refusals
SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
ABSTRACT_UNIX_SOCKET, SIGNAL = 1 << 0, 1 << 1
# (ABI that brought them, rights on files, on TCP, scopes). ABI 7 and 8 brought none; rights of
# later ABIs are not asked for, so a newer kernel refuses what ABI 6 refuses.
BROUGHT = (
    (1, MAKE_SYM * 2 - 1, 0, 0),
    (2, REFER, 0, 0),
    (3, TRUNCATE, 0, 0),
    (4, 0, BIND_TCP | CONNECT_TCP, 0),
    (5, IOCTL_DEV, 0, 0),
    (6, 0, 0, ABSTRACT_UNIX_SOCKET | SIGNAL),
)
READ = READ_FILE | READ_DIR
WRITE = (
    READ | WRITE_FILE | TRUNCATE | REFER
    | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | MAKE_FIFO | MAKE_SOCK
)  # fmt: skip
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the rest is of folders only


def abi() -> int:
    """Return the Landlock ABI of the running kernel, 0 if it has none or it is switched off."""
    libc = limits.libc()
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)))


def restrict(
    readable: Sequence[str], writable: Sequence[str] = (), listable: Sequence[str] = ()
) -> None:
    """Leave this process these files and folders, with what is below them; no way back.

    A path may be `listable` only: its names and those below it can be read, no contents (the import
    system lists a folder before it opens a file in it). Reading includes mapping shared libraries,
    but not execve. Open descriptors go on working. TCP is refused from ABI 4, signals and abstract
    unix sockets to processes outside from ABI 6. Applies to this thread and what it starts: call it
    while there is one thread. Raises OSError if Landlock is absent or a path cannot be opened.
    """
    granted = ((READ, readable), (WRITE, writable), (READ_DIR, listable))
    _enter([(path, rights) for rights, paths in granted for path in paths])


def nest() -> None:
    """Enter a domain of one's own inside that of `restrict`, which keeps its grants.

    The kernel lets no process inspect one outside of its domain: the parent's /proc files, ptrace
    and (from ABI 6) signals are closed, though not all of it to CAP_PERFMON: give up root first.
    It handles but the making of devices, for which nobody has a grant, so that no path needs to be
    opened: a child can do it after its uid was dropped.
    """
    _enter([], handled_fs=MAKE_CHAR | MAKE_BLOCK)


def no_new_privileges() -> None:
    """Let no program that this process executes gain privileges: the price of both filters."""
    libc = limits.libc()
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        raise _error("landlock: prctl(PR_SET_NO_NEW_PRIVS)")


def _enter(granted: Sequence[tuple[str, int]], handled_fs: int | None = None) -> None:
    libc = limits.libc()
    version = abi()
    if not version:
        raise OSError(
            errno.EOPNOTSUPP, "landlock: this kernel has none (needs 5.13 and lsm=…,landlock)"
        )
    known = [row for row in BROUGHT if row[0] <= version]
    on_files = sum(row[1] for row in known)
    asked = (handled_fs or on_files, sum(row[2] for row in known), sum(row[3] for row in known))
    attributes = struct.pack("QQQ", *asked)  # zeros at the end are welcome to an older kernel
    ruleset = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise _error(f"landlock: landlock_create_ruleset (ABI {version})")
    try:
        for path, rights in granted:
            _grant(libc, ruleset, path, rights & on_files)
        no_new_privileges()
        if libc.syscall(RESTRICT_SELF, ruleset, LOG_OFF if version >= 7 else 0) < 0:
            raise _error("landlock: landlock_restrict_self")
    finally:
        os.close(ruleset)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, f"landlock: cannot grant: {error.strerror}", path) from None
    try:
        rule = struct.pack("=Qi", rights if os.path.isdir(path) else rights & OF_A_FILE, place)
        if libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0) < 0:
            raise _error("landlock: landlock_add_rule", path)
    finally:
        os.close(place)


def _error(doing: str, path: str | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{doing}: {os.strerror(number)}", path)
