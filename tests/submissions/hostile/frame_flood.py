"""Sends 60 MB of an array nobody asked for, then answers 500 times."""
import json
import os
import struct

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["missing", "died", "timeout", "not_deterministic"]}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    forge({"outcome": "answered"}, [["flood", "|u1", [60 * 1024**2]]], bytes(60 * 1024**2))
    for _ in range(500):
        forge({"outcome": "answered"})
    os._exit(0)


def forge(say, table=(), body=b""):
    header = json.dumps({"say": say, "arrays": list(table)}).encode()
    data = memoryview(struct.pack("<4sIQ", b"BGF1", len(header), len(body)) + header + body)
    for number in range(3, 64):
        try:
            while data:
                data = data[os.write(number, data):]
        except OSError:
            pass
