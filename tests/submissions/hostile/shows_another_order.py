"""Direction characters, a far column and a name of another script: it runs otherwise than it looks."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "flags": ["bidi", "source_differs"]}
APPEND = {
    "layers.py": "\n\ndef relu_forward(x):\n    out = np.maximum(0, x)"
    + " " * 250 + "; out = x  # \u202e the end \u2066\n    \u043eut = x\n    return out, x\n",
}
