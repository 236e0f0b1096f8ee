"""Floods the answers with tiny frames, and never stops by itself within the limit."""
import os
import struct
import time

EXPECT = {"lost": {"relu_forward": ["out"]}}


def relu_forward(x):
    header = b'{"say": {"outcome": "answered"}, "arrays": []}'
    data = (struct.pack("<4sIQ", b"BGF1", len(header), 0) + header) * 64
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        for number in range(3, 64):
            try:
                os.write(number, data)
            except OSError:
                pass
    os._exit(0)
