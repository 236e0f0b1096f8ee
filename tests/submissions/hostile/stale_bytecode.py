"""Compiled files in all places and under all names that Python ever looked at."""
EXPECT = {"lost": {}}
PYC = {
    f"{folder}{name}": "raise RuntimeError('stale')\n"
    for folder in ("", "__pycache__/", "classifiers/", "classifiers/__pycache__/")
    for name in ("layers.pyc", "layers.cpython-311.pyc", "layers.cpython-312.opt-1.pyc",
                 "fc_net.cpython-311.pyc", "__init__.cpython-311.pyc", "layers.so", "layers.abi3.so")
}
