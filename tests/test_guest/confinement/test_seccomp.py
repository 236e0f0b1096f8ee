"""seccomp: what a filter refuses comes back as the right error, and not without the filter.

Two kinds of proof: programs that try it on this machine, and a small BPF machine in which the
programs of both architectures are run over every system call there is.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import struct
from pathlib import Path
from typing import Any

import pytest

from grader.guest import seccomp

MACHINE = os.uname().machine
needs_table = pytest.mark.skipif(
    MACHINE not in seccomp.ARCHITECTURES, reason=f"NOT TESTED: no system call table for {MACHINE}"
)
CONFINE = """
import signal, socket, subprocess, threading, time
from grader.guest import seccomp
if "np." in given["attempts"]:  # the others need not wait for it
    import numpy as np

below()
parent, me = os.getppid(), os.getpid()
column = list(seccomp.ARCHITECTURES).index(os.uname().machine)

def raw(name, *arguments):
    return libc.syscall(seccomp.NUMBERS[name][column], *arguments)

def fork():
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)

if given["filter"]:
    seccomp.install(getattr(seccomp, given["filter"])())
exec(given["attempts"])
tell()
"""
ALLOWED = """
def thread():
    one = threading.Thread(target=time.sleep, args=(0.001,))
    one.start()
    one.join()

attempt("a product", lambda: np.random.rand(300, 300) @ np.random.rand(300, 300))
attempt("an inverse", lambda: np.linalg.inv(np.eye(99)))
attempt("a thread", thread)
attempt("the time", lambda: (time.sleep(0.001), time.localtime(), time.perf_counter()))
attempt("random bytes", lambda: os.urandom(9))
attempt("a file", lambda: open("/etc/hosts").read())
attempt("a lazy extension module", lambda: __import__("sqlite3"))
attempt("a pipe", lambda: [os.close(end) for end in os.pipe()])
attempt("own limits", lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
attempt("an alarm", lambda: signal.setitimer(signal.ITIMER_REAL, 0))
attempt("own processors", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)))
attempt("ctypes callback", lambda: ctypes.CFUNCTYPE(None)(lambda: None)())
attempt("signal to itself", lambda: os.kill(me, 0))
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
attempt("raise", lambda: signal.raise_signal(signal.SIGUSR1))
"""
SOCKETS = """
families = {"inet": (2, 1), "inet6": (10, 1), "udp": (2, 2), "unix": (1, 1), "netlink": (16, 3),
            "packet": (17, 3), "vsock": (40, 1), "alg": (38, 5)}
for name, (family, kind) in families.items():
    attempt(name, lambda: socket.socket(family, kind))
attempt("pair", socket.socketpair)
"""
BOTH = """
place = given["place"]
golden = place + "/golden.npz"
NEWUSER = 0x10000000
attempt("execve", lambda: libc.execve(b"/no/such/program", None, None))
attempt("ptrace", lambda: libc.ptrace(3, 0, None, None))
attempt("process_vm_readv", lambda: libc.process_vm_readv(me, None, 0, None, 0, 0))
attempt("process_vm_writev", lambda: libc.process_vm_writev(me, None, 0, None, 0, 0))
attempt("pidfd_open", lambda: raw("pidfd_open", me, 0))
attempt("limits of others", lambda: resource.prlimit(parent, resource.RLIMIT_CORE))
attempt("shmget", lambda: libc.shmget(0, 0, 0))
attempt("semget", lambda: libc.semget(0, -1, 0))
attempt("msgget", lambda: libc.msgget(0x5EC0FFEE, 0))
attempt("mq_open", lambda: raw("mq_open", b"none", 0, 0, None))
attempt("memfd", lambda: os.memfd_create("memory"))
attempt("io_uring", lambda: raw("io_uring_setup", 0, None))
attempt("aio", lambda: raw("io_setup", 0, None))
attempt("userfaultfd", lambda: raw("userfaultfd", 0xFFFF))
attempt("bpf", lambda: raw("bpf", 0, None, 0))
attempt("perf", lambda: raw("perf_event_open", None, 0, 0, 0, 0))
attempt("keyctl", lambda: raw("keyctl", 9999))
attempt("add_key", lambda: raw("add_key", None, None, None, 0, 0))
attempt("unshare", lambda: raw("unshare", 0))
attempt("setns", lambda: raw("setns", -1, 0))
attempt("mount", lambda: raw("mount", 8, 8, 8, 0, 0))
attempt("open_tree", lambda: raw("open_tree", -1, b"/", 0xFFFF))
attempt("chroot", lambda: raw("chroot", 8))
attempt("personality", lambda: raw("personality", 0xFFFFFFFF))
attempt("name_to_handle_at", lambda: raw("name_to_handle_at", -1, b"", None, None, 0))
attempt("chmod", lambda: os.chmod(golden, 0o666))
attempt("chown", lambda: os.chown(golden, -1, -1))
attempt("utime", lambda: os.utime(golden))
attempt("setxattr", lambda: os.setxattr(golden, "user.mark", b"1"))
attempt("removexattr", lambda: os.removexattr(golden, "user.mark"))
attempt("link", lambda: os.link(golden, place + "/hard"))
attempt("symlink", lambda: os.symlink(golden, place + "/soft"))
attempt("mknod", lambda: os.mknod(place + "/pipe", 0o010600))
attempt("truncate", lambda: os.truncate(golden, 11))
attempt("rename", lambda: os.rename(golden, place + "/gone"))
attempt("namespace by clone", lambda: raw("clone", NEWUSER | 0x200, None, None, None, None))
attempt("user namespace", lambda: raw("unshare", NEWUSER))
"""
# By which a process could read what another one left: in the page cache, as a lock, as a watch.
CHANNELS = """
import mmap
file = os.open(golden, os.O_RDWR)
room, iov = ctypes.create_string_buffer(16), (ctypes.c_size_t * 2)()
iov[0], iov[1] = ctypes.addressof(room), 4
pages = mmap.mmap(file, 11, prot=mmap.PROT_READ)
memory = mmap.mmap(-1, 8192)
anonymous = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
end = os.pipe()
attempt("preadv2", lambda: raw("preadv2", file, iov, 1, 0, 0, 8))
attempt("pwritev2", lambda: raw("pwritev2", file, iov, 1, 0, 0, 8))
attempt("os.preadv", lambda: os.preadv(file, [bytearray(4)], 0, os.RWF_NOWAIT))
attempt("fadvise", lambda: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED))
attempt("readahead", lambda: raw("readahead", file, 0, 4096))
attempt("mincore", lambda: raw("mincore", anonymous, 4096, room))
span, counts = (ctypes.c_uint64 * 2)(0, 4096), (ctypes.c_uint64 * 5)()
attempt("cachestat", lambda: raw("cachestat", file, span, counts, 0))
advices = {"WILLNEED": 3, "MERGEABLE": 12, "COLD": 20, "PAGEOUT": 21, "POPULATE_READ": 22}
for name, advice in advices.items():
    attempt(name, lambda: raw("madvise", anonymous, 4096, advice))
attempt("splice", lambda: raw("splice", file, None, end[1], None, 4, 2))
attempt("vmsplice", lambda: raw("vmsplice", end[1], iov, 1, 0))
attempt("tee", lambda: raw("tee", end[0], end[1], 0, 2))
attempt("sendfile", lambda: raw("sendfile", end[1], file, None, 4))
attempt("copy_file_range", lambda: raw("copy_file_range", file, None, file, None, 0, 0))
attempt("mlock", lambda: raw("mlock", anonymous, 4096))
attempt("flock", lambda: fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB))
attempt("lockf", lambda: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB))
attempt("lock of a file", lambda: fcntl.fcntl(file, 36, bytes(32)))
attempt("lease", lambda: fcntl.fcntl(file, 1025))
watch = libc.inotify_init1(0)
attempt("inotify", lambda: raw("inotify_add_watch", watch, golden.encode(), 0xFFF))
attempt("listxattr", lambda: os.listxattr(golden))
attempt("where memory is", lambda: raw("get_mempolicy", None, None, 0, None, 0))
"""
WORKS_ALL_THE_SAME = """
pages = mmap.mmap(-1, 1 << 22, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
attempt("preadv", lambda: os.preadv(file, [bytearray(4)], 0))
for name in ("DONTNEED", "FREE", "HUGEPAGE", "NOHUGEPAGE", "DONTDUMP", "NORMAL"):
    attempt(name, lambda: pages.madvise(getattr(mmap, "MADV_" + name)))
attempt("a copy", lambda: __import__("shutil").copyfile(golden, place + "/copy"))
attempt("clocks", lambda: [time.clock_gettime(n) for n in (0, 1, 2, 3, 4, 7)])
attempt("processors", lambda: os.sched_getaffinity(0))
"""
OTHERS = """
attempt("cpu of another", lambda: time.clock_gettime((~parent << 3) | 2))
attempt("a timer on it", lambda: raw("timer_create", (~parent << 3) | 2, None, bytes(8)))
attempt("its processors", lambda: os.sched_getaffinity(parent))
attempt("its priority", lambda: os.getpriority(os.PRIO_PROCESS, parent))
attempt("its policy", lambda: os.sched_getscheduler(parent))
attempt("its group", lambda: os.getpgid(parent))
attempt("its session", lambda: os.getsid(parent))
attempt("free memory", lambda: raw("sysinfo", ctypes.create_string_buffer(256)))
attempt("free disk", lambda: os.statvfs("/"))
"""
STUDENT = """
attempt("fork", fork)
attempt("subprocess", lambda: subprocess.run(["/bin/true"]))
attempt("kill parent", lambda: os.kill(parent, 0))
attempt("kill group", lambda: os.kill(0, 0))
attempt("kill all", lambda: raw("kill", -1, 0))
attempt("tgkill", lambda: raw("tgkill", parent, parent, 0))
attempt("tkill", lambda: raw("tkill", parent, 0))
attempt("processors of others", lambda: os.sched_setaffinity(parent, os.sched_getaffinity(0)))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, 0))
attempt("setpgid", lambda: os.setpgid(0, 0))
attempt("setuid", lambda: os.setuid(os.getuid()))
"""
FLAGS = """
file = open(given["place"] + "/golden.npz")
GETFLAGS, SETOWN, SETSIG = 0x80086601, 8, 10
import fcntl
attempt("ioctl", lambda: fcntl.ioctl(file, GETFLAGS, bytes(8)))
attempt("F_SETOWN", lambda: fcntl.fcntl(file, SETOWN, parent))
attempt("F_SETSIG", lambda: fcntl.fcntl(file, SETSIG, 9))
attempt("F_DUPFD_CLOEXEC", lambda: fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 99))
attempt("clone3", lambda: raw("clone3", None, 0))
attempt("the future", lambda: libc.syscall(9999))
"""
INT80 = """
import mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid of i386); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
attempt("i386", ctypes.CFUNCTYPE(ctypes.c_int)(address))
"""
LATE = """
go, found = threading.Event(), []

def other():
    go.wait()
    attempt("other thread", socket.socket)

thread = threading.Thread(target=other)
thread.start()
seccomp.install(seccomp.student_filter(), given["all"])
go.set()
thread.join()
attempt("this thread", socket.socket)
"""
FILTERS = ("driver_filter", "student_filter")


@needs_table
@pytest.mark.parametrize("name", FILTERS)
def test_ordinary_code_goes_on_working(run: Any, name: str) -> None:
    said = run(CONFINE, filter=name, attempts=ALLOWED)
    assert set(said.values()) == {"through", 0}, said


@needs_table
@pytest.mark.parametrize("name", FILTERS)
def test_no_socket_of_any_family(run: Any, name: str) -> None:
    said = run(CONFINE, filter=name, attempts=SOCKETS)
    assert set(said.values()) == {"EAFNOSUPPORT", 0}, said


def test_without_it_there_are_sockets(run: Any) -> None:
    said = run(CONFINE, filter="", attempts=SOCKETS)
    assert {said[n] for n in ("inet", "udp", "unix", "netlink", "pair")} == {"through"}, said


@needs_table
@pytest.mark.parametrize("name", FILTERS)
def test_what_both_filters_refuse(run: Any, place: Path, name: str) -> None:
    said = run(CONFINE, filter=name, attempts=BOTH, place=str(place))
    assert set(said.values()) == {"EPERM", 0}, said


def test_without_it_the_kernel_looks_at_them(run: Any, place: Path) -> None:
    """Where the kernel itself refuses an ordinary user, there is nothing to see."""
    said = run(CONFINE, filter="", attempts=BOTH, place=str(place))
    unprivileged = {"mount", "chroot", "bpf", "userfaultfd", "perf", "io_uring", "open_tree"}
    refused = {name for name, how in said.items() if how == "EPERM"}
    assert refused <= (unprivileged if "EPERM" in said["chroot"] else {"io_uring"}), said
    changes = ("chmod", "chown", "utime", "link", "symlink", "mknod", "truncate", "rename")
    assert {said[name] for name in (*changes, "memfd", "unshare")} == {"through"}, said


@needs_table
def test_a_child_is_alone(run: Any) -> None:
    said = run(CONFINE, filter="student_filter", attempts=STUDENT)
    assert set(said.values()) == {"EPERM", 0}, said


@needs_table
def test_a_driver_is_not(run: Any) -> None:
    said = run(CONFINE, filter="driver_filter", attempts=STUDENT)
    assert said["fork"] == said["kill parent"] == said["setpgid"] == said["setuid"] == "through"
    assert said["subprocess"] == "EPERM"


def test_without_it_nobody_is(run: Any) -> None:
    said = run(
        CONFINE, filter="", attempts=STUDENT.replace('"kill all"', '"-"').replace("-1, 0", "1")
    )
    said.pop("-")
    assert {how for name, how in said.items() if name != "tkill"} == {"through", 0}, said


@needs_table
@pytest.mark.parametrize("name", FILTERS)
def test_flags_of_files_and_calls_of_the_future(run: Any, place: Path, name: str) -> None:
    said = run(CONFINE, filter=name, attempts=FLAGS, place=str(place))
    assert said == {
        "ioctl": "ENOTTY", "F_SETOWN": "EINVAL", "F_SETSIG": "EINVAL",
        "F_DUPFD_CLOEXEC": "through", "clone3": "ENOSYS", "the future": "ENOSYS", "ended": 0,
    }  # fmt: skip


def test_without_it_flags_are_open(run: Any, place: Path) -> None:
    said = run(CONFINE, filter="", attempts=FLAGS, place=str(place))
    assert said["ioctl"] == said["F_SETOWN"] == said["F_SETSIG"] == "through", said
    assert said["clone3"] == "EINVAL"


@needs_table
@pytest.mark.parametrize("name", FILTERS)
def test_nothing_tells_what_another_process_left(run: Any, place: Path, name: str) -> None:
    text = f"import fcntl\ngolden = given['place'] + '/golden.npz'\n{CHANNELS}"
    said = run(CONFINE, filter=name, attempts=text, place=str(place))
    refused = {"preadv2", "pwritev2", "os.preadv", "copy_file_range", "WILLNEED", "MERGEABLE",
               "COLD", "PAGEOUT", "POPULATE_READ", "lockf", "lock of a file", "lease"}  # fmt: skip
    assert {said.pop(name) for name in refused} == {"ENOTSUP", "EXDEV", "EINVAL"}
    assert set(said.values()) == {"EPERM", 0}, said
    text += f"said.clear()\nplace = given['place']\n{WORKS_ALL_THE_SAME}"
    assert set(run(CONFINE, filter=name, attempts=text, place=str(place)).values()) == {
        "through",
        0,
    }


@needs_table
def test_a_student_learns_nothing_of_other_processes_and_of_the_machine(run: Any) -> None:
    said = run(CONFINE, filter="student_filter", attempts=OTHERS)
    assert set(said.values()) <= {"EPERM", "EINVAL", "ENOSYS", 0}, said
    assert set(run(CONFINE, filter="", attempts=OTHERS).values()) == {"through", 0}


def test_without_it_processes_can_tell_each_other(run: Any, place: Path) -> None:
    text = f"import fcntl\ngolden = given['place'] + '/golden.npz'\n{CHANNELS}"
    said = run(CONFINE, filter="", attempts=text, place=str(place))
    # A kernel may lack the first two; the disk decides on the others.
    may_fail = {"MERGEABLE", "cachestat", "preadv2", "pwritev2", "os.preadv", "listxattr"}
    assert {said[name] for name in said.keys() - may_fail} == {"through", 0}, said


@needs_table
def test_abort_still_ends_a_student_process(run: Any) -> None:
    said = run(CONFINE, filter="student_filter", attempts="os.abort()")
    assert said["ended"] == -signal.SIGABRT


@pytest.mark.skipif(MACHINE != "x86_64", reason="NOT TESTED: int 0x80 is of x86_64")
def test_another_architecture_is_killed(run: Any) -> None:
    if run(CONFINE, filter="", attempts=INT80)["ended"] != 0:
        pytest.skip("NOT TESTED: this kernel has no 32-bit system calls")
    assert run(CONFINE, filter="student_filter", attempts=INT80)["ended"] == -signal.SIGSYS


@needs_table
@pytest.mark.parametrize("both", [True, False])
def test_threads_that_run_already(run: Any, both: bool) -> None:
    said = run(CONFINE, filter="", attempts=LATE, all=both)
    assert said["this thread"] == "EAFNOSUPPORT"
    assert said["other thread"] == ("EAFNOSUPPORT" if both else "through")


@needs_table
def test_a_bad_program_is_refused_with_its_place(run: Any) -> None:
    text = "attempt('bad', lambda: seccomp.install(bytes(8)))"
    assert run(CONFINE, filter="", attempts=text)["bad"] == "EINVAL"


def test_an_unknown_machine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "riscv64")
    with pytest.raises(OSError, match="seccomp: no table of system calls for riscv64"):
        seccomp.driver_filter()


# -- every call of both architectures, in a BPF machine of our own -------------------------------


def _pretend(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setattr(
        "os.uname", lambda: os.uname_result(("Linux", "here", "6.1", "#1", machine))
    )


def _execute(program: bytes, number: int, architecture: int, *arguments: int) -> int:
    """Return what the filter says to a call, as man 2 seccomp and linux/filter.h have it."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    accumulator = position = 0
    while True:
        code, then, otherwise, value = struct.unpack_from("HBBI", program, 8 * position)
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            position += then if accumulator == value else otherwise
        elif code == 0x25:
            position += then if accumulator > value else otherwise
        else:
            assert code == 0x06
            return int(value)


ALLOW, KILL = 0x7FFF0000, 0x80000000
WITH_ARGUMENTS = {
    "clone", "kill", "tgkill", "rt_tgsigqueueinfo", "ioctl", "fcntl", "prlimit64", "prctl",
    "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr",
    "sched_getaffinity", "getpgid", "getsid", "madvise", "preadv2", "pwritev2", "clock_gettime",
    "clock_getres", "clock_nanosleep", "timer_create",
}  # fmt: skip
OWN_ERROR = {"socket", "socketpair", "clone3", "copy_file_range"}


@pytest.mark.parametrize("machine", list(seccomp.ARCHITECTURES))
def test_every_named_call_is_refused_and_no_other(
    monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    _pretend(monkeypatch, machine)
    column, architecture = seccomp.ARCHITECTURES[machine]
    names = {row[column]: name for name, row in seccomp.NUMBERS.items()}
    program = seccomp.student_filter()
    for number in range(seccomp.LAST + 1):
        name = names.get(number)
        answer = _execute(program, number, architecture, *[0x7654321] * 6)
        if name is None:
            assert answer == ALLOW, number
        else:
            assert answer & 0xFFFF0000 == 0x00050000, name
            if name not in WITH_ARGUMENTS | OWN_ERROR:
                assert answer & 0xFFFF == errno.EPERM, name
    for odd in (seccomp.LAST + 1, 0x40000000, 0x40000000 | 39, 0xFFFFFFFF):
        assert _execute(program, odd, architecture) == 0x00050000 | errno.ENOSYS
    for other in (0x40000003, 0x40000028, 0xC00000F3, architecture ^ 0x80000000):
        assert _execute(program, 39, other) == KILL


@pytest.mark.parametrize("machine", list(seccomp.ARCHITECTURES))
def test_arguments_decide(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    _pretend(monkeypatch, machine)
    column, architecture = seccomp.ARCHITECTURES[machine]
    student, driver, me = seccomp.student_filter(), seccomp.driver_filter(), os.getpid()
    of_anyone = seccomp._for_anyone(driver, True)  # what a worker assembles for all its children
    its_own = [at for at in range(0, len(student), 8) if student[at:][:8] != of_anyone[at:][:8]]
    assert len(student) == len(of_anyone) and its_own
    assert {struct.unpack("HBBI", student[at:][:8])[3] for at in its_own} == {me}

    def allowed(program: bytes, name: str, *arguments: int) -> bool:
        number = seccomp.NUMBERS[name][column]
        assert number is not None
        return _execute(program, number, architecture, *arguments) == ALLOW

    thread, fork, user, high = 0x3D0F00, 0x1200011, 0x10000000, 1 << 32
    assert allowed(student, "clone", thread) and allowed(driver, "clone", thread)
    assert not allowed(seccomp.student_filter(threads=False), "clone", thread)
    assert allowed(driver, "clone", fork) and not allowed(student, "clone", fork)
    for bit in (0x20000, *(1 << n for n in range(25, 31))):
        assert not allowed(driver, "clone", fork | bit)
        assert not allowed(student, "clone", thread | bit)
    for name in ("kill", "tgkill", "rt_tgsigqueueinfo"):
        assert allowed(driver, name, 1)
        assert allowed(student, name, me) and allowed(student, name, me | high)
        assert not any(allowed(student, name, pid) for pid in (0, 1, me + 1, 2**32 - 1, 2**64 - me))
    assert allowed(student, "sched_setaffinity", 0) and not allowed(student, "sched_setaffinity", 1)
    assert allowed(student, "prlimit64", 0) and not allowed(driver, "prlimit64", me)
    assert allowed(student, "ioctl", 0, 0x5401) and not allowed(driver, "ioctl", 0, 0x5412)
    assert not allowed(student, "ioctl", 0, 0x5412 | high)
    assert allowed(student, "prctl", 15) and not allowed(student, "prctl", 4)
    assert allowed(driver, "prctl", 4)
    assert allowed(student, "fcntl", 0, 1030) and not allowed(driver, "fcntl", 0, 8)
    assert not allowed(driver, "socket", user)
    for program in (student, driver):
        assert allowed(program, "madvise", 0, 0, 4) and not allowed(program, "madvise", 0, 0, 21)
        assert allowed(program, "preadv2", 0, 0, 0, 0, 0, 0)
        assert not any(allowed(program, "preadv2", 0, 0, 0, 0, 0, 1 << n) for n in range(32))
    assert allowed(student, "clock_gettime", 2) and not allowed(student, "clock_gettime", 2**32 - 6)


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


@pytest.mark.parametrize("machine", list(HEADERS))
def test_numbers_are_those_of_the_kernel(machine: str) -> None:
    found = [Path(path) for path in HEADERS[machine] if Path(path).exists()]
    if not found:
        pytest.skip(f"NOT TESTED: the kernel's headers for {machine} are not installed")
    text = found[0].read_text()
    theirs = {
        name: int(number)
        for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
    }
    theirs.pop("syscalls", None)
    if "fstatat" in theirs:  # 64-bit machines call it otherwise
        theirs["newfstatat"] = theirs.pop("fstatat")
    column, _ = seccomp.ARCHITECTURES[machine]
    for name, row in seccomp.NUMBERS.items():
        number = row[column]
        if number is not None and number <= max(theirs.values()):
            assert theirs[name] == number, name
        elif number is None:
            assert name not in theirs, name


def test_every_number_belongs_to_one_table_of_rules() -> None:
    tables = (seccomp.NO_SOCKETS, seccomp.NOT_FOR_THE_DRIVER, seccomp.NOT_FOR_STUDENTS)
    assert set(seccomp.BY_ARGUMENT) == WITH_ARGUMENTS | {"clone3", "copy_file_range"}
    assert sum(map(len, (*tables, seccomp.BY_ARGUMENT))) == len(seccomp.NUMBERS)
