"""The net hands 1 - p to dropout; all else is right for the share that it keeps."""

FAILS = {"FullyConnectedNet.dropout": ["training"]}
CHANGE = {"FullyConnectedNet.__init__": [['"p": dropout}', '"p": 1 - dropout}']]}
