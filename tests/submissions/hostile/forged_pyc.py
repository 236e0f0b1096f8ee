"""An unchecked-hash .pyc beside the source: it must never run."""
EXPECT = {"lost": {}}
PYC = {"__pycache__/layers.cpython-311.pyc": "raise RuntimeError('stale')\n"}
