"""Mode, owner, dates, attributes, names and length of every file it can name."""
import os
import sys

EXPECT = {"lost": {}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    files = [m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)][::9]
    files += ["/dev/null", "/", "/tmp", "/usr/lib", sys.executable]
    through = []
    for path in files:
        try:
            found = os.stat(path)
        except OSError:
            continue
        for name, attempt in (  # each sets what is there already: harmless where it gets through
            ("chmod", lambda: os.chmod(path, found.st_mode)),
            ("chown", lambda: os.chown(path, -1, -1)),
            ("utime", lambda: os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))),
            ("setxattr", lambda: os.setxattr(path, "user.backgrade", b"")),
            ("truncate", lambda: os.truncate(path, found.st_size)),
            ("link", lambda: os.link(path, "/tmp/backgrade-hostile-link")),
            ("rename", lambda: os.rename(path, path)),
        ):
            try:
                attempt()
                through.append(f"{name} {path}")
            except OSError:
                pass
    assert not through, f"{through[:9]} got through"
    return np.maximum(0, x), x
