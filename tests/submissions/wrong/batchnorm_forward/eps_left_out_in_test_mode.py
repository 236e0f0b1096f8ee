"""Test mode divides by the root of running_var alone."""

FAILS = {"batchnorm_forward": ["options"]}
CHANGE = {"batchnorm_forward": [["np.sqrt(running_var + eps)", "np.sqrt(running_var)"]]}
