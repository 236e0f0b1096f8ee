"""A hostile submission of our own: `relu_forward` tries to get out, and returns what got through.

It runs only in the box, as a student's layers.py, behind a line `GIVEN = {...}` with the places to
try: a server's port, a golden file, a file to change, a folder to write in. Each attempt is
harmless if it gets through, and takes back what it did.
"""

import os
import socket
from collections.abc import Callable

import numpy as np

GIVEN = globals().get("GIVEN", {})
MB = 1 << 20


def network() -> None:
    with socket.socket() as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", GIVEN["port"]))


def write() -> None:
    path = os.path.join(GIVEN["folder"], "written")
    open(path, "wb").close()
    os.remove(path)


def fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def shared_memory() -> None:
    path = f"/dev/shm/backgrade-{os.getpid()}"
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(200):
                if file.write(bytes(MB)) < MB:
                    raise OSError("there is no more room")
    finally:
        if os.path.exists(path):
            os.remove(path)


# In words that follow "to" in 20 columns.
ATTEMPTS: dict[str, Callable[[], object]] = {
    "connect to a server": network,
    "read a golden file": lambda: open(GIVEN["golden"], "rb").read(1),
    "write a file outside": write,
    "change a file's mode": lambda: os.chmod(GIVEN["own"], 0o600),
    "signal its parent": lambda: os.kill(os.getppid(), 0),
    "start a process": fork,
    # never touched, so nothing is really taken
    "take 3 GB of memory": lambda: np.empty(3072 * MB, dtype=np.uint8),
    "fill 200 MB of shm": shared_memory,
}


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    through = []
    for attempt in ATTEMPTS.values():
        try:
            attempt()
            through.append(1.0)
        except (OSError, MemoryError):
            through.append(0.0)
    return np.array(through), x
