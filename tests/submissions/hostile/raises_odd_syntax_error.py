"""A SyntaxError whose fields are no text, and one whose line is 1 MB."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    if x.ndim == 2:
        raise SyntaxError("odd", (["file"], 3, 1, "x" * 1_000_000))
    error = SyntaxError("odd", ("file", 3, 1, "x"))
    error.text, error.lineno, error.filename = 42, "7", {1: 2}
    raise error
