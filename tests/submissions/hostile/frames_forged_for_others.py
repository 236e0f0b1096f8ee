"""Sends frames that call the cases after it late, dead or not run."""
import json
import os
import struct

EXPECT = {"lost": {"affine_forward": ["out"]}, "maybe_lost": "affine_backward"}


def affine_forward(x, w, b):
    for outcome in ("timeout", "died", "not_run", "raised", "memory"):
        header = json.dumps({"say": {"outcome": outcome}, "arrays": []}).encode()
        for number in range(3, 64):
            try:
                os.write(number, struct.pack("<4sIQ", b"BGF1", len(header), 0) + header)
            except OSError:
                pass
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)
