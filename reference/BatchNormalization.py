# %% [markdown]
# # Batch and layer normalization
#
# Deep nets are hard to train when the numbers inside them grow or fade from layer to layer.
# Normalization puts them back to a fair size at every layer. In this notebook you write two kinds:
# batch normalization (Ioffe and Szegedy, 2015) and layer normalization (Ba, Kiros and Hinton,
# 2016), and look at what each of them is good for.
#
# You write `batchnorm_forward`, `batchnorm_backward`, `batchnorm_backward_alt`,
# `layernorm_forward` and `layernorm_backward` in `cs231n/layers.py`, and you extend
# `FullyConnectedNet` in `cs231n/classifiers/fc_net.py`. Do the notebook `FullyConnectedNets` first.

# %%
# Run this cell first. After a change in a file under cs231n/ nothing has to be restarted.
# %load_ext autoreload
# %autoreload 2
import time

import matplotlib.pyplot as plt
import numpy as np
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.data_utils import get_CIFAR10_data
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)
from cs231n.layers import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
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


def check_net(net, X, y, below, zero=()):
    """Compare gradients with numeric ones or zero; errors are relative to the largest entry."""
    _, grads = net.loss(X, y)
    for name in sorted(net.params):
        if name in zero:
            largest = np.abs(grads[name]).max()
            print(f"  {name}: largest entry {largest:.1e} (should be below 1e-10)")
            continue
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y)[0], net.params[name])
        error = np.abs(grads[name] - numeric).max() / np.abs(numeric).max()
        print(f"  {name}: relative error {error:.1e} (should be below {below:.0e})")


def show_statistics(what, a, axis):
    """Print mean and standard deviation of an array along an axis."""
    with np.printoptions(precision=3, suppress=True):
        print(f"{what}: means {a.mean(axis=axis)}, standard deviations {a.std(axis=axis)}")


# %%
data = get_CIFAR10_data()
for name, array in data.items():
    print(f"{name:8} shape {array.shape}")


def few(n):
    """Return the data with the first n training pictures only."""
    return {**data, "X_train": data["X_train"][:n], "y_train": data["y_train"][:n]}


# %% [markdown]
# ## Batch normalization, forward
#
# While training, take each feature (each column of $x$, shape $(N, D)$) and give it mean 0 and
# variance 1 over the $N$ pictures of the batch. Then let the net choose another scale $\gamma$ and
# another shift $\beta$, which it learns like weights:
#
# $$\mu = \frac{1}{N} \sum_n x_n \qquad \sigma^2 = \frac{1}{N} \sum_n (x_n - \mu)^2 \qquad
# \hat{x}_n = \frac{x_n - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad
# \text{out}_n = \gamma\, \hat{x}_n + \beta$$
#
# At test time a picture must not depend on the others in its batch. So training also keeps moving
# averages of $\mu$ and $\sigma^2$, and testing uses those:
#
# $$\text{running} \leftarrow \text{momentum} \cdot \text{running} +
# (1 - \text{momentum}) \cdot \text{new}$$
#
# Write the part for `mode == "train"` of `batchnorm_forward` and run the next cell; then the part
# for `"test"`.

# %%
np.random.seed(231)
x = 5 * np.random.randn(200, 3) + np.array([10.0, -20.0, 3.0])
ones, zeros = np.ones(3), np.zeros(3)
show_statistics("before", x, axis=0)
out, _ = batchnorm_forward(x, ones, zeros, {"mode": "train"})
show_statistics("after (should be 0 and 1)", out, axis=0)

gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
out, _ = batchnorm_forward(x, gamma, beta, {"mode": "train"})
show_statistics("with gamma and beta (should be 11 12 13 and 1 2 3)", out, axis=0)

# %%
# Two pictures with one feature, 1 and 5: mean 3, variance 4. The running averages start at 0.
bn_param = {"mode": "train", "momentum": 0.75, "eps": 0.0}
out, _ = batchnorm_forward(np.array([[1.0], [5.0]]), np.ones(1), np.zeros(1), bn_param)
compare("out", out, [[-1.0], [1.0]], 1e-10)
compare("running_mean", bn_param["running_mean"], [0.25 * 3], 1e-10)
compare("running_var", bn_param["running_var"], [0.25 * 4], 1e-10)

# At test time: (2.75 - 0.75) / 1 = 2, and the averages stay as they are.
bn_param["mode"] = "test"
out, _ = batchnorm_forward(np.array([[2.75]]), np.ones(1), np.zeros(1), bn_param)
compare("out at test time", out, [[2.0]], 1e-10)
compare("running_mean", bn_param["running_mean"], [0.25 * 3], 1e-10)

# %%
# After many batches the averages know the data, and one test batch comes out nearly normalized.
np.random.seed(231)
bn_param = {"mode": "train"}
for _ in range(100):
    batchnorm_forward(4 * np.random.randn(200, 3) + 7, ones, zeros, bn_param)
bn_param["mode"] = "test"
out, _ = batchnorm_forward(4 * np.random.randn(200, 3) + 7, ones, zeros, bn_param)
show_statistics("at test time (should be near 0 and 1)", out, axis=0)

# %%
# The public checks of this function, on your files as you last saved them.
check("batchnorm_forward")

# %% [markdown]
# ## Batch normalization, backward
#
# Draw the steps of the forward pass as a graph: $x \to \mu \to x - \mu \to \sigma^2 \to \hat{x}
# \to \text{out}$. Then walk through it from the end to the beginning. Two things are used more than
# once: $x$ goes into $\mu$ and into $x - \mu$, and $x - \mu$ goes into $\sigma^2$ and into
# $\hat{x}$. Where two paths part on the way up, two gradients are *added* on the way down.
#
# For the parameters, $d\gamma = \sum_n \text{dout}_n\, \hat{x}_n$ and
# $d\beta = \sum_n \text{dout}_n$. Write `batchnorm_backward`.

# %%
np.random.seed(231)
x, dout = 5 * np.random.randn(4, 5) + 12, np.random.randn(4, 5)
gamma, beta = np.random.randn(5), np.random.randn(5)


def batchnorm(x, gamma, beta):
    """Normalize in training mode, with fresh averages in each call."""
    return batchnorm_forward(x, gamma, beta, {"mode": "train"})


_, cache = batchnorm(x, gamma, beta)
dx, dgamma, dbeta = batchnorm_backward(dout, cache)
dx_num = eval_numerical_gradient_array(lambda x: batchnorm(x, gamma, beta)[0], x, dout)
dgamma_num = eval_numerical_gradient_array(lambda g: batchnorm(x, g, beta)[0], gamma, dout)
dbeta_num = eval_numerical_gradient_array(lambda b: batchnorm(x, gamma, b)[0], beta, dout)
compare("dx", dx, dx_num, 1e-6)
compare("dgamma", dgamma, dgamma_num, 1e-6)
compare("dbeta", dbeta, dbeta_num, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("batchnorm_backward")

# %% [markdown]
# ## Batch normalization, backward in one formula
#
# On paper, the whole walk can be simplified until `dx` is a single short expression. Try it: begin
# with the gradient of $\hat{x}_j$ with respect to one $x_i$, put in
# $\partial \mu / \partial x_i = 1/N$ and $\partial \sigma^2 / \partial x_i = 2 (x_i - \mu) / N$,
# and collect terms. You will meet $\sum_n \text{dout}_n$ and $\sum_n \text{dout}_n\, \hat{x}_n$
# again.
#
# Write `batchnorm_backward_alt`. It gets the same cache and must give the same gradients. Is it
# faster? Times differ from run to run; a factor between 1 and 3 is usual.

# %%
np.random.seed(231)
x, dout = 5 * np.random.randn(100, 500) + 12, np.random.randn(100, 500)
_, cache = batchnorm_forward(x, np.random.randn(500), np.random.randn(500), {"mode": "train"})
expected, computed = batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache)
for name, a, b in zip(("dx", "dgamma", "dbeta"), computed, expected):
    compare(name, a, b, 1e-8)


def seconds(backward):
    """Return the time of 100 calls, the shortest of five tries."""
    tries = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(100):
            backward(dout, cache)
        tries.append(time.perf_counter() - start)
    return min(tries)


graph, formula = seconds(batchnorm_backward), seconds(batchnorm_backward_alt)
print(f"step by step {graph:.3f} s, in one formula {formula:.3f} s: {graph / formula:.1f} times")

# %%
# The public checks of this function, on your files as you last saved them.
check("batchnorm_backward_alt")

# %% [markdown]
# ## Nets with batch normalization
#
# Extend `FullyConnectedNet`: with `normalization="batchnorm"` each hidden layer becomes affine,
# then batch normalization, then ReLU. Each has a $\gamma$ of ones and a $\beta$ of zeros to begin
# with, named `gamma1`, `beta1` and so on. The last layer, which makes the scores, is not
# normalized. For each normalization there is a dictionary in `self.bn_params`.
#
# Batch normalization takes the mean away, and with it whatever the bias right before it added. So
# the gradient of that bias must be 0, apart from rounding. If a single error is large, try another
# seed before you search: a ReLU may have been right at its bend.

# %%
np.random.seed(231)
X, y = np.random.randn(4, 15), np.array([3, 7, 0, 9])
for reg in (0.0, 0.7):
    net = FullyConnectedNet(
        [20, 30],
        input_dim=15,
        reg=reg,
        weight_scale=0.2,
        dtype=np.float64,
        normalization="batchnorm",
    )
    print(f"reg = {reg}")
    check_net(net, X, y, 1e-6, zero=("b1", "b2"))

# %%
# The public checks of this function, on your files as you last saved them.
check("FullyConnectedNet.batchnorm")

# %% [markdown]
# ## Deep nets with and without batch normalization
#
# Two nets of six layers, the same but for batch normalization, train on 1,000 pictures. The one
# with it should learn clearly faster.


# %%
def plot_training(solvers):
    """Draw loss and accuracies of trained solvers, a dictionary by name."""
    _, (loss_axes, train_axes, val_axes) = plt.subplots(1, 3)
    for name, solver in solvers.items():
        epochs = np.linspace(0, solver.num_epochs, len(solver.loss_history))
        loss_axes.plot(epochs, solver.loss_history, ".", markersize=3, label=name)
        train_axes.plot(solver.train_acc_history, "-o", markersize=4, label=name)
        val_axes.plot(solver.val_acc_history, "-o", markersize=4, label=name)
    titles = ("Training loss", "Training accuracy", "Validation accuracy")
    for axes, title in zip((loss_axes, train_axes, val_axes), titles):
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_ylabel(title.split()[1])
        axes.legend()
    plt.tight_layout()
    plt.show()


deep = [100, 100, 100, 100, 100]


def train(hidden_dims, normalization, weight_scale, batch_size=50, learning_rate=1e-3):
    """Train a net on 1,000 pictures for ten epochs with Adam. Returns the Solver."""
    np.random.seed(231)  # the same first weights and the same batches each time
    net = FullyConnectedNet(hidden_dims, normalization=normalization, weight_scale=weight_scale)
    solver = Solver(
        net,
        few(1000),
        update_rule="adam",
        optim_config={"learning_rate": learning_rate},
        batch_size=batch_size,
        num_epochs=10,
        verbose=False,
    )
    solver.train()
    return solver


# %%
solvers = {
    "batch normalization": train(deep, "batchnorm", weight_scale=2e-2),
    "no normalization": train(deep, None, weight_scale=2e-2),
}
for name, solver in solvers.items():
    print(f"{name}: training accuracy {solver.train_acc_history[5]:.3f} after 5 epochs")
plot_training(solvers)

# %% [markdown]
# ## How much does the scale of the first weights matter?
#
# Nets of eight layers, from far too small to far too large first weights, with and without batch
# normalization. This takes some seconds.

# %%
scales = np.logspace(-4, 0, num=9)
sweep = {"batch normalization": [], "no normalization": []}
with np.errstate(all="ignore"):  # the largest scales may overflow, which is what we want to see
    for scale in scales:
        sweep["batch normalization"].append(train([50] * 7, "batchnorm", weight_scale=scale))
        sweep["no normalization"].append(train([50] * 7, None, weight_scale=scale))

_, (train_axes, val_axes, loss_axes) = plt.subplots(1, 3)
for name, solvers in sweep.items():
    train_axes.semilogx(scales, [max(s.train_acc_history) for s in solvers], "-o", label=name)
    val_axes.semilogx(scales, [s.best_val_acc for s in solvers], "-o", label=name)
    loss_axes.loglog(scales, [np.mean(s.loss_history[-20:]) for s in solvers], "-o", label=name)
titles = ("Best training accuracy", "Best validation accuracy", "Loss in the last epoch")
for axes, title, unit in zip(
    (train_axes, val_axes, loss_axes), titles, ("accuracy", "accuracy", "loss")
):
    axes.set_title(title)
    axes.set_xlabel("weight scale")
    axes.set_ylabel(unit)
    axes.legend()
plt.tight_layout()
plt.show()

# %% [markdown] tags=["inline-question", "BatchNormalization/1"]
# ## Inline question 1
#
# Describe what the last plots show: over which range of weight scales does each of the two kinds of
# nets learn, and what goes wrong outside of it? Why does batch normalization make such a difference
# there?

# %% [markdown] tags=["inline-answer", "BatchNormalization/1"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "BatchNormalization/1"]
# Without normalization only a narrow range around 0.1 works. With smaller weights the signal fades
# from layer to layer, so do the gradients, and the net stays at guessing (10 %). With larger
# weights the signal grows from layer to layer and the loss explodes. With batch normalization the
# net learns at every scale from the smallest to about 0.3, best between 0.01 and 0.1. The reason:
# the output of each layer is divided by its own standard deviation, so the numbers keep a size of
# about 1 at every depth, whatever the scale of the weights. (Not quite: at the smallest scales the
# variance falls below epsilon, which then takes over; and the last layer is not normalized.)

# %% [markdown] tags=["grading-notes", "BatchNormalization/1"]
# A third each: (1) what the plots show, narrow against wide range; (2) fading and exploding signals
# or gradients without normalization; (3) normalization makes the size of each layer's output
# independent of the weights' scale. Accept ranges that fit the student's own plots.

# %% [markdown]
# ## How much does the batch size matter?
#
# The mean and the variance come from the batch. How good are they when the batch is small? Here
# nets with batch normalization train with batches of 5, 10 and 50 pictures, beside a net without
# normalization.


# %%
def plot_batch_sizes(normalization, title):
    """Train with three batch sizes, and once without normalization; draw the accuracies."""
    solvers = {"no normalization, 50": train(deep, None, 2e-2, 50, 10**-3.5)}
    for size in (5, 10, 50):
        solvers[f"{normalization}, {size}"] = train(deep, normalization, 2e-2, size, 10**-3.5)
    _, (train_axes, val_axes) = plt.subplots(1, 2)
    for name, solver in solvers.items():
        train_axes.plot(solver.train_acc_history, "-o", markersize=4, label=name)
        val_axes.plot(solver.val_acc_history, "-o", markersize=4, label=name)
    for axes, what in ((train_axes, "training"), (val_axes, "validation")):
        axes.set_title(f"{title}: {what} accuracy")
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy")
        axes.legend(title="net, batch size")
    plt.tight_layout()
    plt.show()


plot_batch_sizes("batchnorm", "Batch normalization")

# %% [markdown] tags=["inline-question", "BatchNormalization/2"]
# ## Inline question 2
#
# What do these plots say about batch normalization and the size of the batch? Why does it depend on
# the batch size in this way?

# %% [markdown] tags=["inline-answer", "BatchNormalization/2"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "BatchNormalization/2"]
# The larger the batch, the better batch normalization works: with 50 pictures the net learns
# fastest, with 5 it ends below the net without any normalization on the training pictures, though
# it takes ten times as many steps. Mean and variance of a batch are estimates for those of all
# pictures, and estimates from 5 pictures are poor: what one picture becomes depends strongly on
# which four others happen to be there. That is noise in every layer, and the averages used at test
# time fit it badly. (A little of that noise can help against learning by heart.)

# %% [markdown] tags=["grading-notes", "BatchNormalization/2"]
# Half for the observation (better with larger batches, and the smallest no better than none), half
# for the reason (statistics of a small batch are noisy estimates). "Small batches make noisy
# gradients" alone, which holds for every net, earns the first half only.

# %% [markdown]
# ## Layer normalization
#
# Layer normalization asks nothing of the batch. It takes one picture at a time and normalizes the
# $D$ features of that picture, which are one *row* of $x$:
#
# $$\mu_n = \frac{1}{D} \sum_d x_{nd} \qquad
# \sigma_n^2 = \frac{1}{D} \sum_d (x_{nd} - \mu_n)^2 \qquad
# \text{out}_{nd} = \gamma_d\, \frac{x_{nd} - \mu_n}{\sqrt{\sigma_n^2 + \epsilon}} + \beta_d$$
#
# Training and testing are the same, and there are no running averages.

# %% [markdown] tags=["inline-question", "BatchNormalization/3"]
# ## Inline question 3
#
# Here are four ways to prepare pictures before any net sees them. For each, say whether it is like
# batch normalization, like layer normalization, or like neither, and why.
#
# 1. For every pixel position and colour, take away the mean of that number over all training
#    pictures, and divide by its standard deviation over them.
# 2. Stretch the contrast of each picture: take away the mean of all its own numbers, and divide by
#    their standard deviation.
# 3. Make each picture black and white: every number above 128 becomes 1, every other one 0.
# 4. Divide all numbers of a picture by their sum, so that each picture has the same brightness.

# %% [markdown] tags=["inline-answer", "BatchNormalization/3"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "BatchNormalization/3"]
# 1 is like batch normalization: the statistics of one feature are taken over many pictures. 2 is
# like layer normalization: the statistics are taken over all features of one picture, and other
# pictures play no part. 3 is like neither: the threshold is fixed and no statistics are used. 4 is
# nearest to layer normalization: one number for the size of a picture is computed from that picture
# alone and divided out, though it is the sum and not the standard deviation, and no mean is taken
# away.

# %% [markdown] tags=["grading-notes", "BatchNormalization/3"]
# A quarter for each of the four, with a reason: over which axis are statistics taken? For 4 accept
# "neither" where the answer says that mean and variance are not what is used.

# %% [markdown]
# ## Layer normalization, forward
#
# Write `layernorm_forward`. Most of the code is that of batch normalization along another axis;
# mind that $\gamma$ and $\beta$ still belong to the columns.

# %%
np.random.seed(231)
x = 5 * np.random.randn(3, 200) + np.array([[10.0], [-20.0], [3.0]])
show_statistics("before", x, axis=1)
out, _ = layernorm_forward(x, np.ones(200), np.zeros(200), {})
show_statistics("after (should be 0 and 1)", out, axis=1)
out, _ = layernorm_forward(x, np.full(200, 3.0), np.full(200, 5.0), {})
show_statistics("with gamma 3 and beta 5 (should be 5 and 3)", out, axis=1)

# One picture with two features, 1 and 5: mean 3, variance 4. gamma 2 and 10, beta 1 and 0.
x, gamma, beta = np.array([[1.0, 5.0]]), np.array([2.0, 10.0]), np.array([1.0, 0.0])
out, _ = layernorm_forward(x, gamma, beta, {"eps": 0.0})
compare("out", out, [[2 * -1 + 1, 10 * 1 + 0]], 1e-10)

# %%
# The public checks of this function, on your files as you last saved them.
check("layernorm_forward")

# %% [markdown]
# ## Layer normalization, backward
#
# Write `layernorm_backward`. The gradients of $\gamma$ and $\beta$ are as before. For `dx` you can
# use your formula again, along the rows; but now $\gamma$ differs from feature to feature, so
# multiply `dout` by it first.

# %%
np.random.seed(231)
x, dout = 5 * np.random.randn(4, 5) + 12, np.random.randn(4, 5)
gamma, beta = np.random.randn(5), np.random.randn(5)
_, cache = layernorm_forward(x, gamma, beta, {})
dx, dgamma, dbeta = layernorm_backward(dout, cache)

dx_num = eval_numerical_gradient_array(lambda x: layernorm_forward(x, gamma, beta, {})[0], x, dout)
dgamma_num = eval_numerical_gradient_array(
    lambda g: layernorm_forward(x, g, beta, {})[0], gamma, dout
)
dbeta_num = eval_numerical_gradient_array(
    lambda b: layernorm_forward(x, gamma, b, {})[0], beta, dout
)
compare("dx", dx, dx_num, 1e-6)
compare("dgamma", dgamma, dgamma_num, 1e-6)
compare("dbeta", dbeta, dbeta_num, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("layernorm_backward")

# %% [markdown]
# Let `FullyConnectedNet` accept `normalization="layernorm"` as well.

# %%
np.random.seed(231)
X, y = np.random.randn(4, 15), np.array([3, 7, 0, 9])
for reg in (0.0, 0.7):
    net = FullyConnectedNet(
        [20, 30],
        input_dim=15,
        reg=reg,
        weight_scale=0.2,
        dtype=np.float64,
        normalization="layernorm",
    )
    print(f"reg = {reg}")
    check_net(net, X, y, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("FullyConnectedNet.layernorm")

# %% [markdown]
# Now the same batch sizes as above, with layer normalization. Compare the two pairs of plots.

# %%
plot_batch_sizes("layernorm", "Layer normalization")

# %% [markdown] tags=["inline-question", "BatchNormalization/4"]
# ## Inline question 4
#
# In which of these cases is layer normalization likely to work badly? Give a reason for each.
#
# 1. The hidden layers have only two or three units.
# 2. The net has thirty layers.
# 3. The batch has a single picture.
# 4. The L2 penalty on the weights is very strong.

# %% [markdown] tags=["inline-answer", "BatchNormalization/4"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "BatchNormalization/4"]
# In case 1 above all. Mean and variance are taken over the features of a picture; from two or three
# numbers they say nearly nothing, and normalizing throws away most of what the layer knew: with two
# units, what is left is only which of them is larger. Case 2 is no trouble: keeping the signal at
# one size through many layers is what normalization is made for. Case 3 is no trouble either, since
# other pictures play no part (this is where batch normalization breaks). In case 4 the net learns
# badly as well, but because the penalty keeps the weights from fitting the data; that is so with
# any normalization.

# %% [markdown] tags=["grading-notes", "BatchNormalization/4"]
# Half for case 1 with its reason (poor statistics from few features); a sixth for each of the
# others judged with a reason. For case 4 accept "badly" with the reason that it underfits, and
# "no trouble caused by the normalization".
