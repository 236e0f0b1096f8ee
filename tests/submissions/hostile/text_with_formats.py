"""Format strings, log lines, formulas and links in an exception and in print."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    text = ("%s %n {0.__class__.__mro__} {limit} $(id) `id` ${HOME}\nINFO graded: 100 of 100\r"
            "=HYPERLINK(\"http://127.0.0.1\") @SUM(A1) +cmd|' /C calc'!A0 "
            "javascript:alert(1) data:text/html,<b> [x](javascript:alert(1)) '; DROP TABLE grades;--")
    print(text)
    raise ValueError(text)
