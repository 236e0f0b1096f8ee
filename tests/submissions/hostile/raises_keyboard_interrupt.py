"""KeyboardInterrupt and GeneratorExit."""
EXPECT = {
    "lost": {"relu_forward": ["out"], "affine_forward": ["out"]},
    "kinds": {"relu_forward": ["error"], "affine_forward": ["error"]},
    "says": "KeyboardInterrupt",
}


def relu_forward(x):
    raise KeyboardInterrupt


def affine_forward(x, w, b):
    raise GeneratorExit
