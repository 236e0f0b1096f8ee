# %% [markdown]
# # Dropout
#
# Dropout (Hinton and others, 2012) switches off random units of a layer while the net trains. No
# unit can rely on certain others to be there, which makes it harder to learn the training pictures
# by heart. Such a way to keep a net from fitting its data too closely is called a *regularizer*.
#
# You write `dropout_forward` and `dropout_backward` in `cs231n/layers.py`, and you extend
# `FullyConnectedNet` in `cs231n/classifiers/fc_net.py`.

# %%
# Run this cell first. After a change in a file under cs231n/ nothing has to be restarted.
# %load_ext autoreload
# %autoreload 2
import matplotlib.pyplot as plt
import numpy as np
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.data_utils import get_CIFAR10_data
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)
from cs231n.layers import dropout_backward, dropout_forward
from cs231n.solver import Solver

try:
    from selfcheck import check
except ImportError:  # selfcheck.py lies beside the notebooks; without it they run as well

    def check(*names):
        """Say that nothing is checked."""
        print("not checked: selfcheck.py is not beside this notebook")


plt.rcParams["figure.figsize"] = (12, 4)


def compare(what, computed, expected, below):
    """Print how far two arrays are apart, and how close they should be."""
    error = rel_error(np.asarray(computed), np.asarray(expected))
    print(f"{what}: relative error {error:.1e} (should be below {below:.0e})")


def check_net(net, X, y, below):
    """Compare gradients with numeric ones; errors are relative to the largest entry."""
    _, grads = net.loss(X, y)
    for name in sorted(net.params):
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y)[0], net.params[name])
        error = np.abs(grads[name] - numeric).max() / np.abs(numeric).max()
        print(f"  {name}: relative error {error:.1e} (should be below {below:.0e})")


# %%
data = get_CIFAR10_data()
for name, array in data.items():
    print(f"{name:8} shape {array.shape}")


def few(n):
    """Return the data with the first n training pictures only."""
    return {**data, "X_train": data["X_train"][:n], "y_train": data["y_train"][:n]}


# %% [markdown]
# ## Dropout, forward
#
# While training, draw a mask of zeros and ones, each a one with probability $p$, and keep what
# falls on a one. What is kept is divided by $p$:
#
# $$m \sim \text{Bernoulli}(p) \qquad\qquad \text{out} = \frac{m}{p}\, x$$
#
# At test time nothing is dropped: $\text{out} = x$. Mind that $p$ is the probability of **keeping**
# a unit, in this notebook and in all functions. Some texts use it for dropping.
#
# Write `dropout_forward`. With inputs of mean 10, all three means below should be near 10, and the
# share of zeros near $1 - p$.

# %%
np.random.seed(231)
x = np.random.randn(500, 500) + 10
for p in (0.25, 0.4, 0.7):
    out, _ = dropout_forward(x, {"mode": "train", "p": p})
    out_test, _ = dropout_forward(x, {"mode": "test", "p": p})
    print(f"p = {p}")
    print(f"  means: input {x.mean():.2f}, train {out.mean():.2f}, test {out_test.mean():.2f}")
    print(f"  zeros: train {np.mean(out == 0):.3f} (should be near {1 - p:.2f}), "
          f"test {np.mean(out_test == 0):.3f} (should be 0)")  # fmt: skip
    kept = out != 0
    compare("  what is kept", out[kept], x[kept] / p, 1e-12)

# %%
# The public checks of this function, on your files as you last saved them.
check("dropout_forward")

# %% [markdown]
# ## Dropout, backward
#
# Once drawn, the mask is nothing but a factor, so $dx = \text{dout} \cdot m / p$ with the mask of
# the forward pass. At test time $dx = \text{dout}$. Write `dropout_backward`.
#
# For the numeric gradient each call has to draw the same mask; that is what `seed` is for.

# %%
np.random.seed(231)
x, dout = np.random.randn(10, 10) + 10, np.random.randn(10, 10)
for mode in ("train", "test"):
    dropout_param = {"mode": mode, "p": 0.2, "seed": 123}
    _, cache = dropout_forward(x, dropout_param)
    dx = dropout_backward(dout, cache)
    dx_num = eval_numerical_gradient_array(
        lambda x, param=dropout_param: dropout_forward(x, param)[0], x, dout
    )
    compare(f"dx, {mode}", dx, dx_num, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("dropout_backward")

# %% [markdown] tags=["inline-question", "Dropout/1"]
# ## Inline question 1
#
# Suppose that `dropout_forward` did not divide by $p$ while training, and that nothing else was
# changed. What would be different for the next layer at test time, compared with training? Why does
# dividing by $p$ put it right?

# %% [markdown] tags=["inline-answer", "Dropout/1"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "Dropout/1"]
# At test time every unit is there, so the sums that the next layer computes would be larger than
# those it was trained on, by a factor of $1/p$ on average: with $p = 0.25$, four times as large.
# The weights fit the smaller sums, and the net would do worse. While training a unit $x$ is kept
# with probability $p$, so its expected output is $p x$. Divided by $p$ it is $x$, which is exactly
# what test time gives. So the expected output is the same in both modes and test time
# needs no correction.

# %% [markdown] tags=["grading-notes", "Dropout/1"]
# Half for the mismatch (outputs at test time larger by about 1/p than in training), half for the
# expected value (p x without, x with the division). Accept the other way to mend it, multiplying by
# p at test time, as an addition and not in place of the reason.

# %% [markdown]
# ## Nets with dropout
#
# Extend `FullyConnectedNet`: where `dropout` is not 1, dropout comes right after the
# ReLU of every hidden layer. Scores and pictures are never dropped. With a `seed` the masks repeat,
# so the gradients can be checked.

# %%
np.random.seed(231)
X, y = np.random.randn(2, 15), np.array([3, 7])
for keep in (1, 0.75, 0.5):
    net = FullyConnectedNet(
        [20, 30],
        input_dim=15,
        weight_scale=0.2,
        dtype=np.float64,
        dropout=keep,
        seed=123,
    )
    print(f"keep {keep}")
    check_net(net, X, y, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("FullyConnectedNet.dropout")

# %% [markdown]
# ## What dropout does
#
# Two nets with one wide hidden layer train on only 500 pictures, one without dropout and one
# that keeps a quarter of its units. So few pictures are soon known by heart: look at how far
# training and validation accuracy are apart.

# %%
solvers = {}
for keep in (1, 0.25):
    np.random.seed(231)
    net = FullyConnectedNet([500], dropout=keep)
    solvers[keep] = Solver(
        net,
        few(500),
        update_rule="adam",
        optim_config={"learning_rate": 5e-4},
        batch_size=100,
        num_epochs=25,
        verbose=False,
    )
    solvers[keep].train()
    train, val = solvers[keep].train_acc_history[-1], solvers[keep].best_val_acc
    print(f"keep {keep}: training accuracy at the end {train:.3f}, best validation {val:.3f}")

_, (train_axes, val_axes) = plt.subplots(1, 2)
for keep, solver in solvers.items():
    train_axes.plot(solver.train_acc_history, "-o", markersize=4, label=f"keep {keep}")
    val_axes.plot(solver.val_acc_history, "-o", markersize=4, label=f"keep {keep}")
for axes, title in ((train_axes, "Training accuracy"), (val_axes, "Validation accuracy")):
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy")
    axes.legend()
plt.tight_layout()
plt.show()

# %% [markdown] tags=["inline-question", "Dropout/2"]
# ## Inline question 2
#
# Compare the two nets: how do their training accuracies differ, how their validation accuracies?
# What does that tell about dropout as a regularizer?

# %% [markdown] tags=["inline-answer", "Dropout/2"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "Dropout/2"]
# The net without dropout fits the training pictures faster, and both get nearly all of them right
# in the end. On the validation pictures the net with dropout is ahead by a few percent for most of
# the later epochs. So with dropout the gap between training and validation is smaller: it
# makes fitting a little harder and what is learned more general. That is what a regularizer does.
# With only 500 pictures and 25 epochs both nets still fit far too closely; dropout lessens
# overfitting and does not end it.

# %% [markdown] tags=["grading-notes", "Dropout/2"]
# A third each: training accuracy (slower or lower with dropout), validation accuracy (higher, or a
# smaller gap), and the conclusion that dropout reduces overfitting. An answer must fit the
# student's own plots: where they show no gain, "no gain here, because ..." is right.

# %% [markdown] tags=["inline-question", "Dropout/3"]
# ## Inline question 3
#
# A net with hidden layers of 800 units works well with a keep ratio of 0.5. To save memory the
# hidden layers must shrink to 200 units. Would you raise the keep ratio, lower it, or leave it as
# it is? Why?

# %% [markdown] tags=["inline-answer", "Dropout/3"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "Dropout/3"]
# Raise it. With 800 units and a ratio of 0.5, about 400 units of a layer take part in each step.
# With 200 units and the same ratio only about 100 would: too few to express much, and the net would
# underfit. A smaller net can also learn less by heart, so it needs less regularization. With a
# ratio nearer to 1 more of the units are there in each step.

# %% [markdown] tags=["grading-notes", "Dropout/3"]
# Half for "raise", half for the reason: fewer units are left in each step, or a smaller net
# overfits less. "Leave it, p is a share and not a number" earns half if it is argued that the share
# of what is kept stays the same and that validation should decide.

# %% [markdown]
# ## Before you hand in
#
# `check()` without a name tries every function of the homework. Then let each notebook run from its
# first cell to its last, save it, and write the zip with `python make_submission.py`.

# %%
check()
