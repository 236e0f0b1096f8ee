"""optim.py puts a broken module in the place of layers and fc_net; only optim.py may suffer."""
EXPECT = {"lost": {}}
APPEND = {
    "optim.py": """

import sys
import types

for name in list(sys.modules):
    if "layers" in name or "fc_net" in name:
        sys.modules[name] = types.ModuleType(name)
sys.modules["cs231n.layers"] = sys.modules["cs231n.classifiers.fc_net"] = types.ModuleType("broken")
"""
}
