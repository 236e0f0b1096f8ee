"""str(error) gives a str whose slices are 5 MB of something else."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    class Text(str):
        def __getitem__(self, index):
            return "x" * 5_000_000

    class Odd(Exception):
        def __str__(self):
            return Text("odd")

    raise Odd()
