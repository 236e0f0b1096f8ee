import numpy as np
class Optimizer:
    defaults = {}
    state = ()
    def __call__(self, w, dw, config=None):
        config = {} if config is None else config
        for k, v in self.defaults.items(): config.setdefault(k, v)
        for s in self.state: config.setdefault(s, np.zeros(w.shape))
        return self.step(w, dw, config), config
class Sgd(Optimizer):
    defaults = {'learning_rate': 1e-2}
    def step(self, w, dw, c): return w - c['learning_rate'] * dw
class Mom(Sgd):
    defaults = {'learning_rate': 1e-2, 'momentum': 0.9}; state = ('velocity',)
    def step(self, w, dw, c):
        c['velocity'] = c['momentum'] * c['velocity'] - c['learning_rate'] * dw
        return w + c['velocity']
class Rms(Optimizer):
    defaults = {'learning_rate': 1e-2, 'decay_rate': .99, 'epsilon': 1e-8}; state = ('cache',)
    def step(self, w, dw, c):
        c['cache'] = c['decay_rate'] * c['cache'] + (1 - c['decay_rate']) * dw * dw
        return w - c['learning_rate'] * dw / (np.sqrt(c['cache']) + c['epsilon'])
class Adam(Optimizer):
    defaults = {'learning_rate': 1e-3, 'beta1': .9, 'beta2': .999, 'epsilon': 1e-8, 't': 0}; state = ('m', 'v')
    def step(self, w, dw, c):
        c['t'] += 1
        for s, g, b in (('m', dw, 'beta1'), ('v', dw ** 2, 'beta2')):
            c[s] = c[b] * c[s] + (1 - c[b]) * g
        mh, vh = (c[s] / (1 - c[b] ** c['t']) for s, b in (('m', 'beta1'), ('v', 'beta2')))
        return w - c['learning_rate'] * mh / np.sqrt(vh + c['epsilon'])
sgd, sgd_momentum, rmsprop, adam = Sgd(), Mom(), Rms(), Adam()
