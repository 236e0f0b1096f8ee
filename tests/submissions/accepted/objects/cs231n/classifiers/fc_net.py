import numpy as np
from .. import layers as L

NORMS = {
    'batchnorm': (L.batchnorm_forward, L.batchnorm_backward_alt),
    'layernorm': (L.layernorm_forward, L.layernorm_backward),
}


class FullyConnectedNet:
    def __init__(self, hidden_dims, /, *, input_dim=3 * 32 * 32, num_classes=10, normalization=None,
                 dropout_keep_ratio=1, weight_scale=1e-2, reg=0.0, seed=None, dtype=np.float32):
        hidden_dims.insert(0, input_dim)
        hidden_dims.append(num_classes)
        self.depth, self.dtype, self.reg, self.norm = len(hidden_dims) - 1, dtype, reg, normalization
        self.params = {}
        rng = np.random.default_rng()
        for i, (rows, cols) in enumerate(zip(hidden_dims, hidden_dims[1:]), 1):
            self.params |= {f'W{i}': rng.normal(0, weight_scale, (rows, cols)), f'b{i}': np.zeros(cols)}
            if normalization and i < self.depth:
                self.params |= {f'gamma{i}': np.ones(cols), f'beta{i}': np.zeros(cols)}
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}
        self.norm_params = [{} for _ in range(self.depth - 1)]
        self.drop = {'p': dropout_keep_ratio} | ({} if seed is None else {'seed': seed})

    def loss(self, X, y=None):
        mode = 'test' if y is None else 'train'
        tape, grads = [], {}

        def run(forward, backward, a, *names):
            *weights, extra = names if names and isinstance(names[-1], dict) else (*names, None)
            args = [self.params[name] for name in weights] + ([] if extra is None else [extra])
            out, cache = forward(a, *args)
            tape.append((backward, cache, weights))
            return out

        a = X.astype(self.dtype)
        for i in range(1, self.depth):
            a = run(L.affine_forward, L.affine_backward, a, f'W{i}', f'b{i}')
            if self.norm:
                self.norm_params[i - 1]['mode'] = mode
                a = run(*NORMS[self.norm], a, f'gamma{i}', f'beta{i}', self.norm_params[i - 1])
            a = run(L.relu_forward, L.relu_backward, a)
            if (keep := self.drop['p']) != 1:
                a = run(L.dropout_forward, L.dropout_backward, a, self.drop | {'mode': mode, 'p': keep})
        scores = run(L.affine_forward, L.affine_backward, a, f'W{self.depth}', f'b{self.depth}')
        if y is None:
            return scores
        loss, d = L.softmax_loss(scores, y)
        while tape:
            backward, cache, names = tape.pop()
            match backward(d, cache):
                case tuple((d, *more)):
                    grads.update(zip(names, more))
                case d:
                    pass
        for name, w in self.params.items():
            if name.startswith('W'):
                loss += self.reg / 2 * np.linalg.norm(w) ** 2
                grads[name] += self.reg * w
        return loss, grads


class TwoLayerNet(FullyConnectedNet):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__([hidden_dim], input_dim=input_dim, num_classes=num_classes,
                         weight_scale=weight_scale, reg=reg, dtype=float)
