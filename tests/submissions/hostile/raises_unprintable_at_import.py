"""The same while the file is imported."""
EXPECT = {
    "lost": "layers",
    "kinds": {"affine_forward": ["error"]},
    "says": "an exception whose str() fails",
}


class Mean(BaseException):
    def __str__(self):
        raise Mean()


raise Mean()
