"""How hard the made-up images are: what settings of nets reach, and what the notebooks show.

`python -m benchmarks images` takes some minutes; with `--data DIR` it does the same on real
CIFAR-10, on all images that are there: 49,000 of them should give about what 5,000 made-up ones do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reference.cs231n.classifiers.fc_net import FullyConnectedNet
from reference.cs231n.data_utils import get_CIFAR10_data, load_CIFAR10
from reference.cs231n.solver import Solver

Data = Mapping[str, np.ndarray]
SEED = 231
DEEP = (100, 100, 100, 100, 100)
# Hidden layers, and what differs from `train`'s defaults. The first reach 50 % and more of real
# images in 10 to 20 epochs; the last have a rate that is far too small or too large, or one epoch.
TUNED: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "2 layers, sgd 1e-3": ((100,), {}),
    "2 layers, sgd 1e-3, batch 200, reg 0.25": ((100,), {"batch": 200, "reg": 0.25}),
    "2 layers, sgd 8e-4, 15 epochs, reg 0.3": ((100,), {"rate": 8e-4, "epochs": 15, "reg": 0.3}),
    "2 layers of 200, sgd 1e-3, reg 0.5": ((200,), {"reg": 0.5}),
    "2 layers of 50, sgd 1.5e-3": ((50,), {"rate": 1.5e-3}),
    "2 layers, sgd 5e-4, batch 50": ((100,), {"rate": 5e-4, "batch": 50}),
    "2 layers, sgd 1e-3, 20 epochs, reg 1": ((100,), {"epochs": 20, "reg": 1.0}),
    "3 layers, momentum 1e-3": ((100,) * 2, {"rule": "sgd_momentum"}),
    "3 layers, adam 5e-4, batch 200": ((200, 100), {"rule": "adam", "rate": 5e-4, "batch": 200}),
    "3 layers, rmsprop 1e-4, 15 epochs": (
        (100,) * 2, {"rule": "rmsprop", "rate": 1e-4, "epochs": 15},
    ),
    "4 layers, adam 3e-4": ((100,) * 3, {"rule": "adam", "rate": 3e-4}),
    "5 layers, adam 5e-4": ((100,) * 4, {"rule": "adam", "rate": 5e-4, "scale": 3e-2}),
    "6 layers, adam 1e-3": (DEEP, {"rule": "adam", "scale": 5e-2}),
    "6 layers, momentum 5e-3": (DEEP, {"rule": "sgd_momentum", "rate": 5e-3, "scale": 5e-2}),
    "3 layers, batchnorm, adam 1e-3": ((100,) * 2, {"rule": "adam", "normal": "batchnorm"}),
    "4 layers, batchnorm, adam 1e-3, batch 200": (
        (100,) * 3, {"rule": "adam", "normal": "batchnorm", "batch": 200},
    ),
    "5 layers, batchnorm, adam 1e-3": ((100,) * 4, {"rule": "adam", "normal": "batchnorm"}),
    "6 layers, batchnorm, rmsprop 1e-3": (DEEP, {"rule": "rmsprop", "normal": "batchnorm"}),
    "5 layers, layernorm, adam 1e-3": ((100,) * 4, {"rule": "adam", "normal": "layernorm"}),
    "3 layers of 200, keep 0.75, adam 1e-3, 15 epochs": (
        (200,) * 2, {"rule": "adam", "keep": 0.75, "epochs": 15},
    ),
    "2 layers of 200, keep 0.5, adam 3e-4, 15 epochs": (
        (200,), {"rule": "adam", "rate": 3e-4, "keep": 0.5, "epochs": 15},
    ),
}  # fmt: skip
UNTUNED: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "2 layers, sgd 1e-4": ((100,), {"rate": 1e-4}),
    "2 layers, sgd 1e-5": ((100,), {"rate": 1e-5}),
    "2 layers, sgd 1e-2": ((100,), {"rate": 1e-2}),
    "2 layers, sgd 1e-3, one epoch": ((100,), {"epochs": 1}),
    "2 layers, sgd 1e-3, reg 50": ((100,), {"reg": 50.0}),
    "5 layers, adam 1e-5": ((100,) * 4, {"rule": "adam", "rate": 1e-5, "scale": 3e-2}),
    "5 layers, adam 1e-2": ((100,) * 4, {"rule": "adam", "rate": 1e-2, "scale": 3e-2}),
    "a linear classifier, sgd 1e-5": ((), {"rate": 1e-5}),
}


def main(data_dir: str | None = None) -> None:
    """Print both tables."""
    data = images(data_dir)
    kind = "real" if data_dir else "made-up"
    print(f"validation accuracy, {len(data['y_train'])} {kind} images")
    for title, settings in (("tuned", TUNED), ("not tuned", UNTUNED)):
        reached = []
        for name, (hidden, given) in settings.items():
            reached.append(train(data, hidden, **given).best_val_acc)
            print(f"  {name:50} {reached[-1]:.3f}", flush=True)
        print(f"  {title}: mean {np.mean(reached):.3f}, from {min(reached):.3f} to "
              f"{max(reached):.3f}, {np.mean(np.array(reached) >= 0.5):.0%} at 50 %")  # fmt: skip
    _lessons(data)


def images(data_dir: str | None = None) -> Data:
    """Return the images as the notebooks have them, but float32, and all that the folder has."""
    whole = len(load_CIFAR10(data_dir)[1]) - 1000 if data_dir else None
    data = get_CIFAR10_data(whole, num_test=1, data_dir=data_dir)
    return {name: one.astype(np.float32) if name[0] == "X" else one for name, one in data.items()}


def train(
    data: Data, hidden: tuple[int, ...], *, rule: str = "sgd", rate: float = 1e-3,
    decay: float = 0.95, batch: int = 100, epochs: int = 10, reg: float = 0.0,
    scale: float | None = None, normal: str | None = None, keep: float = 1, few: int | None = None,
) -> Solver:  # fmt: skip
    """Train one net on `data` or its first `few` images; return the Solver."""
    np.random.seed(SEED)
    if few is not None:
        data = {**data, "X_train": data["X_train"][:few], "y_train": data["y_train"][:few]}
    if scale is None:
        scale = 1e-3 if len(hidden) < 2 else 2e-2
    net = FullyConnectedNet(list(hidden), reg=reg, weight_scale=scale, dtype=np.float32,
                            normalization=normal, dropout=keep)  # fmt: skip
    solver = Solver(net, data, update_rule=rule, optim_config={"learning_rate": rate},
                    lr_decay=decay, batch_size=batch, num_epochs=epochs, verbose=False)  # fmt: skip
    with np.errstate(all="ignore"):  # some scales and rates are there to run away
        solver.train()
    return solver


def _lessons(data: Data) -> None:
    """Print what the notebooks compare; `train` settings are theirs, without decay."""
    print("what the course shows: best training accuracy / best validation accuracy")

    def show(what: str, hidden: tuple[int, ...], **given: Any) -> Solver:
        solver = train(data, hidden, decay=1.0, **given)
        print(f"  {what:50} {max(solver.train_acc_history):.3f} / {solver.best_val_acc:.3f}")
        return solver

    for layers in (3, 5):
        grid = [(s, r) for s in np.logspace(-2.5, -0.5, 6) for r in np.logspace(-4.5, -2, 6)]
        found = [train(data, (100,) * (layers - 1), scale=s, rate=r, decay=1.0, batch=25, epochs=20,
                       few=50) for s, r in grid]  # fmt: skip
        whole = sum(max(solver.train_acc_history) == 1 for solver in found)
        print(f"  {layers} layers learn 50 images by heart from {whole} of {len(grid)} settings")
    for rule, rate in (("sgd", 5e-3), ("sgd_momentum", 5e-3), ("rmsprop", 1e-4), ("adam", 1e-3)):
        show(f"6 layers, 4,000 images, 5 epochs, {rule}", DEEP, rule=rule, rate=rate, scale=5e-2,
             epochs=5, few=4000)  # fmt: skip
    small = {"rule": "adam", "few": 1000}
    for normal in (None, "batchnorm"):
        solver = show(f"6 layers, 1,000 images, {normal}", DEEP, batch=50, normal=normal, **small)
        print(f"    after 5 epochs {solver.train_acc_history[5]:.3f}")
    for normal in ("batchnorm", "layernorm"):
        for size in (5, 10, 50):
            show(f"6 layers, {normal}, batch {size}", DEEP, rate=10**-3.5, batch=size,
                 normal=normal, **small)  # fmt: skip
    for normal in (None, "batchnorm"):
        nets = [train(data, (50,) * 7, scale=s, batch=50, decay=1.0, normal=normal, **small)
                for s in np.logspace(-4, 0, 9)]  # fmt: skip
        learned = sum(max(solver.train_acc_history) >= 0.25 for solver in nets)
        print(f"  8 layers, {normal}: {learned} of {len(nets)} weight scales learn")
    for keep in (1, 0.25):
        show(f"2 layers of 500, 500 images, keep {keep}", (500,), rule="adam", rate=5e-4,
             scale=1e-2, epochs=25, keep=keep, few=500)  # fmt: skip
