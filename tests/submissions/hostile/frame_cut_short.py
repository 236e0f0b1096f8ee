"""Announces a frame of 60 MB and sends a little of it, slowly."""
import os
import struct
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["timeout", "died"]}}


def relu_forward(x):
    for number in range(3, 64):
        try:
            os.write(number, struct.pack("<4sIQ", b"BGF1", 200_000, 60 * 1024**2))
        except OSError:
            pass
    while True:
        for number in range(3, 64):
            try:
                os.write(number, b" ")
            except OSError:
                pass
        time.sleep(0.1)
