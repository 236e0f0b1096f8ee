"""Mistakes planted in right submissions of many styles: the line of each is known.

    style, item, file, function, old text, new text

The lines that the new text touches are right to look at; `more` is the text of others that are,
where a line is missing rather than wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.authoring.fixtures.reference import of_package

ACCEPTED = Path(__file__).resolve().parents[1] / "submissions" / "accepted"
FILES = {"layers": "layers.py", "optim": "optim.py", "fc_net": "classifiers/fc_net.py"}


@dataclass(frozen=True)
class Planted:
    """A mistake in an item of a submission; `within` is the text of the definition it stands in."""

    style: str
    item: str
    file: str
    within: str
    old: str
    new: str
    more: str = ""

    def __str__(self) -> str:
        new = self.new.strip().partition("\n")[0]
        return f"{self.style}: {self.item}, {new or f'without {self.old.strip()}'}"

    @property
    def path(self) -> str:
        """The path of the file that has it."""
        return f"cs231n/{FILES[self.file]}"

    def files(self) -> dict[str, bytes]:
        """Return the files of the submission with the mistake in it."""
        files = of_package(ACCEPTED / self.style / "cs231n")
        return {**files, self.path: self._changed(files[self.path].decode())[0].encode()}

    def lines(self) -> set[int]:
        """Return the lines that are right to look at."""
        files = of_package(ACCEPTED / self.style / "cs231n")
        text, start = self._changed(files[self.path].decode())
        first = text[:start].count("\n") + 1
        touched = self.new.strip("\n").count("\n") + 1 if self.new else 0
        found = set(range(first, first + touched))
        begins = text.index(self.within)
        for piece in filter(None, self.more.split("|")):
            found.add(text[: text.index(piece, begins)].count("\n") + 1)
        return found

    def _changed(self, text: str) -> tuple[str, int]:
        begins = text.index(self.within)
        start = text.index(self.old, begins)
        return text[:start] + self.new + text[start + len(self.old) :], start


GRAPH, LOOPS, SHORT, HELPERS = "textbook_graph", "loops", "compact", "helper_layers"
INDEX, OBJECTS, OTHER = "einsum", "objects", "conventions"
BN, BNB, ALT = "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"
LN, LNB = "layernorm_forward", "layernorm_backward"
NET, TWO = "FullyConnectedNet", "TwoLayerNet"


def _layer(style: str, item: str, old: str, new: str, more: str = "", within: str = "") -> Planted:
    return Planted(style, item, "layers", within or f"{item}(", old, new, more)


def _rule(style: str, item: str, old: str, new: str, more: str = "", within: str = "") -> Planted:
    return Planted(style, item, "optim", within or f"{item}(", old, new, more)


def _net(style: str, item: str, old: str, new: str, more: str = "", within: str = "") -> Planted:
    return Planted(style, item, "fc_net", within or f"class {item}", old, new, more)


PLANTED = (
    # every value has a name
    _layer(GRAPH, "affine_backward", "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)"),
    _layer(GRAPH, "affine_backward", "dproduct.dot(w.T)", "x_rows.dot(w).dot(w.T)"),
    _layer(GRAPH, BN, "1.0 / N * np.sum(sq", "1.0 / (N - 1) * np.sum(sq"),
    _layer(GRAPH, BN, "sqrtvar = np.sqrt(var + eps)", "sqrtvar = var + eps"),
    _layer(
        GRAPH,
        BN,
        "running_mean *= momentum\n"
        "        running_mean += (1 - momentum) * mu\n"
        "        running_var *= momentum\n"
        "        running_var += (1 - momentum)",
        "running_mean *= 1 - momentum\n"
        "        running_mean += momentum * mu\n"
        "        running_var *= 1 - momentum\n"
        "        running_var += momentum",
    ),
    _layer(GRAPH, BN, "/ np.sqrt(running_var + eps)", "/ (running_var + eps)"),
    _layer(GRAPH, BN, "out = gamma * xhat + beta", "out = xhat"),
    _layer(GRAPH, BNB, "dgammax * xhat, axis=0)", "dgammax * xmu, axis=0)"),
    _layer(GRAPH, BNB, "dxhat = dgammax * gamma", "dxhat = dgammax"),
    _layer(GRAPH, BNB, "dsqrtvar = -1.0 /", "dsqrtvar = 1.0 /"),
    _layer(GRAPH, BNB, "dvar = 0.5 * 1.0 /", "dvar = 1.0 /"),
    _layer(GRAPH, BNB, "dsq = 1.0 / N * np", "dsq = np"),
    _layer(GRAPH, BNB, "dx = dx1 + dx2", "dx = dx1"),
    _layer(GRAPH, BNB, "dxmu = dxmu1 + dxmu2", "dxmu = dxmu1"),
    _layer(GRAPH, BNB, "divar = np.sum(dxhat * xmu, axis=0)", "divar = dxhat * xmu"),
    _layer(GRAPH, BNB, "dbeta = np.sum(dout, axis=0)", "dbeta = np.mean(dout, axis=0)"),
    _layer(GRAPH, ALT, "dx = N * dout - dbeta", "dx = N * dout"),
    _layer(GRAPH, ALT, "    dx -= xhat * dgamma\n", "", "dx = N * dout|dx *= gamma"),
    _layer(GRAPH, ALT, "    dx *= gamma\n", "", "dx *= ivar|dx -= xhat"),
    _layer(GRAPH, LNB, "dxmu2 = 2 * xmu * dvar / D", "dxmu2 = 2 * xmu * dvar"),
    _layer(GRAPH, LNB, "dxT = dxmu + dmu / D", "dxT = dxmu"),
    _layer(GRAPH, LNB, "dxhatT = (dout * gamma).T", "dxhatT = dout.T"),
    _layer(GRAPH, LN, "sqrtvar = np.sqrt(var + eps)", "sqrtvar = var + eps"),
    _layer(GRAPH, LN, "out = gamma * xhat + beta", "out = xhat + beta"),
    _layer(GRAPH, "softmax_loss", "np.sum(np.log(correct)) / N", "np.sum(np.log(correct))"),
    _layer(GRAPH, "softmax_loss", "-= 1\n", "+= 1\n"),
    _layer(GRAPH, "softmax_loss", "    dx /= N\n", "", "dx[range(N), y] -= 1"),
    _rule(GRAPH, "sgd_momentum", 'v -= config["learning_rate"]', 'v += config["learning_rate"]'),
    _rule(
        GRAPH,
        "adam",
        'm_unbiased = m / (1 - config["beta1"] ** config["t"])',
        "m_unbiased = m",
    ),
    _rule(
        GRAPH,
        "adam",
        'v_unbiased = v / (1 - config["beta2"] ** config["t"])',
        "v_unbiased = v",
    ),
    _rule(GRAPH, "adam", 'config["beta2"] ** config["t"]', 'config["beta2"] ** 2'),
    _rule(GRAPH, "rmsprop", "* dw**2", "* np.abs(dw)"),
    _rule(
        GRAPH,
        "rmsprop",
        'denominator = np.sqrt(config["cache"])',
        'denominator = config["cache"].copy()',
    ),
    _net(GRAPH, TWO, " + 0.5 * self.reg * np.sum(W2**2)", " + 0 * self.reg"),
    _net(
        GRAPH,
        TWO,
        "h1, cache_h1 = relu_forward(a1)\n"
        "        scores, cache_scores = affine_forward(h1, W2, b2)",
        "h1, cache_h1 = relu_forward(a1)\n"
        "        scores, cache_scores = affine_forward(h1, W2, b2)\n"
        "        scores, _ = relu_forward(scores)",
    ),
    _net(GRAPH, NET, "reg_loss += 0.5 * self.reg", "reg_loss += self.reg"),
    _net(
        GRAPH,
        NET,
        "for l in range(1, L + 1):\n            reg_loss += 0.5",
        "for l in range(1, L):\n            reg_loss += 0.5",
        "loss = data_loss + reg_loss",
    ),
    _net(
        GRAPH,
        NET,
        "            dout = relu_backward(dout, cache_relu[l])\n",
        "",
        "dout, dW, db = affine_backward",
    ),
    # number by number
    _layer(LOOPS, "affine_backward", "db[j] += dout[i, j]", "db[j] += dout[i, j] / len(x)"),
    _layer(LOOPS, BNB, "gamma[j] * pull / std[j]", "pull / std[j]"),
    _layer(LOOPS, BNB, "pull = same - 1.0 / n - x", "pull = same - x", "dx[i, j] += dout[k, j]"),
    _layer(
        LOOPS,
        BNB,
        "same - 1.0 / n - x_hat[i, j] * x_hat[k, j] / n",
        "same - 1.0 / n",
        "dx[i, j] += dout[k, j]",
    ),
    _layer(
        LOOPS,
        BNB,
        "dgamma[j] += dout[i, j] * x_hat[i, j]",
        "dgamma[j] += dout[i, j] * x_hat[i, j] / n",
    ),
    _layer(LOOPS, ALT, "- dbeta[j] - x_hat", "- x_hat", "dx[i, j] = gamma[j]"),
    _layer(LOOPS, LNB, "(dout[i, j] * gamma[j] - first - x", "(dout[i, j] * gamma[j] - x"),
    _layer(LOOPS, BN, "std[j] = math.sqrt(var + eps)", "std[j] = var + eps", "x_hat[i, j] = (x"),
    _layer(LOOPS, "softmax_loss", "sum(powers)) / len(x)", "sum(powers))"),
    _layer(LOOPS, "softmax_loss", "dx[i, y[i]] -= 1.0", "dx[i, y[i]] += 1.0"),
    _rule(
        LOOPS,
        "adam",
        "math.sqrt(v[at] / (1 - power2))",
        "math.sqrt(v[at])",
        "next_w[at] = w[at]",
    ),
    _rule(LOOPS, "adam", '("t", 0) + 1', '("t", 0)', "power1 *="),
    _rule(LOOPS, "rmsprop", "math.sqrt(cache[at])", "cache[at]"),
    _rule(LOOPS, "rmsprop", "* dw[at] * dw[at]", "* abs(dw[at])"),
    _rule(LOOPS, "sgd_momentum", "w[at] + v[at]", "w[at] + momentum * v[at] - rate * dw[at]"),
    _net(LOOPS, NET, "loss += 0.5 * self.reg * number", "loss += self.reg * number"),
    # in few lines
    _layer(SHORT, "affine_backward", "dout.sum(0)", "dout.mean(0)"),
    _layer(SHORT, "softmax_loss", "-np.log(p[i, y]).mean()", "-np.log(p[i, y]).sum()"),
    _layer(SHORT, "softmax_loss", "p[i, y] -= 1", "p[i, y] += 1"),
    _layer(SHORT, BNB, " - h * mean(g * h)", "", "return (g - mean(g))", within="_norm_backward("),
    _layer(SHORT, BNB, "(g - mean(g) - h", "(g - h", within="_norm_backward("),
    _layer(SHORT, BN, "m * old + (1 - m) * new", "(1 - m) * old + m * new"),
    _rule(SHORT, "sgd_momentum", '- c["learning_rate"] * dw', '+ c["learning_rate"] * dw'),
    _rule(
        SHORT,
        "adam",
        'm, v = c["m"] / (1 - c["beta1"] ** c["t"]), c["v"] / (1 - c["beta2"] ** c["t"])',
        'm, v = c["m"], c["v"]',
        "return w - c",
    ),
    _rule(SHORT, "rmsprop", 'c["cache"] ** 0.5', 'c["cache"]'),
    _net(SHORT, NET, "self.reg / 2 * (P", "self.reg * (P"),
    # with helpers
    _layer(HELPERS, BN, "std = np.sqrt(var) + eps", "std = var + eps", within="standardize("),
    _layer(
        HELPERS,
        BNB,
        "(size * dx_hat - constant - along)",
        "(size * dx_hat - along)",
        within="standardize_backward(",
    ),
    _layer(
        HELPERS,
        BN,
        "running_mean = momentum * running_mean + (1.0 - momentum) * mean[0]\n"
        "        running_var = momentum * running_var + (1.0 - momentum) * var[0]",
        "running_mean = (1.0 - momentum) * running_mean + momentum * mean[0]\n"
        "        running_var = (1.0 - momentum) * running_var + momentum * var[0]",
    ),
    _rule(
        HELPERS,
        "rmsprop",
        "return keep * old + (1 - keep) * new",
        "return (1 - keep) * old + keep * new",
        within="moving_average(",
    ),
    _rule(HELPERS, "adam", '(1 - np.power(keep, config["t"]))', "(1 - keep)"),
    _rule(HELPERS, "sgd_momentum", 'push = -config["l', 'push = config["l'),
    _net(HELPERS, NET, "sum(0.5 * reg * np", "sum(reg * np", within="l2_penalty("),
    # in index notation
    _layer(INDEX, BNB, "- 1 / n - ein", "- ein"),
    _layer(INDEX, "softmax_loss", " - hot) / len(x)", " - hot)"),
    _layer(INDEX, "affine_backward", 'einsum("nm->m", dout)', 'einsum("nm->m", dout) / len(dout)'),
    _layer(INDEX, LNB, "np.eye(d) - 1 / d - ein", "np.eye(d) - ein"),
    _rule(INDEX, "adam", 'first = c["m"] / (1 - c["beta1"] ** c["t"])', 'first = c["m"]'),
    # with objects
    _layer(
        OBJECTS,
        BNB,
        "g = dout * c.gamma",
        "g = dout",
        "dx = (g - g.mean",
        within="_norm_back(",
    ),
    _layer(
        OBJECTS,
        BN,
        "rho * o + (1 - rho) * s",
        "(1 - rho) * o + rho * s",
        within="class _BatchNorm",
    ),
    _layer(OBJECTS, "affine_backward", "dout.sum(0)", "dout.mean(0)"),
    _rule(
        OBJECTS,
        "sgd_momentum",
        "- c['learning_rate'] * dw",
        "+ c['learning_rate'] * dw",
        within="class Mom",
    ),
    # by other conventions
    _layer(OTHER, BNB, "* -0.5 * inv**3", "* 0.5 * inv**3"),
    _layer(OTHER, BNB, "2 * (x - mean) / N +", "2 * (x - mean) +"),
    _layer(OTHER, BNB, "d = dout * gamma", "d = dout", "dvar = np.sum(d *"),
    _rule(OTHER, "sgd_momentum", "velocity -= rate * dw", "velocity += rate * dw"),
    _net(OTHER, NET, "self.reg * 0.5 * np.sum(W**2)", "self.reg * np.sum(W**2)"),
)  # fmt: skip

# Of these the marked line is another one, mostly the next that the mistake reaches; where it is not
# known what the mistake is, the line that sets the output.
ELSEWHERE = (
    f"{GRAPH}: affine_backward, x_rows.dot(w)",
    f"{GRAPH}: {BNB}, dsq = np",
    f"{GRAPH}: {BNB}, dxmu = dxmu1",
    f"{GRAPH}: {ALT}, dx = N * dout",
    f"{GRAPH}: {ALT}, without dx *= gamma",
    f"{GRAPH}: {LNB}, dxmu2 = 2 * xmu * dvar",
    f"{GRAPH}: {LNB}, dxT = dxmu",
    f"{GRAPH}: softmax_loss, without dx /= N",
    f"{GRAPH}: {TWO}, + 0 * self.reg",
    f"{GRAPH}: {NET}, reg_loss += self.reg",
    f"{LOOPS}: adam, (",
    f"{LOOPS}: rmsprop, cache[at]",
    f"{HELPERS}: {BNB}, (size * dx_hat - along)",
    f"{HELPERS}: {NET}, sum(reg",
    f"{INDEX}: {BNB}, - ein",
    f"{INDEX}: {LNB}, np.eye(d) - ein",
)
