"""With dropout every hidden unit is dropped, and the last bias is all that is learned."""

FAILS = {'FullyConnectedNet.dropout': ['training', 'gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        scores, scores_cache', '''        if y is not None and self.use_dropout:
            out = 0 * out
        scores, scores_cache''']]
}
