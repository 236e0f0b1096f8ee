"""numpy.py, random.py, json.py, wire.py, colorsys.py and more beside layers.py; all raise."""
import colorsys
import json
import random

EXPECT = {"lost": {}}
ADD = {
    name: "raise RuntimeError('shadowed')\n"
    for name in ("numpy.py", "random.py", "json.py", "wire.py", "struct.py", "sitecustomize.py",
                 "usercustomize.py", "conftest.py", "colorsys.py", "grader.py", "os.py")
}


def relu_forward(x):
    assert callable(random.random) and callable(json.dumps) and callable(colorsys.rgb_to_hsv)
    return np.maximum(0, x), x
