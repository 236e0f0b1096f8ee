"""A handed-out loss that ends the process."""
import os

EXPECT = {"lost": {}}


def svm_loss(x, y):
    os._exit(0)
