"""The kinds of containers that the image must hold in, and how to run something in one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

IMAGE = os.environ.get("BACKGRADE_IMAGE", "")
WITH_TESTS = os.environ.get("BACKGRADE_TESTS_IMAGE", "")
PLAIN = ("--rm", "--network", "none", "--read-only")
UNCONFINED = ("--security-opt", "seccomp=unconfined")
NOT_ROOT = ("rlimits", "landlock", "seccomp")
ROOT = ("uid", *NOT_ROOT)


@dataclass(frozen=True)
class Container:
    """What a container is started with, and the box that must be found inside.

    `proc` is that of bubblewrap; "" where there is none. `without` is a package to be removed.
    """

    flags: tuple[str, ...]
    inner: tuple[str, ...]
    proc: str = ""
    without: str = ""

    @property
    def outer(self) -> str:
        return "bubblewrap" if self.proc else "none"

    @property
    def stays_root(self) -> bool:
        """Whether student code runs as a root who has no right of root."""
        return "0" in self.flags and "uid" not in self.inner and not self.proc


CONTAINERS = {
    "as it comes": Container((), NOT_ROOT),
    "root": Container(("--user", "0"), ROOT),
    "uid 1000": Container(("--user", "1000"), NOT_ROOT),
    "no capabilities": Container(("--cap-drop", "ALL", "--user", "10001"), NOT_ROOT),
    "root without capabilities": Container(("--cap-drop", "ALL", "--user", "0"), NOT_ROOT),
    "root that may kill nobody": Container(("--cap-drop", "KILL", "--user", "0"), NOT_ROOT),
    "narrow": Container(
        ("--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
         "--pids-limit", "64", "--memory", "1g"), NOT_ROOT,
    ),
    "seccomp off": Container(UNCONFINED, NOT_ROOT, "host"),
    "seccomp off, root": Container((*UNCONFINED, "--user", "0"), NOT_ROOT, "host"),
    "seccomp off, all of /proc": Container(
        (*UNCONFINED, "--security-opt", "systempaths=unconfined"), NOT_ROOT, "fresh"
    ),
    "no bubblewrap": Container((), NOT_ROOT, without="bubblewrap"),
    "no bubblewrap, seccomp off, root": Container(
        (*UNCONFINED, "--user", "0"), ROOT, without="bubblewrap"
    ),
}  # fmt: skip


def docker(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the client; return what it said."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, **more)  # type: ignore[call-overload,no-any-return]


def run(
    one: Container,
    argv: Sequence[str],
    *flags: str,
    image: str = IMAGE,
    entrypoint: str = "",
    timeout: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run argv in a new container of this kind, which is gone afterwards."""
    start = ["--entrypoint", entrypoint] if entrypoint else []
    image = image_without(image, one.without) if one.without else image
    return docker("run", *PLAIN, *one.flags, *flags, *start, image, *argv, timeout=timeout)


def image_without(image: str, package: str) -> str:
    """Make the same image without a package of the system; return its name."""
    name = f"{image.partition(':')[0]}-without-{package}"
    user = docker("inspect", "--format", "{{.Config.User}}", image).stdout.strip()
    text = f"FROM {image}\nUSER 0\nRUN dpkg --remove {package}\nUSER {user}\n"
    built = docker("build", "--quiet", "--tag", name, "-", input=text)
    assert built.returncode == 0, built.stderr
    return name
