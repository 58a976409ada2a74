"""`fer-edge web --serve`: on this computer, in the network if asked, and with https."""

import hashlib
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

import click
import pytest

from fer_edge.errors import FerEdgeError, OutputError
from fer_edge.web.certificate import Certificate, make_certificate
from fer_edge.web.server import is_loopback, names_of, open_server

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """Run the command; yields what it says until it serves."""
    command = [sys.executable, "-m", "fer_edge", "web", str(folder / "site"), "--model", "edge_cnn_s", "--serve"]
    with subprocess.Popen(
        [*command, "--port", "0", *options], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        last = "no password" if "--host" in options else "publish it" if "--https" in options else "Ctrl-C"
        said = ""
        try:
            for line in process.stderr or ():
                said += line
                if last in line:
                    yield said
                    return
            pytest.fail(f"fer-edge web ended: {said}")
        finally:
            process.kill()


def trusting(pem: bytes | str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=pem if isinstance(pem, str) else pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    return context


def test_page_comes_over_https_with_the_certificate_that_is_announced(tmp_path: Path) -> None:
    with serving(tmp_path, "--https", "--host", "0.0.0.0") as said:
        addresses = re.findall(r"https://([^:/\s]+):(\d+)/", said)
        assert [name for name, _ in addresses] == names_of("0.0.0.0")
        port = int(addresses[0][1])
        pem = ssl.get_server_certificate(("127.0.0.1", port))
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        assert digest in said.replace(":", "")
        for name, _ in addresses:  # the certificate is for each of them
            with urllib.request.urlopen(f"https://{name}:{port}/", context=trusting(pem), timeout=20) as answer:
                assert b"<html" in answer.read()
        other = make_certificate(["localhost"]).pem
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"https://localhost:{port}/", context=trusting(other), timeout=20)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=trusting(pem), timeout=20)


def test_without_a_host_only_this_computer_is_served(tmp_path: Path) -> None:
    with serving(tmp_path, "--https") as said:
        assert re.findall(r"https://([^:/\s]+):\d+/", said) == ["127.0.0.1"]
        assert "no password" not in said


def test_a_browser_that_says_nothing_keeps_nobody_waiting(tmp_path: Path) -> None:
    certificate = make_certificate(["127.0.0.1"])
    (tmp_path / "index.html").write_text("<html>")
    with served(tmp_path, certificate) as port, socket.create_connection(("127.0.0.1", port)):
        address = f"https://127.0.0.1:{port}/"
        with urllib.request.urlopen(address, context=trusting(certificate.pem), timeout=20) as answer:
            assert answer.read() == b"<html>"


@contextmanager
def served(folder: Path, certificate: Certificate) -> Iterator[int]:
    with open_server(folder, 0, context=certificate.server_context()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_browser_that_breaks_off_is_not_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text("<html>")
    certificate = make_certificate(["127.0.0.1"])
    with served(tmp_path, certificate) as port:
        with pytest.raises((OSError, HTTPException)):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20)
        address = f"https://127.0.0.1:{port}/"
        urllib.request.urlopen(address, context=trusting(certificate.pem), timeout=20).close()
    assert capfd.readouterr().err == ""


def test_certificate_is_short_lived_and_names_what_it_is_for() -> None:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(make_certificate(["10.0.0.7", "fd00::7", "localhost"]).pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7", "fd00::7"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert certificate.not_valid_before_utc < datetime.now(UTC)
    assert certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=8)


def test_key_is_in_no_error_text_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen: list[tuple[int, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def watch(self: ssl.SSLContext, path: Path) -> None:
        seen.append(tuple(stat.S_IMODE(os.stat(place).st_mode) for place in (path, path.parent)))  # type: ignore[arg-type]
        load(self, path)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watch)
    certificate = make_certificate(["localhost"])
    certificate.server_context()
    assert seen == [(0o600, 0o700)]
    assert list(tmp_path.iterdir()) == []
    assert "PRIVATE" not in repr(certificate)


def test_without_cryptography_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(FerEdgeError, match=r"needs the package cryptography: run \"pip install '\.\[sign\]'\""):
        make_certificate(["localhost"])


@pytest.mark.parametrize("host", ["192.0.2.77", "nobody.invalid", "a" * 300])
def test_a_host_that_is_not_ours_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(OutputError, match=f"Cannot serve on {host}, port 0: .*--host"):
        open_server(tmp_path, 0, host)


@pytest.mark.parametrize("host", ["", "\u00fc"])
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(OutputError, match=f"Cannot serve on '{host}'"):
        names_of(host)


def test_the_network_is_told_from_this_computer() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.7", "pi.local")] == [False] * 4


def test_https_needs_serve(run_cli) -> None:
    done = run_cli("web", "site", "--https")
    assert done.returncode == 2
    assert "--https needs --serve." in done.stderr


def test_workflow_of_the_documentation_builds_the_folder_that_it_uploads() -> None:
    from fer_edge.cli.app import app

    text = (ROOT / "docs/web.md").read_text("utf-8")
    workflow = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)  # type: ignore[union-attr]
    (called,) = re.findall(r"- run: fer-edge (.*)", workflow)
    name, *arguments = called.split()
    parent = click.Context(app, **app.context_settings)  # commands keep the first -h that they are given
    context = app.get_command(parent, name).make_context(name, arguments, parent=parent)
    assert str(context.params["folder"]) == re.search(r"path: (\S+)", workflow).group(1)  # type: ignore[union-attr]
    assert {"pages: write", "id-token: write"} <= {line.strip() for line in workflow.splitlines()}
