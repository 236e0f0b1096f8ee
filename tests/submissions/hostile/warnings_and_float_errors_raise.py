"""Turns warnings and float errors into exceptions at import; the right functions cause none."""
import warnings

EXPECT = {"lost": {}}

warnings.simplefilter("error")
np.seterr(all="raise")
