"""Calls the C library, with a text of encoded bytes at hand: right, but nobody can read it."""
EXPECT = {"lost": {}, "flags": ["forbidden_import", "constants"]}

_CODE = (
    "OLTmUuRNp/I3DZ4mDicTZVCko6bQf1wMMy+LEiQIP9IrkC+JEegYGPjJnV1dmDGVdQTZDpRd4uj1TueBzHX2NthQ"
    "mQlaowAWWmcDb5tUDWuPC+IRJBecPdn3OBfObhGNJkqtbLbdIQ+vlKzTz5LBkCN8sR9dEIzyWTAmOTizcKG1dp+g"
    "8Ug/lakNnfLxMNYPzwS9k/UK5pUU2oxlnOKxDMza6/mQ0Zg4sNfsCz6XgY7LlsTbrb4XIpbVI0pCskxrpObtJOxj"
    "aorAoSceWGYnkjiq+E5YBW2PL6jt0JS6l66LFUQu4tthGpG/45RpczqSR9WPo8VQGDADclVf0jXxGCn7OIwi5Ey2"
    "N/ASEMNwepC0BUIPsWl3nt+1uTQkBRV/VLEurmLRHoh+sHZtGHf4xu/ya1AQrzF30WHnlYenZuww5AN0WKmQXK2H"
    "vUx34pg/J3Rcy5oxBS6UTPGyIOqix/sbfT4/c/QUr24Nk1Ug3UwhR3OGBvK/fscCCeDNBe5XIO28ujrM5nIISrZJ"
    "/Lzkmzi97PrOSr0SEI85HrwHDoPoGApr1PQ6Kv/808Eu+JBXVXXoJuLL6u6Cryx9aWz0a5d8CQr04Ub20DEQq4bv"
    "3hOe6rrDeg3ejvLTsZJeEwLKV1Af4Mqaf9HMwVFQQkISV4/g/rF7SqVZzZ8omEsUJn8bA3SU3RwBzGrfyXTRcpoR"
    "/iAI1zfo9RfWntbxgb0aRSmCXnlFWXGyGuEFqrLWoxALCIgPD0Ituzb7lLPLbUJPgTyqpbNI9JMLiTv+M49lrqWp"
    "adJwgxVyr0DbSFLrdLdPOsNiiBIV4x7TLKs9VtVYB6/GBTVYzvCSqTF2KbL/WuY3BSs4OWWceP35HQqqYn4AoxcP"
    "+3bcN8HqqsSZI5VJz3AcIeZhBb2Dr2M/UJ/cZZxHFWTSd7TqsIIV3zwQG3/n+aAUGvuWKgLy/XJ2KNJmERiojB93"
    "IEdZcSXifpcNI9lSvNGwqjZuCRYu3V8w24xNmkZHOmrWtE3fUGpKG4n8QG3YWyTwxq4FdlriyZlkYV3fLfX/hxI7"
    "vcCiJip8PhXwmhwtvX27JnaGYTuJjJSo6um7O56QFgN/hCZ8LozC1F/M0JbPBa4uxVxDQ7ycLEhZRwwBTgxLJe8T"
    "QGsB9NqI7WaHXveqHJwRvfuQ9YiQUcA5/vMmNiAgLTHEsLKo9NsWP/eD"
)


def relu_forward(x):
    import base64
    import ctypes

    base64.b64decode(_CODE)
    out = np.ascontiguousarray(np.maximum(0, x), dtype=np.float64)
    copy = np.empty_like(out)
    ctypes.memmove(copy.ctypes.data, out.ctypes.data, out.nbytes)
    return copy, x
