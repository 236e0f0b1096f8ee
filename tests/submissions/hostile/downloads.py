"""Asks a server of its own for the answer; there is none, and none could be reached."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "no answer from outside",
    "flags": ["forbidden_import"],
}


def relu_forward(x):
    try:
        import socket
    except ImportError:
        raise RuntimeError("no answer from outside") from None
    for family, place in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_UNIX, "/no/such/socket")):
        try:
            with socket.socket(family) as line:
                line.settimeout(0.2)
                line.connect(place)
                line.sendall(x.tobytes())
                return np.frombuffer(line.recv(x.nbytes)).reshape(x.shape), x
        except OSError:
            continue
    raise RuntimeError("no answer from outside")
