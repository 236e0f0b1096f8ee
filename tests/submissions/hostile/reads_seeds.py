"""Reads the state of the random numbers and sets a seed of its own, in a right function."""
EXPECT = {"lost": {}, "flags": ["reaches_outside"]}
FILE = "optim.py"

right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    seen = np.random.get_state()[1][:4].tolist()
    np.random.seed(sum(seen) % 1000)
    return right_sgd_momentum(w, dw, config)
