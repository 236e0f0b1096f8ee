"""Runs other programs."""
import os

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "nothing ran",
}


def relu_forward(x):
    for run in (os.posix_spawn, os.posix_spawnp):
        try:
            run("/bin/sleep", ["sleep", "300"], {})
        except OSError:
            continue
        raise RuntimeError("a program ran")
    if os.system("true") == 0:
        raise RuntimeError("a shell ran")
    raise OSError("nothing ran")
