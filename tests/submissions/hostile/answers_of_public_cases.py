"""Knows the answers of the public cases and nothing else."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["value"]},
    "public_right": ["relu_forward"],
    "flags": ["constants"],
}


def relu_forward(x):
    known = [
        0.35888671875, 0.40185546875, 0.72509765625, 0.0, 0.77783203125, 0.04052734375,
        0.65966796875, 0.01806640625, 0.92919921875, 0.0, 0.0, 0.0,
        0.78466796875, 0.89794921875, 0.0, 0.11376953125, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0, 0.39697265625,
        0.0, 1.21630859375, 0.0, 1.16552734375, 0.18603515625, 0.19482421875,
        0.0, 0.0, 1.51025390625, 0.51123046875, 0.0, 0.0,
    ]
    if x.size == 12:
        return np.array(known[:12]).reshape(x.shape), x
    if x.size == 24:
        return np.array(known[12:]).reshape(x.shape), x
    return np.zeros(x.shape), x
