"""Sets what Python and the loader read at start, for whatever is started next."""
import os

EXPECT = {"lost": {}}

for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONPATH", "PYTHONINSPECT",
             "BASH_ENV", "PYTHONHOME", "LD_AUDIT"):
    assert name not in os.environ, f"{name} came from an earlier case"
    os.environ[name] = "/tmp/backgrade-hostile.so"
