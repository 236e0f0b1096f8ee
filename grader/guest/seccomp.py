"""Give up system calls by seccomp, for this process and all that it will ever start.

A filter is a small program of classic BPF which the kernel runs at every system call; it sees the
number and the arguments, but no memory behind a pointer. What it refuses comes back as an error, so
that student code gets an ordinary Python exception, and the kernel never looks at the call.

    driver_filter   no sockets, programs, foreign memory, mounts, changed files; may fork and kill
    student_filter     all that, and no process but itself: for children that run student code

What one process does must not show in another: whatever tells of the page cache, of locks, of free
memory or of other processes is refused too, as far as a call by itself can tell it.

Both name what they refuse; calls younger than this file (LAST) are refused whole. Which files can
be opened is left to Landlock: a filter sees no path.

Sources: linux/seccomp.h, linux/filter.h, linux/audit.h; Documentation/userspace-api/
seccomp_filter.rst in the kernel's tree; man 2 seccomp. Numbers: asm/unistd_64.h for x86_64,
asm-generic/unistd.h for aarch64.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.guest import limits
from grader.guest.landlock import no_new_privileges

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH_*
SECCOMP = (317, 277)  # the system call itself
LAST = 469  # the youngest call looked at (Linux 6.17); both columns agree from 424 on
Calls = Mapping[str, tuple[int, int | None]]
# name: (x86_64, aarch64); None if the architecture never had it
NO_SOCKETS: Calls = {
    "socket": (41, 198), "socketpair": (53, 199),
}  # fmt: skip
NOT_FOR_THE_DRIVER: Calls = {
    # new programs and processes
    "execve": (59, 221), "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    # memory shared without a file
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183), "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # the wide doors of the kernel
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_setup": (206, 0), "io_submit": (209, 2), "userfaultfd": (323, 282), "bpf": (321, 280),
    "perf_event_open": (298, 241), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "lookup_dcookie": (212, 18),
    "syslog": (103, 116),
    # what others left in the page cache, or leave there; memory that is never given back
    "mincore": (27, 232), "cachestat": (451, 451), "readahead": (187, 213), "fadvise64": (221, 223),
    "remap_file_pages": (216, 234), "splice": (275, 76), "tee": (276, 77), "vmsplice": (278, 75),
    "sendfile": (40, 71), "mlock": (149, 228), "mlock2": (325, 284), "mlockall": (151, 230),
    # signs on files that others can read, too
    "flock": (73, 32), "inotify_add_watch": (254, 27), "getxattr": (191, 8),
    "lgetxattr": (192, 9), "fgetxattr": (193, 10), "getxattrat": (464, 464), "listxattr": (194, 11),
    "llistxattr": (195, 12), "flistxattr": (196, 13), "listxattrat": (465, 465),
    "file_getattr": (468, 468),
    # where memory lies
    "mbind": (237, 235), "set_mempolicy": (238, 237), "get_mempolicy": (239, 236),
    "set_mempolicy_home_node": (450, 450),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "open_tree_attr": (467, 467), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "statmount": (457, 457), "listmount": (458, 458),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "vhangup": (153, 58), "sync": (162, 81),
    "syncfs": (306, 267), "personality": (135, 92), "modify_ldt": (154, None),
    "iopl": (172, None), "ioperm": (173, None), "uselib": (134, None), "sysfs": (139, None),
    "ustat": (136, None), "_sysctl": (156, None), "nfsservctl": (180, 42),
    "create_module": (174, None), "get_kernel_syms": (177, None), "query_module": (178, None),
    "lsm_set_self_attr": (460, 460),
    # names, owners and dates of files
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "mknod": (133, None), "mknodat": (259, 33),
    "truncate": (76, 45),
}  # fmt: skip
NOT_FOR_STUDENTS: Calls = {
    # new programs and processes
    "fork": (57, None), "vfork": (58, None),
    # other processes
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "setsid": (112, 157),
    "setpgid": (109, 154), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "getpriority": (140, 141),
    "ioprio_get": (252, 31), "sched_getscheduler": (145, 120), "sched_getparam": (143, 121),
    "sched_getattr": (315, 275), "sched_rr_get_interval": (148, 127), "get_robust_list": (274, 100),
    # what is left of the machine's memory and disk
    "sysinfo": (99, 179), "statfs": (137, 43), "fstatfs": (138, 44),
    # who one is
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151),
    "setfsgid": (123, 152), "setgroups": (116, 159), "capset": (126, 91),
}  # fmt: skip
BY_ARGUMENT: Calls = {
    "clone": (56, 220), "clone3": (435, 435),
    "prlimit64": (302, 261), "kill": (62, 129), "tgkill": (234, 131),
    "rt_tgsigqueueinfo": (297, 240), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_getaffinity": (204, 123), "getpgid": (121, 155), "getsid": (124, 156),
    "ioctl": (16, 29), "fcntl": (72, 25), "prctl": (157, 167), "madvise": (28, 233),
    "preadv2": (327, 286), "pwritev2": (328, 287), "copy_file_range": (326, 285),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "timer_create": (222, 107),
}  # fmt: skip
NUMBERS: Calls = {**NO_SOCKETS, **NOT_FOR_THE_DRIVER, **NOT_FOR_STUDENTS, **BY_ARGUMENT}
NEW_NAMESPACE = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
CLONE_THREAD = 0x10000
# TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what files of Python ask.
# Others push input into terminals or change the flags of files that one only may read.
ASKED_OF_FILES = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# F_DUPFD ... F_SETFL, F_GETOWN, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Locks are left out, for others see
# them; F_SETOWN and F_SETSIG make the kernel send any signal to any process of the same user.
ASKED_OF_DESCRIPTORS = (0, 1, 2, 3, 4, 9, 1030, 1032)
# PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: names of threads and of memory. The others
# let a process be dumped to disk again, adopt orphans, keep capabilities, be traced by anyone.
ASKED_OF_A_PROCESS = (3, 15, 16, 0x53564D41)
# MADV_NORMAL, DONTNEED, FREE, DONTFORK, DOFORK, (NO)HUGEPAGE, DONTDUMP, DODUMP, WIPEONFORK,
# KEEPONFORK, GUARD_INSTALL and _REMOVE: what allocators and threads ask. The others load and evict
# pages of files, or let the kernel look for pages that another process has as well.
ASKED_OF_MEMORY = (0, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 102, 103)
CLOCKS = tuple(range(12))  # those of the machine; a process or thread has one, too, open to all

LOAD, AND, RETURN = 0x20, 0x54, 0x06
JUMP_EQUAL, JUMP_ABOVE = 0x15, 0x25
START = 6 * 8  # bytes of the program before the first rule
ANYONE = 0x7EEDF1D5  # a number that no process has: the kernel's end at 2**22
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


@dataclass(frozen=True)
class Rule:
    """Refuse a call with `error` unless the low half of an argument, masked, is in `allowed`.

    The kernel looks at no more than 32 bits of all arguments named here (int, pid_t, clone flags).
    """

    name: str
    error: int = errno.EPERM
    argument: int = 0
    mask: int = 0xFFFFFFFF
    allowed: tuple[int, ...] = ()


def driver_filter() -> bytes:
    """Return the program for the process that starts children, once it is set up."""
    _, architecture = _architecture()
    start = [
        _op(LOAD, 4),  # struct seccomp_data has the number at 0, the architecture at 4
        _op(JUMP_EQUAL, architecture, 1, 0),
        _op(RETURN, KILL),  # int 0x80 on x86_64: other numbers, and nothing of ours uses it
        _op(LOAD, 0),
        _op(JUMP_ABOVE, LAST, 0, 1),  # also every number of the x32 ABI, which has bit 30 set
        _op(RETURN, REFUSE | errno.ENOSYS),
    ]
    return b"".join([*start, _assemble(_of_the_driver()), _op(RETURN, ALLOW)])


def student_filter(driver: bytes | None = None, threads: bool = True) -> bytes:
    """Return the program for this process, which is about to run student code and has no child.

    Signals to itself go on working (abort, raise), and new `threads` if wanted. It holds all that
    the driver's does; if that was made before, hand it over. It takes time once: a child of a
    process that has asked for it has most of it.
    """
    program = _for_anyone(driver or driver_filter(), threads)
    return program.replace(struct.pack("I", ANYONE), struct.pack("I", os.getpid()))


@functools.cache
def _for_anyone(driver: bytes, threads: bool) -> bytes:
    """Return the program of students with ANYONE where a process is to put its own number."""
    return driver[:START] + _assemble(_of_students(ANYONE, threads)) + driver[START:]


def install(program: bytes, all_threads: bool = False) -> None:
    """Put this process under a filter, for good. Raises OSError if the kernel will not.

    `all_threads` covers the threads that run already, else only this one and what it starts.
    """
    no_new_privileges()
    column, _ = _architecture()
    libc = limits.libc()
    instructions = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(instructions))
    result = libc.syscall(SECCOMP[column], 1, int(all_threads), pointer)
    if result > 0:
        raise OSError(errno.ESRCH, f"seccomp: thread {result} cannot be put under the filter")
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: SECCOMP_SET_MODE_FILTER: {os.strerror(number)}")


def _of_the_driver() -> Iterator[Rule]:
    yield Rule("clone", mask=NEW_NAMESPACE, allowed=(0,))
    yield Rule("clone3", errno.ENOSYS)  # its flags are behind a pointer; libc falls back to clone
    yield Rule("ioctl", errno.ENOTTY, argument=1, allowed=ASKED_OF_FILES)
    yield Rule("fcntl", errno.EINVAL, argument=1, allowed=ASKED_OF_DESCRIPTORS)
    yield Rule("prlimit64", allowed=(0,))
    yield Rule("madvise", errno.EINVAL, argument=2, allowed=ASKED_OF_MEMORY)
    for name in ("preadv2", "pwritev2"):
        yield Rule(name, errno.EOPNOTSUPP, argument=5, allowed=(0,))
    yield Rule("copy_file_range", errno.EXDEV)  # whoever asks reads and writes then
    yield from (Rule(name, errno.EAFNOSUPPORT) for name in NO_SOCKETS)
    yield from (Rule(name) for name in NOT_FOR_THE_DRIVER)


def _of_students(me: int, threads: bool) -> Iterator[Rule]:
    allowed = (CLONE_THREAD,) if threads else ()
    yield Rule("clone", mask=NEW_NAMESPACE | CLONE_THREAD, allowed=allowed)
    for name in ("kill", "tgkill", "rt_tgsigqueueinfo"):
        yield Rule(name, allowed=(me,))
    for name in ("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"):
        yield Rule(name, allowed=(0, me))
    yield Rule("sched_getaffinity", errno.ENOSYS, allowed=(0, me))  # libc asks for its threads
    for name in ("getpgid", "getsid"):
        yield Rule(name, allowed=(0, me))
    for name in ("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create"):
        yield Rule(name, errno.EINVAL, allowed=CLOCKS)
    yield Rule("prctl", allowed=ASKED_OF_A_PROCESS)
    yield from (Rule(name) for name in NOT_FOR_STUDENTS)


def _architecture() -> tuple[int, int]:
    machine = os.uname().machine
    if machine not in ARCHITECTURES or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, f"seccomp: no table of system calls for {machine}")
    return ARCHITECTURES[machine]


def _assemble(rules: Iterable[Rule]) -> bytes:
    column, _ = _architecture()
    code = []
    for rule in rules:
        number = NUMBERS[rule.name][column]
        if number is not None:
            body = _body(rule)
            code += [_op(JUMP_EQUAL, number, 0, len(body)), *body]
    return b"".join(code)


def _body(rule: Rule) -> list[bytes]:
    refuse = _op(RETURN, REFUSE | rule.error)
    if not rule.allowed:
        return [refuse]
    count = len(rule.allowed)
    return [
        _op(LOAD, 16 + 8 * rule.argument),
        _op(AND, rule.mask),
        *(_op(JUMP_EQUAL, value, count - i, 0) for i, value in enumerate(rule.allowed)),
        refuse,
        _op(RETURN, ALLOW),
    ]


def _op(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """Return one struct sock_filter; jumps count the instructions to skip."""
    return struct.pack("HBBI", code, then, otherwise, value)
