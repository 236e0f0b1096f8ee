"""A net as the handed-out code of 2016 made it."""

import functools


class StuckInTraining(dict):
    """A bn_param whose mode never changes, for the starter wrote bn_param[mode] = mode."""

    def __setitem__(self, key, value):
        if key != "mode":
            super().__setitem__(key, value)


def _patch(fc_net):
    right = fc_net.FullyConnectedNet

    class FullyConnectedNet(right):
        """Batch normalization normalizes with the batch's statistics when scoring too."""

        @functools.wraps(right.__init__)
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.bn_params = [StuckInTraining(param) for param in self.bn_params]

    fc_net.FullyConnectedNet = FullyConnectedNet


ALTERNATIVES = {"starter_2016": ("fc_net", _patch)}
