"""Only the first twenty units of a layer are used."""

FAILS = {'FullyConnectedNet': ['scores', 'loss', 'gradients'], 'FullyConnectedNet.dropout': ['training', 'gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        scores, scores_cache', '''        out[:, 20:] = 0
        scores, scores_cache''']]
}
