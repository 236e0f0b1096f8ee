"""Nets of all kinds over stand-in layers: right ones all give the same numbers.

A fold says what the stand-ins do: "affine" (gamma * x + beta), "none" (gamma 1 and beta 0), or
"dropout" (twice x in training). Dropout stands behind the activation, whatever that is: what it
multiplies by goes into the weights of the next layer. See grader.diagnosis.folding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs, models, stand_ins
from grader.guest.probes.nn import Implementation

Values = Mapping[str, Array]


def folded(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], fold: str, **net: Any
) -> Outputs:
    """x (T, N, D), y (T, N): T batches in training, then the first one without labels.

    -> loss () and gradients d<name> of the last batch, for the parameters of the net with layers;
    scores (N, C) of a net that was never trained, and behind batch normalization scores_stretched
    of this one. A plain net has no such layers: it gets what they do multiplied into its weights.
    `net` is what models.built takes.
    """
    values = values_of(theta, dims, fold)
    normalization = net.get("normalization")
    plain = normalization is None and net.get("keep", 1) == 1
    model = models.built(nn, x.dtype, dims, **net)
    models.put(model, multiplied(values, dims, fold) if plain else values)
    found: Outputs = {}
    for batch, labels in zip(x, y):
        found = models.loss_of(model, batch.copy(), labels.copy())
    if not plain:
        if normalization == "batchnorm":
            found["scores_stretched"] = models.scores_of(model, x[0].copy())
        fresh = models.built(nn, x.dtype, dims, **net)
        models.put(fresh, values)
        return {**found, "scores": models.scores_of(fresh, x[0].copy())}
    found = unfolded(found, values, dims, fold)
    for name, scale in scales(fold, len(x)).items():
        models.put(model, multiplied(values, dims, fold, scale))
        found[name] = models.scores_of(model, x[0].copy())
    return found


def values_of(theta: Array, dims: list[int], fold: str) -> dict[str, Array]:
    """Return the parameters of a fold: gamma and beta from theta, or what stands for them."""
    values = models.parameters(theta, dims, "any")
    fixed = {"dropout": stand_ins.FACTOR, "none": 1.0}.get(fold)
    for name in values if fixed is not None else ():
        if name.startswith(("gamma", "beta")):
            values[name] = np.full_like(values[name], fixed if name.startswith("gamma") else 0.0)
    return values


def scales(fold: str, batches: int) -> dict[str, float]:
    """Return by what the layers of a fold multiply in test mode, beside what training does."""
    if fold == "dropout":
        return {"scores": 1 / stand_ins.FACTOR}
    return {"scores": 1.0, "scores_stretched": 1.0 + stand_ins.STRETCH * batches}


def multiplied(values: Values, dims: list[int], fold: str, scale: float = 1.0) -> dict[str, Array]:
    """Return weights and biases of a plain net with gamma and beta, times `scale`, in them."""
    plain = {n: values[n] for layer in range(1, len(dims)) for n in (f"W{layer}", f"b{layer}")}
    for layer in range(1, len(dims) - 1):
        gamma, beta = scale * values[f"gamma{layer}"], scale * values[f"beta{layer}"]
        if fold == "dropout":
            plain[f"W{layer + 1}"] = plain[f"W{layer + 1}"] * gamma[:, None]
            continue
        plain[f"W{layer}"] = plain[f"W{layer}"] * gamma
        plain[f"b{layer}"] = plain[f"b{layer}"] * gamma + beta
    return plain


def unfolded(found: Outputs, values: Values, dims: list[int], fold: str) -> Outputs:
    """Return a plain net's gradients as those of the net with layers, by the chain rule."""
    result = dict(found)
    for layer in range(1, len(dims) - 1):
        gamma, w, b = (values[f"{name}{layer}"] for name in ("gamma", "W", "b"))
        if fold == "dropout":
            behind = f"W{layer + 1}"
            if f"d{behind}" in found:
                dw = np.reshape(found[f"d{behind}"], values[behind].shape)
                result[f"d{behind}"] = dw * gamma[:, None]
        elif f"dW{layer}" in found and f"db{layer}" in found:
            dw = np.reshape(found[f"dW{layer}"], w.shape)
            db = np.reshape(found[f"db{layer}"], b.shape)
            result |= {f"dW{layer}": dw * gamma, f"db{layer}": db * gamma, f"dbeta{layer}": db}
            result[f"dgamma{layer}"] = np.sum(dw * w, axis=0) + db * b
    return result
