"""Scores for the first ten images only."""

FAILS = {'FullyConnectedNet': ['scores']}


CHANGE = {
    'FullyConnectedNet.loss': [['            return scores', '            return np.where(np.arange(len(X))[:, None] < 10, scores, 0)']]
}
