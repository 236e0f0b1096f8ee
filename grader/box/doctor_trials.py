"""A hostile submission of our own: `relu_forward` tries to get out, and returns what got through.

It runs only in the box, as a student's layers.py, behind a line `GIVEN = {...}` with the places to
try: a server's port, a golden file, a file to change, a folder to write in. Each attempt is
harmless if it gets through, and takes back what it did.
"""

import os
import socket

import numpy as np

GIVEN = globals().get("GIVEN", {})
MB = 1 << 20


def network() -> None:
    with socket.socket() as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", GIVEN["port"]))


def golden() -> None:
    open(GIVEN["golden"], "rb").read(1)


def write() -> None:
    path = os.path.join(GIVEN["folder"], "written")
    open(path, "wb").close()
    os.remove(path)


def change() -> None:
    os.chmod(GIVEN["own"], 0o600)


def parent() -> None:
    os.kill(os.getppid(), 0)


def fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def memory() -> None:
    np.empty(3072 * MB, dtype=np.uint8)  # never touched, so nothing is really taken


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
ATTEMPTS = {
    "connect to a server": network, "read a golden file": golden, "write a file outside": write,
    "change a file's mode": change, "signal its parent": parent, "start a process": fork,
    "take 3 GB of memory": memory, "fill 200 MB of shm": shared_memory,
}  # fmt: skip


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    through = []
    for attempt in ATTEMPTS.values():
        try:
            attempt()
            through.append(1.0)
        except (OSError, MemoryError):
            through.append(0.0)
    return np.array(through), x
