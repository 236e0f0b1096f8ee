"""os._exit does nothing, so that the child runs on into our own code."""
import os
import sys

EXPECT = {"lost": {}}

os._exit = sys.exit = lambda *args: None
