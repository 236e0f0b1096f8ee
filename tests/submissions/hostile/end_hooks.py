"""atexit, __del__, settrace, setprofile, gc callbacks and weak references that never return."""
import atexit
import gc
import sys
import time
import weakref

EXPECT = {"lost": {}}


def forever(*args):
    while True:
        time.sleep(100)


class Undead:
    def __del__(self):
        forever()


atexit.register(forever)
kept = Undead()
finalizer = weakref.finalize(kept, forever)
gc.callbacks.append(forever)
