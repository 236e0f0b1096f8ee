"""Control characters, lone surrogates, NUL, bidi and HTML in a message, a type name and a print."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    text = "\x00\x1b]52;c;eA==\x07\ud800\udfff\u202e<script>alert(1)</script>\r\n\x9b31m"
    print(text)
    raise type("E\x1b[31m\n" + text.replace("\x00", ""), (Exception,), {})(text)
