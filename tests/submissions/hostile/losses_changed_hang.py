"""A handed-out loss that never ends: it is not used, and it may not hold up the grading."""
EXPECT = {"lost": {}}


def softmax_loss(x, y):
    while True:
        pass
