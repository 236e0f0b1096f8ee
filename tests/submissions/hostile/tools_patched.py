"""json, struct, os.write, traceback and the builtins are broken from the first call on."""
import builtins
import json
import os
import struct
import traceback

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "error"]}}


def relu_forward(x):
    json.dumps = struct.pack = os.write = traceback.walk_tb = None
    builtins.str = builtins.len = builtins.type = builtins.isinstance = None
    return np.maximum(0, x), x
