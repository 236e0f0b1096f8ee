"""Fetching CIFAR-10 from a server of our own: broken connections, wrong files, no network."""

import hashlib
import http.server
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import types
from pathlib import Path

import numpy as np
import pytest
from cs231n import data_utils, download

HERE = Path(__file__).resolve().parent.parent.parent


def archive():
    """The bytes of an archive like the published one, with ten images in each batch."""
    written = io.BytesIO()
    rng = np.random.RandomState(0)
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name in ("batches.meta", *download.MEMBERS):
            pixels = rng.randint(256, size=(10, 3072)).astype(np.uint8)
            content = pickle.dumps({b"data": pixels, b"labels": list(range(10))}, 2)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return written.getvalue()


CONTENT = archive()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT from `how`: whole, in ranges, cut off, or not at all."""

    how = "ranges"
    asked = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        if self.how == "gone":
            self.send_error(404)
            return
        start = int(wanted[6:-1]) if wanted and self.how != "no ranges" else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        stop = start + 1000 if self.how == "cut off" else len(CONTENT)
        self.wfile.write(CONTENT[start:stop])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """(url, handler) of a running server; a test changes the handler's `how`."""
    handler = type("Handler", (Server,), {"how": "ranges", "asked": []})
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)
    yield f"http://127.0.0.1:{serving.server_port}/cifar-10-python.tar.gz", handler
    serving.shutdown()
    serving.server_close()


def test_it_is_fetched_once(server, tmp_path, capsys):
    url, handler = server
    path = download.fetch(url, str(tmp_path), SHA256)
    assert Path(path).read_bytes() == CONTENT
    assert download.fetch(url, str(tmp_path), SHA256) == path
    assert handler.asked == [None] and os.listdir(tmp_path) == ["cifar-10-python.tar.gz"]
    assert "0 of 0 MB" in capsys.readouterr().err  # progress, a line where it is no terminal


def test_what_broke_off_goes_on_where_it_stopped(server, tmp_path):
    url, handler = server
    handler.how = "cut off"
    with pytest.raises(download.DownloadError, match="it goes on where it stopped; meanwhile"):
        download.fetch(url, str(tmp_path), SHA256)
    handler.how = "ranges"
    path = download.fetch(url, str(tmp_path), SHA256)
    assert handler.asked == [None, "bytes=1000-"]
    assert Path(path).read_bytes() == CONTENT


def test_a_server_without_ranges_is_asked_for_all_again(server, tmp_path):
    url, handler = server
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(CONTENT[:500])
    handler.how = "no ranges"
    assert Path(download.fetch(url, str(tmp_path), SHA256)).read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_only_checked(server, tmp_path):
    url, handler = server
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(CONTENT)
    assert Path(download.fetch(url, str(tmp_path), SHA256)).read_bytes() == CONTENT
    assert handler.asked == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("part", [b"", b"not the beginning of it"])
def test_a_wrong_file_is_removed_and_never_opened(part, server, tmp_path):
    url, _ = server
    if part:
        (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(part)
    sha256 = SHA256 if part else "0" * 64
    with pytest.raises(download.DownloadError, match="is not the published file.*was removed"):
        download.fetch(url, str(tmp_path), sha256)
    assert os.listdir(tmp_path) == []


def test_an_answer_that_is_an_error_is_told(server, tmp_path):
    url, handler = server
    handler.how = "gone"
    with pytest.raises(download.DownloadError, match="answers 404 .*try again later"):
        download.fetch(url, str(tmp_path), SHA256)


def test_pooch_keeps_the_file_where_it_is_installed(server, tmp_path, monkeypatch):
    """A stand-in for the one function of pooch that is used: it asks our downloader, and checks."""
    url, handler = server

    def retrieve(url, known_hash, fname, path, downloader):
        downloader(url, str(Path(path) / "temporary"), None)
        content = (Path(path) / "temporary").read_bytes()
        assert known_hash == f"sha256:{hashlib.sha256(content).hexdigest()}"
        return str((Path(path) / "temporary").rename(Path(path) / fname))

    logger = types.SimpleNamespace(setLevel=lambda level: None)
    pooch = types.SimpleNamespace(retrieve=retrieve, get_logger=lambda: logger)
    monkeypatch.setitem(sys.modules, "pooch", pooch)
    handler.how = "cut off"
    with pytest.raises(download.DownloadError, match="it goes on where it stopped"):
        download.fetch(url, str(tmp_path), SHA256)
    handler.how = "ranges"
    assert Path(download.fetch(url, str(tmp_path), SHA256)).read_bytes() == CONTENT
    assert handler.asked == [None, "bytes=1000-"]


def test_the_images_are_used_once_they_are_there(server, tmp_path, monkeypatch, capsys):
    url, _ = server
    monkeypatch.setattr(download, "URL", url)
    monkeypatch.setattr(download, "SHA256", SHA256)
    monkeypatch.setattr(data_utils, "DOWNLOADED", str(tmp_path / "datasets"))
    monkeypatch.delenv("BACKGRADE_DATA", raising=False)
    assert data_utils._downloaded() is None
    assert download.main(["download"], data_utils.DOWNLOADED) == 0
    assert "From now on the notebooks use it" in capsys.readouterr().out
    data = data_utils.get_CIFAR10_data(30, 10, 5, subtract_mean=False)
    real = data_utils.load_CIFAR10(str(tmp_path / "datasets"))
    assert np.array_equal(data["X_train"], real[0][:30])


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["download", "more"]])
def test_anything_else_is_a_usage_error(arguments, tmp_path):
    assert download.main(arguments, str(tmp_path)) == 2


def test_an_archive_with_less_in_it_is_told(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(CONTENT[:300])
    with pytest.raises(download.DownloadError, match="cannot be unpacked"):
        download.unpack(str(tmp_path / "a.tar.gz"), str(tmp_path))
    assert not (tmp_path / "cifar-10-batches-py" / "test_batch").exists()


def test_without_a_network_the_command_says_so_in_one_line(tmp_path):
    """The command itself, where every connection is refused."""
    package = tmp_path / "cs231n"
    package.mkdir()
    for name in ("__init__.py", "data_utils.py", "download.py", "synthetic.py"):
        (package / name).write_bytes((HERE / "reference" / "cs231n" / name).read_bytes())
    refused = {name: "http://127.0.0.1:9" for name in ("https_proxy", "HTTPS_PROXY")}
    done = subprocess.run(
        [sys.executable, "-m", "cs231n.data_utils", "download"], cwd=tmp_path,
        capture_output=True, text=True, env={**os.environ, **refused, "no_proxy": ""},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "www.cs.toronto.edu cannot be reached" in line and "refused" in line
    assert line.endswith("meanwhile the notebooks work on made-up images")
