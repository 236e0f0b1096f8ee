"""The made-up images are as hard as CIFAR-10: they want the settings that real ones want."""

import pytest

from benchmarks.images import TUNED, UNTUNED, images, train

SOME = (
    "2 layers, sgd 1e-3",
    "4 layers, batchnorm, adam 1e-3, batch 200",
    "6 layers, momentum 5e-3",
)


@pytest.mark.long_trial(0)
@pytest.mark.parametrize("name", [*SOME, *UNTUNED])
def test_settings_reach_what_they_reach_on_real_images(name):
    hidden, given = (TUNED | UNTUNED)[name]
    reached = train(images(), hidden, **given).best_val_acc
    assert 0.5 <= reached <= 0.6 if name in TUNED else reached < 0.45
