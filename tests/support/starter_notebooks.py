"""The notebooks of the course years 2016 to 2026 as their layouts were, in our own words.

Imports, star imports, names of arguments, prints of Python 2, cells for another machine, plots and
kernels are those of the year; nets and data are tiny. `handed_in` returns a whole submission: the
year's files with solved ones laid over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tests.support import starters

YEARS = tuple(range(2016, 2027))
MINOR = {2016: 0, 2017: 0, 2018: 2, 2019: 2, 2020: 4, 2021: 4, 2022: 2, 2023: 2, 2024: 5, 2025: 0}
# Files of a starter that no longer run as they are; the grader lays its own over most of them.
OLD_FILES = {
    "data_utils.py": "from scipy.misc import imread\nfrom six.moves import cPickle as pickle\n",
    "solver.py": "from future import standard_library\nstandard_library.install_aliases()\n",
    "gradient_check.py": "from past.builtins import xrange\n",
    "vis_utils.py": "from past.builtins import xrange\nfrom math import sqrt, ceil\n",
    "fast_layers.py": "try:\n    from cs231n.im2col_cython import col2im_cython\n"
    "except ImportError:\n    print('run the build first')\nfrom cs231n.im2col import *\n",
}


def handed_in(year: int, solved: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what a student of this year hands in whose files in the package are `solved`."""
    old = {f"cs231n/{name}": text.encode() for name, text in OLD_FILES.items()}
    return {**starters.files(year), **old, **notebooks(year), **solved}


def notebooks(year: int) -> dict[str, bytes]:
    """Return the notebooks of a year by name."""
    wanted = {"FullyConnectedNets": _connected, "BatchNormalization": _norm, "Dropout": _dropout}
    if year >= 2025:  # it moved to assignment 1
        del wanted["FullyConnectedNets"]
    return {
        f"{name}.ipynb": _written(year, [*_head(year, name), *cells(year)])
        for name, cells in wanted.items()
    }


def _written(year: int, cells: list[str]) -> bytes:
    """Return an .ipynb; a cell whose text begins with # and a space or more #s is markdown."""
    minor = MINOR.get(year, 5)
    rows = []
    for number, text in enumerate(cells):
        is_text = text.startswith("#: ")
        if is_text:
            text = text.removeprefix("#: ")
        elif year == 2016:
            text = re.sub(r"(?m)^( *)print\((.*)\)$", r"\1print \2", text)
            text = re.sub(r"\brange\(", "xrange(", text.replace(".items()", ".iteritems()"))
        row = {"cell_type": "markdown" if is_text else "code", "metadata": {}, "source": text}
        row["source"] = text.splitlines(keepends=True)
        if not is_text:
            row |= {"execution_count": None, "outputs": []}
            if year <= 2017:
                row["metadata"] = {"collapsed": False}
        if minor >= 5:
            row["id"] = f"cell{number:04d}"
        rows.append(row)
    kernel = "python2" if year == 2016 else "python3"
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    written = {"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    return json.dumps(written).encode()


MOUNT = """\
{comment}
from google.colab import drive
drive.mount('/content/drive'{remount})

# Which folder of your Drive holds the assignment?
FOLDERNAME = None
assert FOLDERNAME is not None, "say which folder"

import sys
sys.path.append('/content/drive/My Drive/{{}}'.format(FOLDERNAME))

# Fetch the images.
%cd {home}drive/My\\ Drive/$FOLDERNAME/cs231n/datasets/
!bash get_datasets.sh
%cd /content"""
SHIM = """\
# newer Pythons have no imp, which autoreload asks for
import importlib, sys, types
if 'imp' not in sys.modules:
    shim = types.ModuleType('imp')
    shim.reload = importlib.reload
    sys.modules['imp'] = shim"""
SETUP = """\
{first}
{future}import time
import numpy as np
import matplotlib.pyplot as plt
from cs231n.classifiers.fc_net import *
from cs231n.data_utils import get_CIFAR10_data
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
from cs231n.solver import Solver

%matplotlib inline
plt.rcParams['figure.figsize'] = (10.0, 8.0) # default size of plots
plt.rcParams['image.interpolation'] = 'nearest'
plt.rcParams['image.cmap'] = 'gray'

%load_ext autoreload
%autoreload 2

def rel_error(x, y):
    ''' the relative error '''
    return np.max(np.abs(x - y) / (np.maximum(1e-8, np.abs(x) + np.abs(y))))
{more}"""
STATISTICS = """
def print_mean_std(x,axis=0):
    print('  means: ', x.mean(axis=axis))
    print('  stds:  ', x.std(axis=axis))
    print()
"""


def _head(year: int, name: str) -> Iterator[str]:
    if year >= 2026:
        yield "#: ### Student Declaration\n- [ ] I confirm: my own work.\n\n_Your Answer_"
    if year >= 2020:
        says = "# this mounts" if year == 2020 else "# This mounts"
        comment = f"{says} your Google Drive to the Colab VM."
        remount = ", force_remount=True" if year == 2020 else ""
        home = "" if year == 2020 else "/content/"
        yield MOUNT.format(comment=comment, remount=remount, home=home)
    yield f"#: # {name}\nIn this notebook you build on what you have."
    if year >= 2026:
        yield SHIM
    yield SETUP.format(
        first="# As usual, a bit of setup" if year < 2021 else "# Setup cell.",
        future="from __future__ import print_function\n" if 2017 <= year < 2020 else "",
        more=STATISTICS if year >= 2018 and name == "BatchNormalization" else "",
    )
    line = "print('%s: ' % k, v.shape)" if year < 2021 else 'print(f"{k}: {v.shape}")'
    items = "data.items()" if year == 2016 else "list(data.items())"
    yield f"# Load the CIFAR10 data.\n\ndata = get_CIFAR10_data()\nfor k, v in {items}:\n  {line}"


GRADIENTS = """\
{seed}N, D, H1, H2, C = 2, 6, 5, 7, 4
X = np.random.randn(N, D)
y = np.random.randint(C, size=(N,))

for {loop}:
  print('Running check with {name} = ', {name})
  model = FullyConnectedNet([H1, H2], input_dim=D, num_classes=C,
                            {arguments}
                            weight_scale=5e-2, dtype=np.float64)

  loss, grads = model.loss(X, y)
  print('Initial loss: ', loss)

  for name in sorted(grads):
    f = lambda _: model.loss(X, y)[0]
    grad_num = eval_numerical_gradient(f, model.params[name], verbose=False, h=1e-5)
    print('%s relative error: %.2e' % (name, rel_error(grad_num, grads[name])))"""
SMALL = """\
num_train = 20
small_data = {
  'X_train': data['X_train'][:num_train],
  'y_train': data['y_train'][:num_train],
  'X_val': data['X_val'][:20],
  'y_val': data['y_val'][:20],
}
"""
AFFINE = """\
# Test the affine_forward function

num_inputs = 2
input_shape = (4, 5, 6)
output_dim = 3
x = np.linspace(-0.1, 0.5, num=num_inputs * np.prod(input_shape)).reshape(num_inputs, *input_shape)
w = np.linspace(-0.2, 0.3, num=np.prod(input_shape) * output_dim).reshape(-1, output_dim)
b = np.linspace(-0.3, 0.1, num=output_dim)
out, _ = affine_forward(x, w, b)
print('difference: ', rel_error(out, x.reshape(2, -1).dot(w) + b))"""
BACKWARD = """\
x, w, b = np.random.randn(10, 2, 3), np.random.randn(6, 5), np.random.randn(5)
dout = np.random.randn(10, 5)
dx_num = eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout)
dw_num = eval_numerical_gradient_array(lambda w: affine_forward(x, w, b)[0], w, dout)
_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)
print('dx error: ', rel_error(dx_num, dx))
print('dw error: ', rel_error(dw_num, dw))
dx = relu_backward(np.ones((3, 4)), np.linspace(-0.5, 0.5, num=12).reshape(3, 4))
print('relu: ', dx.sum())"""
SANDWICH = """\
from cs231n.layer_utils import affine_relu_forward, affine_relu_backward
x, w, b = np.random.randn(2, 3, 4), np.random.randn(12, 10), np.random.randn(10)
out, cache = affine_relu_forward(x, w, b)
dx, dw, db = affine_relu_backward(np.random.randn(2, 10), cache)
print('dx: ', dx.shape)

num_classes, num_inputs = 10, 50
x = 0.001 * np.random.randn(num_inputs, num_classes)
y = np.random.randint(num_classes, size=num_inputs)
dx_num = eval_numerical_gradient(lambda x: svm_loss(x, y)[0], x, verbose=False)
loss, dx = svm_loss(x, y)
print('loss: ', loss)
print('dx error: ', rel_error(dx_num, dx))
loss, dx = softmax_loss(x, y)
print('loss: ', loss)"""
TWO_LAYER = """\
N, D, H, C = 3, 5, 20, 7
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)
std = 1e-2
model = TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, weight_scale=std)

W1_std = abs(model.params['W1'].std() - std)
b1 = model.params['b1']
assert W1_std < std / 2, 'First layer weights do not seem right'
assert np.all(b1 == 0), 'First layer biases do not seem right'

model.params['W1'] = np.linspace(-0.7, 0.3, num=D*H).reshape(D, H)
model.params['b1'] = np.linspace(-0.1, 0.9, num=H)
scores = model.loss(X)
print(scores.shape)
for reg in [0.0, 0.7]:
  model.reg = reg
  loss, grads = model.loss(X, y)
  for name in sorted(grads):
    f = lambda _: model.loss(X, y)[0]
    grad_num = eval_numerical_gradient(f, model.params[name], verbose=False)
    print('%s relative error: %.2e' % (name, rel_error(grad_num, grads[name])))"""
SOLVER = """\
model = TwoLayerNet()
solver = None

{small}
solver = Solver(model, small_data, update_rule='sgd', optim_config={{'learning_rate': 1e-3}},
                lr_decay=0.95, num_epochs=1, batch_size=10, print_every=100)
solver.train()

plt.subplot(2, 1, 1)
plt.title('Training loss')
plt.plot(solver.loss_history, 'o')
plt.xlabel('Iteration')

plt.subplot(2, 1, 2)
plt.title('Accuracy')
plt.plot(solver.train_acc_history, '-o', label='train')
plt.plot(solver.val_acc_history, '-o', label='val')
plt.plot([0.5] * len(solver.val_acc_history), 'k--')
plt.xlabel('Epoch')
plt.legend(loc='lower right')
plt.gcf().set_size_inches(15, 12)
plt.show()"""
OVERFIT = """\
{small}
weight_scale = 1e-2
learning_rate = 1e-4
model = FullyConnectedNet([20, 20],
              weight_scale=weight_scale, dtype=np.float64)
solver = Solver(model, small_data,
                print_every=10, num_epochs=2, batch_size=10,
                update_rule='sgd',
                optim_config={{
                  'learning_rate': learning_rate,
                }}
         )
solver.train()

plt.plot(solver.loss_history, 'o')
plt.title('Training loss history')
plt.xlabel('Iteration')
plt.ylabel('Training loss')
{grid}plt.show()"""
RULES = """\
from cs231n.optim import sgd_momentum, rmsprop, adam

N, D = 4, 5
w = np.linspace(-0.4, 0.6, num=N*D).reshape(N, D)
dw = np.linspace(-0.6, 0.4, num=N*D).reshape(N, D)
v = np.linspace(0.6, 0.9, num=N*D).reshape(N, D)
config = {'learning_rate': 1e-3, 'velocity': v}
next_w, _ = sgd_momentum(w, dw, config=config)
print('velocity: ', config['velocity'].sum())

cache = np.linspace(0.6, 0.9, num=N*D).reshape(N, D)
next_w, config = rmsprop(w, dw, config={'learning_rate': 1e-2, 'cache': cache})
print('cache: ', config['cache'].sum())

m = np.linspace(0.6, 0.9, num=N*D).reshape(N, D)
config = {'learning_rate': 1e-2, 'm': m, 'v': v.copy(), 't': 5}
next_w, _ = adam(w, dw, config=config)
print('t: ', config['t'])"""
RACE = """\
{small}
solvers = {{}}

for update_rule in ['sgd', 'sgd_momentum', 'adam', 'rmsprop']:
  print('running with ', update_rule)
  model = FullyConnectedNet([10, 10, 10], weight_scale=5e-2)

  solver = Solver(model, small_data,
                  num_epochs=1, batch_size=10,
                  update_rule=update_rule,
                  optim_config={{
                    'learning_rate': 1e-3
                  }},
                  verbose=True)
  solvers[update_rule] = solver
  solver.train()
  print()

{plots}"""
RACE_PLOTS = """\
plt.subplot(3, 1, 1)
plt.title('Training loss')
plt.xlabel('Iteration')

plt.subplot(3, 1, 2)
plt.title('Training accuracy')

for update_rule, solver in list(solvers.items()):
  plt.subplot(3, 1, 1)
  plt.plot(solver.loss_history, 'o', label=update_rule)
  plt.subplot(3, 1, 2)
  plt.plot(solver.train_acc_history, '-o', label=update_rule)

for i in [1, 2]:
  plt.subplot(3, 1, i)
  plt.legend(loc='upper center', ncol=4)
plt.gcf().set_size_inches(15, 15)
plt.show()"""
RACE_AXES = """\
fig, axes = plt.subplots(3, 1, figsize=(15, 15))

axes[0].set_title('Training loss')
for update_rule, solver in solvers.items():
    axes[0].plot(solver.loss_history, label=f"loss_{update_rule}")
    axes[1].plot(solver.train_acc_history, label=f"train_acc_{update_rule}")
for ax in axes:
    ax.legend(loc="best", ncol=4)
    ax.grid(linestyle='--', linewidth=0.5)

plt.show()"""
BEST = """\
best_model = None
{small}
best_model = FullyConnectedNet([20, 20], {normalized}, reg=1e-3, weight_scale=2e-2)
solver = Solver(best_model, small_data, num_epochs=1, batch_size=10, update_rule='adam',
                optim_config={{'learning_rate': 1e-3}}, verbose=False)
solver.train()
print('best: ', solver.best_val_acc)"""
FINAL = """\
y_test_pred = np.argmax(best_model.loss(data['X_test'][:50]), axis=1)
y_val_pred = np.argmax(best_model.loss(data['X_val'][:50]), axis=1)
print('Validation set accuracy: ', (y_val_pred == data['y_val'][:50]).mean())
print('Test set accuracy: ', (y_test_pred == data['y_test'][:50]).mean())"""


def _seed(year: int) -> str:
    return "" if year == 2016 else "np.random.seed(231)\n"


def _normalized(year: int, kind: str = "batchnorm") -> str:
    return "use_batchnorm=True" if year < 2018 else f"normalization='{kind}'"


def _gradients(year: int, loop: str, arguments: str) -> str:
    name = loop.partition(" in ")[0]
    return GRADIENTS.format(seed=_seed(year), loop=loop, arguments=arguments, name=name)


def _connected(year: int) -> Iterator[str]:
    if year < 2021:
        yield AFFINE
        yield BACKWARD
        yield SANDWICH
        yield TWO_LAYER
        yield SOLVER.format(small=SMALL)
    yield _gradients(year, "reg in [0, 3.14]", "reg=reg,")
    grid = "plt.grid(linestyle='--', linewidth=0.5)\n" if year >= 2021 else ""
    yield f"# TODO: find settings.\n{_seed(year)}" + OVERFIT.format(small=SMALL, grid=grid)
    yield "#: ## Inline Question 1:\nWhich was harder?\n\n## Answer:\n[FILL THIS IN]"
    yield RULES
    yield RACE.format(small=SMALL, plots=RACE_PLOTS if year < 2021 else RACE_AXES)
    yield BEST.format(small=SMALL, normalized=_normalized(year))
    yield FINAL


BN_TRAIN = """\
# Check the training-time forward pass
{seed}N, D1, D2, D3 = 200, 50, 60, 3
X = np.random.randn(N, D1)
W1 = np.random.randn(D1, D2)
W2 = np.random.randn(D2, D3)
a = np.maximum(0, X.dot(W1)).dot(W2)

print('Before batch normalization:')
{show}
gamma = np.asarray([1.0, 2.0, 3.0])
beta = np.asarray([11.0, 12.0, 13.0])
a_norm, _ = batchnorm_forward(a, gamma, beta, {{'mode': 'train'}})
print('After: ', a_norm.mean(axis=0))

bn_param = {{'mode': 'train'}}
for t in range(50):
  X = np.random.randn(N, D1)
  a = np.maximum(0, X.dot(W1)).dot(W2)
  batchnorm_forward(a, gamma, beta, bn_param)
bn_param['mode'] = 'test'
a_norm, _ = batchnorm_forward(a, gamma, beta, bn_param)
print('At test time: ', a_norm.mean(axis=0))"""
NORM_BACK = """\
# Gradient check {kind} backward pass
{seed}N, D = 4, 5
x = 5 * np.random.randn(N, D) + 12
gamma = np.random.randn(D)
beta = np.random.randn(D)
dout = np.random.randn(N, D)

param = {param}
fx = lambda x: {kind}_forward(x, gamma, beta, param)[0]
fg = lambda a: {kind}_forward(x, a, beta, param)[0]
fb = lambda b: {kind}_forward(x, gamma, {beta}, param)[0]

dx_num = eval_numerical_gradient_array(fx, x, dout)
da_num = eval_numerical_gradient_array(fg, gamma.copy(), dout)
db_num = eval_numerical_gradient_array(fb, {moved}, dout)

_, cache = {kind}_forward(x, gamma, beta, param)
dx, dgamma, dbeta = {kind}_backward(dout, cache)
print('dx error: ', rel_error(dx_num, dx))
print('dgamma error: ', rel_error(da_num, dgamma))
print('dbeta error: ', rel_error(db_num, dbeta))"""
BN_ALT = """\
{seed}N, D = 100, 500
x = 5 * np.random.randn(N, D) + 12
gamma = np.random.randn(D)
beta = np.random.randn(D)
dout = np.random.randn(N, D)

bn_param = {{'mode': 'train'}}
out, cache = batchnorm_forward(x, gamma, beta, bn_param)

t1 = {clock}()
dx1, dgamma1, dbeta1 = batchnorm_backward(dout, cache)
t2 = {clock}()
dx2, dgamma2, dbeta2 = batchnorm_backward_alt(dout, cache)
t3 = {clock}()

print('dx difference: ', rel_error(dx1, dx2))
print('speedup: %.2fx' % ((t2 - t1) / (t3 - t2)))"""
BN_DEEP = """\
{seed}# Try training a very deep net with batchnorm
hidden_dims = [10, 10, 10]

{small}
weight_scale = 2e-2
bn_model = FullyConnectedNet(hidden_dims, weight_scale=weight_scale, {with_})
model = FullyConnectedNet(hidden_dims, weight_scale=weight_scale, {without})

bn_solver = Solver(bn_model, small_data,
                num_epochs=2, batch_size=10,
                update_rule='adam',
                optim_config={{
                  'learning_rate': 1e-3,
                }},
                verbose=True,print_every=20)
bn_solver.train()

solver = Solver(model, small_data,
                num_epochs=2, batch_size=10,
                update_rule='adam',
                optim_config={{
                  'learning_rate': 1e-3,
                }},
                verbose=True, print_every=20)
solver.train()"""
HISTORY = """\
def plot_training_history(title, label, baselines, bn_solvers, plot_fn, bl_marker='.',
                          bn_marker='.', labels=None):
    '''draw one kind of history'''
    plt.title(title)
    plt.xlabel(label)
    bn_plots = [plot_fn(bn_solver) for bn_solver in bn_solvers]
    bl_plots = [plot_fn(baseline) for baseline in baselines]
    num_bn = len(bn_plots)
    num_bl = len(bl_plots)
    for i in range(num_bn):
        label='with_norm'
        if labels is not None:
            label += str(labels[i])
        plt.plot(bn_plots[i], bn_marker, label=label)
    for i in range(num_bl):
        label='baseline'
        if labels is not None:
            label += str(labels[0])
        plt.plot(bl_plots[i], bl_marker, label=label)
    plt.legend(loc='lower center', ncol=num_bn+num_bl+1)


plt.subplot(3, 1, 1)
plot_training_history('Training loss','Iteration', [solver], [bn_solver],
                      lambda x: x.loss_history, bl_marker='o', bn_marker='o')
plt.subplot(3, 1, 2)
plot_training_history('Training accuracy','Epoch', [solver], [bn_solver],
                      lambda x: x.train_acc_history, bl_marker='-o', bn_marker='-o')
plt.subplot(3, 1, 3)
plot_training_history('Validation accuracy','Epoch', [solver], [bn_solver],
                      lambda x: x.val_acc_history, bl_marker='-o', bn_marker='-o')

plt.show()"""
SCALES = """\
{seed}# Try training a very deep net with batchnorm
bn_solvers_ws, solvers_ws = {{}}, {{}}
weight_scales = np.logspace(-4, 0, num=3)
for i, weight_scale in enumerate(weight_scales):
  print('Running weight scale %d / %d' % (i + 1, len(weight_scales)))
  bn_model = FullyConnectedNet([10, 10], weight_scale=weight_scale, {with_})
  model = FullyConnectedNet([10, 10], weight_scale=weight_scale, {without})
  for one, kept in ((bn_model, bn_solvers_ws), (model, solvers_ws)):
    kept[weight_scale] = Solver(one, small_data, num_epochs=1, batch_size=10,
                                update_rule='adam', optim_config={{'learning_rate': 1e-3}},
                                verbose=False, print_every=200)
    kept[weight_scale].train()

best_train_accs, bn_best_train_accs = [], []
final_train_loss = []
for ws in weight_scales:
  best_train_accs.append(max(solvers_ws[ws].train_acc_history))
  bn_best_train_accs.append(max(bn_solvers_ws[ws].train_acc_history))
  final_train_loss.append(np.mean(solvers_ws[ws].loss_history[-100:]))

plt.subplot(2, 1, 1)
plt.semilogx(weight_scales, best_train_accs, '-o', label='baseline')
plt.semilogx(weight_scales, bn_best_train_accs, '-o', label='batchnorm')
plt.legend(ncol=2, loc='lower right')
plt.subplot(2, 1, 2)
plt.semilogx(weight_scales, final_train_loss, '-o', label='baseline')
plt.legend()
plt.gca().set_ylim(1.0, 3.5)

plt.gcf().set_size_inches(15, 15)
plt.show()"""
SIZES = """\
def run_batchsize_experiments(normalization_mode):
    np.random.seed(231)
    solvers = []
    batch_sizes = [5,10]
    for batch_size in batch_sizes:
        normalization = normalization_mode if batch_size > 5 else None
        model = FullyConnectedNet([10, 10], weight_scale=2e-2, normalization=normalization)
        solver = Solver(model, small_data, num_epochs=1, batch_size=batch_size,
                        update_rule='adam', optim_config={{'learning_rate': 10**(-3.5)}},
                        verbose=False)
        solver.train()
        solvers.append(solver)
    return solvers, batch_sizes

solvers_bsize, batch_sizes = run_batchsize_experiments('{kind}')
plt.subplot(2, 1, 1)
plot_training_history('Training accuracy ({kind})','Epoch', [solvers_bsize[0]],
                      solvers_bsize[1:], lambda x: x.train_acc_history,
                      bl_marker='-^', bn_marker='-o', labels=batch_sizes)
plt.gcf().set_size_inches(15, 10)
plt.show()"""


def _norm(year: int) -> Iterator[str]:
    seed, old = _seed(year), year < 2018
    show = "print('  means: ', a.mean(axis=0))" if old else "print_mean_std(a,axis=0)"
    yield BN_TRAIN.format(seed=seed, show=show)
    # The old way: the argument is not looked at, for the array itself is moved.
    beta, moved = ("beta", "beta") if old else ("b", "beta.copy()")
    where = {"seed": seed, "beta": beta, "moved": moved}
    yield NORM_BACK.format(kind="batchnorm", param="{'mode': 'train'}", **where)
    yield BN_ALT.format(seed=seed, clock="time.clock" if year == 2016 else "time.time")
    yield _gradients(year, "reg in [0, 3.14]", f"reg=reg, {_normalized(year)},")
    with_, without = _normalized(year), "use_batchnorm=False" if old else "normalization=None"
    yield BN_DEEP.format(seed=seed, small=SMALL, with_=with_, without=without)
    yield RACE_PLOTS.replace("solvers.items()", "{'bn': bn_solver}.items()") if old else HISTORY
    yield SCALES.format(seed=seed, with_=with_, without=without)
    if not old:
        yield SIZES.format(kind="batchnorm")
        yield NORM_BACK.format(kind="layernorm", param="{}", **where)
        yield SIZES.format(kind="layernorm")


DROP_FORWARD = """\
{seed}x = np.random.randn(500, 500) + 10

for p in {ps}:
  out, _ = dropout_forward(x, {{'mode': 'train', 'p': p}})
  out_test, _ = dropout_forward(x, {{'mode': 'test', 'p': p}})

  print('Running tests with p = ', p)
  print('Mean of input: ', x.mean())
  print('Fraction of train-time output set to zero: ', (out == 0).mean())
  print('Fraction of test-time output set to zero: ', (out_test == 0).mean())
  print()"""
DROP_BACK = """\
{seed}x = np.random.randn(10, 10) + 10
dout = np.random.randn(*x.shape)

dropout_param = {{'mode': 'train', 'p': {p}, 'seed': 123}}
out, cache = dropout_forward(x, dropout_param)
dx = dropout_backward(dout, cache)
dx_num = eval_numerical_gradient_array(lambda xx: dropout_forward(xx, dropout_param)[0], x, dout)

print('dx relative error: ', rel_error(dx, dx_num))"""
DROP_TRAIN = """\
# Train two identical nets, one with dropout and one without
{seed}{small}
solvers = {{}}
dropout_choices = {choices}
for {name} in dropout_choices:
  model = FullyConnectedNet([20], {argument}={name})
  print({name})

  solver = Solver(model, small_data,
                  num_epochs=1, batch_size=10,
                  update_rule='adam',
                  optim_config={{
                    'learning_rate': 5e-4,
                  }},
                  verbose=True, print_every=100)
  solver.train()
  solvers[{name}] = solver

train_accs = []
for {name} in dropout_choices:
  solver = solvers[{name}]
  train_accs.append(solver.train_acc_history[-1])

plt.subplot(3, 1, 1)
for {name} in dropout_choices:
  plt.plot(solvers[{name}].train_acc_history, 'o', label='%.2f dropout' % {name})
plt.title('Train accuracy')
plt.xlabel('Epoch')
plt.ylabel('Accuracy')
plt.legend(ncol=2, loc='lower right')

plt.gcf().set_size_inches(15, 15)
plt.show()"""


def _dropout(year: int) -> Iterator[str]:
    seed, old = _seed(year), year < 2018
    yield DROP_FORWARD.format(seed=seed, ps="[0.3, 0.6, 0.75]" if old else "[0.25, 0.4, 0.7]")
    yield DROP_BACK.format(seed=seed, p=0.8 if old else 0.2)
    argument = "dropout" if year < 2021 else "dropout_keep_ratio"
    values, choices = ("[0, 0.25, 0.5]", "[0, 0.75]") if old else ("[1, 0.75, 0.5]", "[1, 0.25]")
    loop, named = f"{argument} in {values}", f"{argument}={argument}, seed=123,"
    yield _gradients(year, loop, named)
    yield DROP_TRAIN.format(
        seed=seed, small=SMALL, choices=choices, name=argument, argument=argument
    )
