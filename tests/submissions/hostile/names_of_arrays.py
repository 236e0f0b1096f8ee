"""A frame whose array names grow sixfold when they are packed again."""
import json
import os
import struct

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["missing", "died", "not_deterministic"]}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    table = [[f"{number}" + "\u00e9" * 60, "|u1", [0]] for number in range(1500)]
    header = json.dumps({"say": {"outcome": "answered"}, "arrays": table}, ensure_ascii=False)
    header = header.encode()
    for number in range(3, 64):
        try:
            os.write(number, struct.pack("<4sIQ", b"BGF1", len(header), 0))
            view = memoryview(header)
            while view:
                view = view[os.write(number, view):]
        except OSError:
            pass
    os._exit(0)
