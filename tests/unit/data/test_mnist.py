"""MNIST: idx files, folders, and downloads against a local server that can misbehave."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from seedbed.data.datasets import mnist
from seedbed.data.datasets.download import fetch_file
from seedbed.data.datasets.mnist import MNIST, FashionMNIST, read_idx
from seedbed.data.samples import TensorSamples
from seedbed.errors import DataError


def idx_bytes(array: np.ndarray) -> bytes:
    shape = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + shape + array.astype(np.uint8).tobytes()


def fake_files() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    files = {}
    for part, n in (("train", 20), ("t10k", 10)):
        files[f"{part}-images-idx3-ubyte"] = idx_bytes(rng.integers(0, 256, (n, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx_bytes(np.arange(n) % 10)
    return {name: gzip.compress(content, mtime=0) for name, content in files.items()}


class Server:
    """Serves ``files`` by path; ``cut`` paths are ended early once; ``ranges`` are the Range headers received."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.requests: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                outer.requests.append((self.path, wanted))
                content = outer.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                if self.path in outer.cut:
                    outer.cut.remove(self.path)
                    self.wfile.write(content[start : start + 100])
                    return
                self.wfile.write(content[start:])

            def log_message(self, *args: object) -> None: ...

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.httpd.shutdown()
    server.httpd.server_close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_an_idx_file_is_read_packed_or_not(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(array)))
    assert np.array_equal(read_idx(tmp_path / "a"), array)
    assert np.array_equal(read_idx(tmp_path / "a.gz"), array)


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4", b"\0\0\x08\x03", idx_bytes(np.arange(10))[:-1], idx_bytes(np.arange(10)) + b"x"]
)
def test_a_damaged_idx_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    for path, raw in ((tmp_path / "a", content), (tmp_path / "b.gz", gzip.compress(content)[:-3])):
        path.write_bytes(raw)
        with pytest.raises(DataError, match="get it again"):
            read_idx(path)


def test_a_root_folder_is_read_without_a_network(tmp_path: Path) -> None:
    for name, content in fake_files().items():
        (tmp_path / f"{name}.gz").write_bytes(content)
    source = MNIST(root=str(tmp_path))
    assert isinstance(source.train, TensorSamples)
    assert source.train.inputs.shape == (20, 1, 28, 28)
    assert source.test is not None
    assert source.test.labels().tolist() == list(range(10))
    assert source.info["input_shape"] == [1, 28, 28]


def test_a_missing_file_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDBED_DATA", raising=False)
    with pytest.raises(DataError, match="leave root out to download it"):
        MNIST(root=str(tmp_path))
    with pytest.raises(DataError, match="SEEDBED_DATA/fashion-mnist"):
        FashionMNIST(download=False)


def test_a_download_is_kept_and_checked(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = fake_files()
    server.files = {f"/good/{name}.gz": content for name, content in packed.items()}
    sums = {name: sha256(content) for name, content in packed.items()}
    files = mnist.Files(folder="mnist", mirrors=(f"{server.url}/good/",), sha256=sums)
    monkeypatch.setattr(mnist, "MNIST_FILES", files)
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path))
    monkeypatch.delenv("SEEDBED_DATA", raising=False)
    assert len(MNIST().train) == 20  # type: ignore[arg-type]
    assert len(server.requests) == 4
    MNIST()
    assert len(server.requests) == 4


def test_a_spoilt_mirror_is_passed_over(tmp_path: Path, server: Server) -> None:
    content = b"right" * 1000
    server.files = {"/bad/f": b"wrong" * 1000, "/good/f": content}
    path = fetch_file(
        "f", [f"{server.url}/none", f"{server.url}/bad", f"{server.url}/good"], sha256(content), tmp_path, ""
    )
    assert path.read_bytes() == content
    assert [address for address, _ in server.requests] == ["/none/f", "/bad/f", "/good/f"]


def test_an_interrupted_download_goes_on_where_it_ended(tmp_path: Path, server: Server) -> None:
    content = os.urandom(5000)
    server.files, server.cut = {"/m/f": content}, {"/m/f"}
    with pytest.raises(DataError, match="4900 bytes early"):
        fetch_file("f", [f"{server.url}/m"], sha256(content), tmp_path, "")
    assert (tmp_path / "f.part").stat().st_size == 100
    path = fetch_file("f", [f"{server.url}/m"], sha256(content), tmp_path, "")
    assert path.read_bytes() == content
    assert server.requests[-1] == ("/m/f", "bytes=100-")
    assert not (tmp_path / "f.part").exists()


@pytest.mark.parametrize("rest", [b"spoilt", b"x" * 9000])
def test_a_spoilt_rest_of_a_download_is_thrown_away(tmp_path: Path, server: Server, rest: bytes) -> None:
    content = os.urandom(5000)
    server.files = {"/m/f": content}
    (tmp_path / "f.part").write_bytes(rest)
    assert fetch_file("f", [f"{server.url}/m"], sha256(content), tmp_path, "").read_bytes() == content


def test_without_a_network_the_message_says_why_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot download f \(http://127.0.0.1:9/f: .*\)\. Do this"):
        fetch_file("f", ["http://127.0.0.1:9"], "0" * 64, tmp_path, "Do this")


def test_the_checksums_are_complete() -> None:
    for files in (mnist.MNIST_FILES, mnist.FASHION_FILES):
        assert len(files.sha256) == 4
        assert all(len(value) == 64 for value in files.sha256.values())
        assert replace(files).mirrors


@pytest.mark.skipif("SEEDBED_DATA" not in os.environ, reason="SEEDBED_DATA is not set")
def test_real_mnist_has_its_known_counts_and_moments() -> None:
    source = MNIST()
    assert isinstance(source.train, TensorSamples)
    assert source.test is not None
    counts = np.bincount(source.train.labels())
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(source.test.labels()).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    pixels = source.train.inputs.double() / 255
    assert round(pixels.mean().item(), 4) == 0.1307
    assert round(pixels.std().item(), 4) == 0.3081
