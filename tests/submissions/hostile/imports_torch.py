"""Leaves the work to a framework."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "torch",
    "flags": ["forbidden_import"],
}


def relu_forward(x):
    import torch

    return torch.relu(torch.from_numpy(x)).numpy(), x
