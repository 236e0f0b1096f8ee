# %% [markdown]
# # Fully connected nets
#
# In this notebook you build a neural network out of small parts, and check every part before you
# use it. Then you train it on pictures.
#
# You write the parts in these files:
#
# - `cs231n/layers.py`: the affine layer and the ReLU layer, forward and backward
# - `cs231n/classifiers/fc_net.py`: `TwoLayerNet` and `FullyConnectedNet`
# - `cs231n/optim.py`: momentum, RMSProp and Adam
#
# The comment under the name of each function says what goes in and what comes out. Write one
# function, come back here, run its check, and go on to the next. A few functions with free choices,
# such as learning rates, are in this notebook: look for `NotImplementedError`.
#
# A check compares your result with the same thing computed in a second, slower way. It prints a
# relative error
#
# $$\text{error} = \max_i \frac{|a_i - b_i|}{|a_i| + |b_i|}$$
#
# and a number below which the error should be. Around $10^{-10}$ is the rounding of a computer.
# An error above $10^{-2}$ is nearly always a mistake.
#
# Then `check` tries the function on the public checks of your homework, and shows a card: what is
# right, what is not right yet, and what to look at. It reads your files as you saved them, so save
# first. `python selfcheck.py` says the same in a terminal.

# %%
# Run this cell first. After a change in a file under cs231n/ nothing has to be restarted.
# %load_ext autoreload
# %autoreload 2
import matplotlib.pyplot as plt
import numpy as np
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.data_utils import get_CIFAR10_data
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)
from cs231n.layer_utils import affine_relu_backward, affine_relu_forward
from cs231n.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
    svm_loss,
)
from cs231n.optim import adam, rmsprop, sgd_momentum
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


# %% [markdown]
# ## The data
#
# The data are small colour pictures in ten classes (if you have not asked for others, ten kinds of
# shapes, made up by `cs231n/synthetic.py`, where most pictures show two of them): 5,000 to train
# on, 1,000 to choose settings with (*validation*), and 1,000 that you look at only once, at the
# very end (*test*). Each picture has 3 colours and $32 \times 32$ pixels, which makes $D = 3072$
# numbers. The mean of all training pictures has been taken away, so that the numbers lie around
# zero.

# %%
data = get_CIFAR10_data()
for name, array in data.items():
    print(f"{name:8} shape {array.shape}")


def few(n):
    """Return the data with the first n training pictures only."""
    return {**data, "X_train": data["X_train"][:n], "y_train": data["y_train"][:n]}


def mosaic(pictures, columns):
    """Return pictures (N, 3, 32, 32) side by side, each stretched to the range 0..1."""
    low = pictures.min(axis=(1, 2, 3), keepdims=True)
    high = pictures.max(axis=(1, 2, 3), keepdims=True)
    pictures = ((pictures - low) / (high - low)).transpose(0, 2, 3, 1)
    rows = len(pictures) // columns
    pictures = pictures[: rows * columns].reshape(rows, columns, 32, 32, 3)
    return pictures.transpose(0, 2, 1, 3, 4).reshape(rows * 32, columns * 32, 3)


# %%
# Five pictures of each class, one class in each column.
chosen = [np.flatnonzero(data["y_train"] == label)[:5] for label in range(10)]
plt.imshow(mosaic(data["X_train"][np.stack(chosen, axis=1).ravel()], columns=10))
plt.title("Training pictures, mean taken away")
plt.xlabel("class")
plt.ylabel("example")
plt.xticks(16 + 32 * np.arange(10), range(10))
plt.yticks(16 + 32 * np.arange(5), range(1, 6))
plt.show()

# %% [markdown]
# ## Affine layer, forward
#
# Every output is a weighted sum of all inputs, plus a bias. With the pictures flattened to the
# rows of a matrix $X$ of shape $(N, D)$:
#
# $$\text{out} = X W + b$$
#
# Write `affine_forward` in `layers.py`. The check computes the same with plain loops, number by
# number.

# %%
np.random.seed(231)
x, w, b = np.random.randn(2, 3, 4), np.random.randn(12, 5), np.random.randn(5)
out, _ = affine_forward(x, w, b)

by_hand = np.zeros((2, 5))
for n in range(2):
    for m in range(5):
        by_hand[n, m] = sum(x[n].ravel()[d] * w[d, m] for d in range(12)) + b[m]
compare("out", out, by_hand, 1e-12)

# %%
# The public checks of this function, on your files as you last saved them.
check("affine_forward")

# %% [markdown]
# ## Affine layer, backward
#
# The layer above hands down $\partial L / \partial \text{out}$, which we call `dout`. The chain
# rule gives the gradient of the loss $L$ with respect to each of the three inputs:
#
# $$dX = \text{dout}\, W^T \qquad dW = X^T \text{dout} \qquad db_m = \sum_n \text{dout}_{nm}$$
#
# Each gradient has the shape of the thing it belongs to. Write `affine_backward`.
#
# The check moves each number of the input a little to both sides and looks at how the output
# changes. Such a *numeric* gradient is slow, but it knows nothing of your formula.

# %%
np.random.seed(231)
x, w, b = np.random.randn(6, 2, 3), np.random.randn(6, 4), np.random.randn(4)
dout = np.random.randn(6, 4)
_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)

dx_num = eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout)
dw_num = eval_numerical_gradient_array(lambda w: affine_forward(x, w, b)[0], w, dout)
db_num = eval_numerical_gradient_array(lambda b: affine_forward(x, w, b)[0], b, dout)
compare("dx", dx, dx_num, 1e-7)
compare("dw", dw, dw_num, 1e-7)
compare("db", db, db_num, 1e-7)

# %%
# The public checks of this function, on your files as you last saved them.
check("affine_backward")

# %% [markdown]
# ## ReLU, forward and backward
#
# $$\text{out} = \max(0, x) \qquad\qquad dx = \begin{cases} \text{dout} & x > 0 \\ 0 & \text{else}
# \end{cases}$$
#
# Without such a bend between them, two affine layers would be no more than one. Write
# `relu_forward` and `relu_backward`.

# %%
x = np.linspace(-0.5, 0.4, 12).reshape(3, 4)  # none of these numbers is 0, where ReLU has no slope
out, _ = relu_forward(x)
compare("out", out, [[value if value > 0 else 0 for value in row] for row in x], 1e-15)

# %%
# The public checks of this function, on your files as you last saved them.
check("relu_forward")

# %%
np.random.seed(231)
dout = np.random.randn(3, 4)
_, cache = relu_forward(x)
dx_num = eval_numerical_gradient_array(lambda x: relu_forward(x)[0], x, dout)
compare("dx", relu_backward(dout, cache), dx_num, 1e-7)

# %%
# The public checks of this function, on your files as you last saved them.
check("relu_backward")

# %% [markdown] tags=["inline-question", "FullyConnectedNets/1"]
# ## Inline question 1
#
# When the slope of an activation function is zero, or very close to zero, hardly any gradient
# gets through to the layers below, and they stop to learn. Think of functions of a single number:
#
# 1. sigmoid, $1 / (1 + e^{-x})$
# 2. ReLU, $\max(0, x)$
# 3. leaky ReLU, $\max(0.1 x, x)$
#
# Which of them have this problem? For each that has it, name inputs at which it occurs. For each
# that does not, say why not.

# %% [markdown] tags=["inline-answer", "FullyConnectedNets/1"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "FullyConnectedNets/1"]
# Sigmoid and ReLU have it. The slope of the sigmoid is $s(x)(1 - s(x))$: a quarter at 0, and nearly
# nothing as soon as $x$ is far from 0 on either side (for example $x = 10$ and $x = -10$). The
# slope of ReLU is exactly 0 for every negative input; a unit that is negative on all training
# pictures gets no gradient at all and stays as it is. Leaky ReLU never has it: its slope is 1 on
# the right and 0.1 on the left, so some gradient always gets through.

# %% [markdown] tags=["grading-notes", "FullyConnectedNets/1"]
# A quarter of the points for each function judged rightly (yes, yes, no), and a quarter for inputs
# that fit: large positive AND large negative ones for the sigmoid, negative ones for ReLU. Accept
# the remark that many leaky layers in a row can still shrink a gradient. "ReLU at 0 only" misses
# the point.

# %% [markdown]
# ## Sandwich layers
#
# Affine and ReLU nearly always come together, so `layer_utils.py` ties them into one layer. It is
# handed out: read it, because a whole network works in the same way. Forward goes through the
# layers in order and keeps each cache; backward takes them in the opposite order.

# %%
np.random.seed(231)
x, w, b = np.random.randn(2, 3, 4), np.random.randn(12, 5), np.random.randn(5)
dout = np.random.randn(2, 5)
_, cache = affine_relu_forward(x, w, b)
dx, dw, db = affine_relu_backward(dout, cache)

dx_num = eval_numerical_gradient_array(lambda x: affine_relu_forward(x, w, b)[0], x, dout)
dw_num = eval_numerical_gradient_array(lambda w: affine_relu_forward(x, w, b)[0], w, dout)
db_num = eval_numerical_gradient_array(lambda b: affine_relu_forward(x, w, b)[0], b, dout)
compare("dx", dx, dx_num, 1e-6)
compare("dw", dw, dw_num, 1e-6)
compare("db", db, db_num, 1e-6)

# %% [markdown]
# ## Losses: softmax and SVM
#
# A loss turns the scores $s$ of the classes into one number: how wrong are we? Both losses are
# handed out in `layers.py`. With $y$ the right class of a picture, its loss is
#
# $$L_\text{softmax} = -\log \frac{e^{s_y}}{\sum_j e^{s_j}} \qquad\qquad
# L_\text{svm} = \sum_{j \ne y} \max(0,\; s_j - s_y + 1)$$
#
# When all scores are nearly equal, each of the ten classes has probability $1/10$. So the softmax
# loss must be near $\log 10 \approx 2.30$, and the SVM loss near 9. It is a good habit to compute
# such a number before you look.

# %%
np.random.seed(231)
scores, y = 0.001 * np.random.randn(50, 10), np.random.randint(10, size=50)
for loss_function in (softmax_loss, svm_loss):
    loss, dx = loss_function(scores, y)
    print(f"{loss_function.__name__}: {loss:.3f}")
    dx_num = eval_numerical_gradient(lambda s, f=loss_function: f(s, y)[0], scores)
    compare("  gradient", dx, dx_num, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("softmax_loss")

# %% [markdown]
# ## A net with two layers
#
# $$\text{scores} = \max(0,\; X W_1 + b_1)\, W_2 + b_2$$
#
# $$L = L_\text{softmax}(\text{scores}, y) + \tfrac{1}{2}\, \text{reg}
# \left(\sum W_1^2 + \sum W_2^2\right)$$
#
# Write `TwoLayerNet` in `classifiers/fc_net.py`, out of the layers that you have. The second term
# of the loss keeps weights small; do not forget its gradient.

# %%
# The first weights: normal around 0 with the standard deviation asked for. Biases are 0.
np.random.seed(231)
net = TwoLayerNet(input_dim=50, hidden_dim=60, num_classes=10, weight_scale=1e-2)
for name in ("W1", "W2"):
    print(f"{name}: standard deviation {net.params[name].std():.4f} (should be near 0.01)")
for name in ("b1", "b2"):
    print(f"{name}: largest entry {np.abs(net.params[name]).max()} (should be 0)")

# %%
# Scores that can be worked out on paper: 1 picture, 2 numbers in it, 2 hidden units, 2 classes.
net = TwoLayerNet(input_dim=2, hidden_dim=2, num_classes=2)
net.params = {
    "W1": np.array([[1.0, -1.0], [2.0, 0.0]]), "b1": np.array([0.5, 1.0]),
    "W2": np.array([[2.0, 1.0], [3.0, 3.0]]), "b2": np.array([-1.0, 1.0]),
}  # fmt: skip
# Hidden units: 3 * 1 + 1 * 2 + 0.5 = 5.5, and 3 * (-1) + 1 * 0 + 1 = -2, which ReLU makes 0.
compare("scores", net.loss(np.array([[3.0, 1.0]])), [[5.5 * 2 - 1, 5.5 * 1 + 1]], 1e-12)
# Squared weights: 1 + 1 + 4 + 0 in W1, 4 + 1 + 9 + 9 in W2.
plain, _ = net.loss(np.array([[3.0, 1.0]]), np.array([0]))
net.reg = 0.5
penalized, _ = net.loss(np.array([[3.0, 1.0]]), np.array([0]))
compare("penalty", penalized - plain, 0.5 * 0.5 * (6 + 23), 1e-10)

# %%
np.random.seed(231)
X, y = np.random.randn(3, 5), np.array([0, 5, 1])
for reg in (0.0, 0.7):
    net = TwoLayerNet(input_dim=5, hidden_dim=10, num_classes=7, weight_scale=0.3, reg=reg)
    print(f"reg = {reg}")
    check_net(net, X, y, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("TwoLayerNet")

# %% [markdown]
# ## Training
#
# The `Solver` in `solver.py` is handed out. It draws a small random batch of pictures, asks the
# net for the loss and its gradients, lets an update rule move the parameters, and starts again.
# After each *epoch*, one time through the training pictures, it measures accuracy. Read the
# comments at its beginning.
#
# Fill in `two_layer_solver`. Train a `TwoLayerNet` that gets **at least 50 %** of the validation
# pictures right. Pure guessing gets 10 %. Things to try: the learning rate (by factors of 2 or 3;
# start at `1e-3`), its decay, the batch size, the size of the hidden layer, the number of epochs.
#
# How to read the plots: a loss that hardly falls asks for a larger learning rate, a loss that
# jumps or grows for a smaller one. Training accuracy far above validation accuracy means that the
# net learns its pictures by heart.


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


# %%
def two_layer_solver():
    """Train a TwoLayerNet on `data`. Returns the Solver, trained."""
    # BEGIN SOLUTION
    net = TwoLayerNet(hidden_dim=100, reg=1.0)
    solver = Solver(
        net,
        data,
        optim_config={"learning_rate": 1.5e-3},
        lr_decay=0.95,
        batch_size=50,
        num_epochs=10,
        print_every=200,
    )
    solver.train()
    return solver
    # END SOLUTION


np.random.seed(231)
solver = two_layer_solver()
print(f"best validation accuracy: {solver.best_val_acc:.3f} (should be at least 0.5)")
plot_training({"two layers": solver})

# What did the hidden units learn? Each looks for pictures that are like its weights.
weights = solver.model.params["W1"].T.reshape(-1, 3, 32, 32)
plt.figure(figsize=(6, 6))
plt.imshow(mosaic(weights[:100], columns=10))
plt.title("Weights of hidden units, each as a picture")
plt.xlabel("pixel")
plt.ylabel("pixel")
plt.show()

# %% [markdown]
# ## A net of any depth
#
# Write `FullyConnectedNet` in `fc_net.py`: any number of hidden layers, each affine and then ReLU,
# and an affine layer at the end. Leave normalization and dropout for the other two notebooks, but
# look at where they will go.
#
# First check: with small weights all scores are nearly equal, so the loss without a penalty
# should be near $\log 10$. Then come the gradients, at larger weights. If a single error is large,
# try another seed before you search: a ReLU may have been right at its bend.

# %%
np.random.seed(231)
X, y = np.random.randn(2, 15), np.array([3, 7])
net = FullyConnectedNet([20, 30], input_dim=15, weight_scale=1e-2, dtype=np.float64)
print(f"loss with small weights: {net.loss(X, y)[0]:.3f} (should be near 2.303)")
for reg in (0.0, 0.7):
    net = FullyConnectedNet([20, 30], input_dim=15, reg=reg, weight_scale=0.2, dtype=np.float64)
    print(f"reg = {reg}")
    check_net(net, X, y, 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("FullyConnectedNet")

# %% [markdown]
# ## Learn 50 pictures by heart
#
# A net that works can always learn a handful of pictures by heart. If it cannot, something is
# broken, so this is a quick test of everything together. **Reach a training accuracy of 1.0 on 50
# pictures within 20 epochs**, first with three layers, then with five.
#
# Fill in the two functions. There are two numbers to choose: `weight_scale`, the size of the first
# weights, and `learning_rate`. If the loss does not move, the weights or the rate are too small. If
# it becomes huge or `nan`, one of them is too large.


# %%
def three_layer_settings():
    """Return (weight_scale, learning_rate) for a net of three layers."""
    # BEGIN SOLUTION
    return 2e-2, 3e-3
    # END SOLUTION


def overfit(hidden_dims, weight_scale, learning_rate):
    """Train a net on 50 pictures for 20 epochs. Returns the Solver."""
    net = FullyConnectedNet(hidden_dims, weight_scale=weight_scale, dtype=np.float64)
    solver = Solver(
        net,
        few(50),
        optim_config={"learning_rate": learning_rate},
        batch_size=25,
        num_epochs=20,
        verbose=False,
    )
    solver.train()
    best = max(solver.train_acc_history)
    print(f"best training accuracy: {best:.2f} (should be 1.00)")
    return solver


np.random.seed(231)
plot_training({"three layers": overfit([100, 100], *three_layer_settings())})


# %%
def five_layer_settings():
    """Return (weight_scale, learning_rate) for a net of five layers."""
    # BEGIN SOLUTION
    return 7e-2, 2e-3
    # END SOLUTION


np.random.seed(231)
settings = five_layer_settings()
plot_training({"five layers": overfit([100, 100, 100, 100], *settings)})

# %% [markdown] tags=["inline-question", "FullyConnectedNets/2"]
# ## Inline question 2
#
# You had to find a weight scale twice. Which of the two nets, with three or with five layers, was
# pickier about it? Explain what happens to the signal on its way up, and to the gradient on its way
# down, when every layer has weights that are a little too small, or a little too large.

# %% [markdown] tags=["inline-answer", "FullyConnectedNets/2"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "FullyConnectedNets/2"]
# The one with five layers. Each layer multiplies the size of the signal by about the same factor,
# which is proportional to the weight scale; the gradient gets the same factor at each layer on its
# way back. Over L layers that is the factor to the power L. Too small by a half in each layer is an
# eighth for three layers but a thirty-second for five: scores and gradients fade to nothing and
# the loss stays where it began. Too large grows in the same way, and ends in huge losses or nan.
# So the deeper the net, the narrower the range of scales that works.

# %% [markdown] tags=["grading-notes", "FullyConnectedNets/2"]
# Half of the points for "the deeper one", half for the reason: factors that multiply from layer to
# layer, for the signal or for the gradient, in both directions (fading and growing). "It has more
# parameters" or "the landscape is more complicated" alone earns the first half only.

# %% [markdown]
# ## Better update rules: momentum
#
# So far each step went straight along the gradient $g$: $w \leftarrow w - \eta g$. Momentum
# keeps a velocity $v$, like a ball that rolls down:
#
# $$v \leftarrow \mu v - \eta g \qquad\qquad w \leftarrow w + v$$
#
# Write `sgd_momentum` in `optim.py`. The check takes two steps, with the gradients 3 and then -1,
# which can be followed on paper.


# %%
def two_steps(rule, settings):
    """Let `rule` take two steps from w = 1, with gradients 3 and -1. Returns w after each."""
    config, places = dict(settings), []
    w = np.array([1.0])
    for gradient in (3.0, -1.0):
        w, config = rule(w, np.array([gradient]), config)
        places.append(float(w[0]))
    return places


# Velocity: -0.1 * 3 = -0.3, then 0.5 * (-0.3) - 0.1 * (-1) = -0.05.
places = two_steps(sgd_momentum, {"learning_rate": 0.1, "momentum": 0.5})
compare("sgd_momentum", places, [1 - 0.3, 1 - 0.3 - 0.05], 1e-12)

# %%
# The public checks of this function, on your files as you last saved them.
check("sgd_momentum")

# %% [markdown]
# ## RMSProp and Adam
#
# RMSProp gives each weight a step size of its own. It keeps an average $c$ of squared gradients and
# divides by its root:
#
# $$c \leftarrow \rho c + (1 - \rho)\, g^2 \qquad\qquad w \leftarrow w - \eta\,
# \frac{g}{\sqrt{c} + \epsilon}$$
#
# Adam averages the gradient as well. Both averages start at zero and are too small at first, which
# the division by $1 - \beta^t$ puts right; $t$ is 1 in the first step:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2
# \qquad w \leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
#
# Write `rmsprop` and `adam`.

# %%
# c: 0.25 * 9 = 2.25, then 0.75 * 2.25 + 0.25 * 1 = 1.9375.
places = two_steps(rmsprop, {"learning_rate": 0.1, "decay_rate": 0.75})
first = 1 - 0.1 * 3 / np.sqrt(2.25)
compare("rmsprop", places, [first, first + 0.1 * 1 / np.sqrt(1.9375)], 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("rmsprop")

# %%
# m: 0.5 * 3 = 1.5, then 0.5 * 1.5 - 0.5 * 1 = 0.25. v is the c of the cell above.
# At t = 1, m / 0.5 is 3 and v / 0.25 is 9. At t = 2, they are divided by 0.75 and by 0.4375.
places = two_steps(adam, {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.75})
first = 1 - 0.1 * 3 / 3
second = first - 0.1 * (0.25 / 0.75) / np.sqrt(1.9375 / 0.4375)
compare("adam", places, [first, second], 1e-6)

# %%
# The public checks of this function, on your files as you last saved them.
check("adam")

# %% [markdown]
# Now the four rules race. A net of six layers trains for five epochs on 4,000 pictures with each.
# Plain SGD should come last.

# %%
solvers = {}
for rule, learning_rate in (
    ("sgd", 5e-3),
    ("sgd_momentum", 5e-3),
    ("rmsprop", 1e-4),
    ("adam", 1e-3),
):
    np.random.seed(231)  # the same first weights and the same batches for all
    net = FullyConnectedNet([100, 100, 100, 100, 100], weight_scale=5e-2)
    solvers[rule] = Solver(
        net,
        few(4000),
        update_rule=rule,
        optim_config={"learning_rate": learning_rate},
        num_epochs=5,
        verbose=False,
    )
    solvers[rule].train()
    train, val = solvers[rule].train_acc_history[-1], solvers[rule].best_val_acc
    print(f"{rule:12} training accuracy at the end {train:.3f}, best validation {val:.3f}")
plot_training(solvers)

# %% [markdown] tags=["inline-question", "FullyConnectedNets/3"]
# ## Inline question 3
#
# AdaGrad, an older rule, also divides by the root of squared gradients. But it adds them up:
#
# $$c \leftarrow c + g^2 \qquad\qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{c} + \epsilon}$$
#
# After many steps a net trained with AdaGrad hardly moves any more, even where the loss could still
# fall. Why? Does Adam have the same problem? Explain by what becomes of the denominator.

# %% [markdown] tags=["inline-answer", "FullyConnectedNets/3"]
# *Your answer:*

# %% [markdown] tags=["model-answer", "FullyConnectedNets/3"]
# In AdaGrad $c$ is a sum of squares: it can only grow. With gradients of about the same size, after
# t steps $c$ is about $t g^2$, so a step is about $\eta / \sqrt{t}$ and shrinks towards zero, no
# matter how much is left to learn. Adam does not have this problem. Its $v$ is a moving average,
# which forgets old gradients and stays near the present $g^2$; the steps keep a size of about
# $\eta$. (They do not shrink by themselves even near a minimum, which is why one lets the learning
# rate decay.)

# %% [markdown] tags=["grading-notes", "FullyConnectedNets/3"]
# Half of the points for AdaGrad: the sum never shrinks, so the steps do. Half for Adam: no, because
# the average forgets. Correct remarks on RMSProp in the place of Adam's denominator are as good.
# "The learning rate is too small" alone is no answer.

# %% [markdown]
# ## Your best model
#
# Put together what you know: a net of any depth, the update rule of your choice, and, once you have
# done the other two notebooks, normalization and dropout. **Train it on all training pictures, and
# reach at least 50 % on the validation pictures; 56 % is very good.** Choose by validation accuracy
# only. The test pictures tell at the end what your net does on pictures that had no part in any
# choice, so look at them once.


# %%
def best_model():
    """Train your best net on `data`. Returns the trained net."""
    # BEGIN SOLUTION
    # Three hidden layers with batch normalization, which lets Adam take large steps, in batches
    # large enough for its statistics. The rate decays, so that the last steps are small ones.
    net = FullyConnectedNet([100, 100, 100], normalization="batchnorm", weight_scale=2e-2)
    solver = Solver(
        net,
        data,
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        lr_decay=0.9,
        batch_size=200,
        num_epochs=10,
        print_every=50,
    )
    solver.train()
    plot_training({"best model": solver})
    return net
    # END SOLUTION


np.random.seed(231)
net = best_model()
for name in ("val", "test"):
    predicted = np.argmax(net.loss(data[f"X_{name}"]), axis=1)
    print(f"{name} accuracy: {np.mean(predicted == data[f'y_{name}']):.3f}")
