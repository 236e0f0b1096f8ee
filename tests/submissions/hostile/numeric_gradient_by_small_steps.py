"""A backward pass by differences with a small step: too rough, or right; a person must look."""
EXPECT = {"lost": {}, "maybe_lost": "layernorm_backward", "flags": ["numeric_gradient"]}

right_layernorm_forward = layernorm_forward


def layernorm_forward(x, gamma, beta, ln_param):
    out, _ = right_layernorm_forward(x, gamma, beta, ln_param)
    return out, (x, gamma, beta, ln_param)


def layernorm_backward(dout, cache):
    x, gamma, beta, ln_param = cache
    values, gradients, h = [x, gamma, beta], [], 1e-6
    for number, value in enumerate(values):
        gradient = np.zeros(value.shape)
        for index in np.ndindex(*value.shape):
            up, down = list(values), list(values)
            up[number], down[number] = value.copy(), value.copy()
            up[number][index] += h
            down[number][index] -= h
            above = layernorm_forward(*up, ln_param)[0]
            below = layernorm_forward(*down, ln_param)[0]
            gradient[index] = np.sum((above - below) * dout) / (2 * h)
        gradients.append(gradient)
    return tuple(gradients)
