"""Neither RMSProp nor Adam adds epsilon."""

FAILS = {"rmsprop": ["options"], "adam": ["options"]}
CHANGE = {
    "rmsprop": [[' + config["epsilon"])', ")"]],
    "adam": [[' + config["epsilon"])', ")"]],
}
