"""The guard of the tests bites: whoever reaches beyond this machine fails the run."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import network_guard
import pytest

CONFTEST = Path(__file__).parent / "conftest.py"
REACHES = {
    "connect": "socket.socket().connect(('192.0.2.1', 9))",
    "connect_ex": "socket.socket().connect_ex(('192.0.2.1', 9))",
    "connect over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 9))",
    "sendto": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "sendmsg": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 9))",
    "a name": "socket.getaddrinfo('example.com', 80)",
    "an older call": "socket.gethostbyname('example.com')",
    "a URL": "urllib.request.urlopen('http://example.com')",
    "a thread": "t = threading.Thread(target=socket.getfqdn, args=('x.example',));"
    " t.start(); t.join()",
    "a child": "subprocess.run([sys.executable, '-c',"
    " 'import socket; socket.gethostbyname(\"example.com\")'], stderr=subprocess.DEVNULL)",
    "a fork": "os.fork() or (socket.getfqdn('x.example'), os._exit(0)); os.wait()",
    "a child in isolation": "subprocess.run([sys.executable, '-I', '-c', ''])",
    "a child without its environment": "subprocess.run([sys.executable, '-c', ''], env={})",
}
LOCAL = {
    "loopback": "socket.socket().connect_ex(('127.0.0.1', 9))",
    "loopback by name": "socket.create_server(('localhost', 0)).close()",
    "the rest of loopback": "socket.socket().connect_ex(('127.8.8.8', 9))",
    "loopback over IPv6": "socket.socket(socket.AF_INET6).connect_ex(('::1', 9))",
    "a socket in the file system": "socket.socket(socket.AF_UNIX).connect_ex('none')",
    "a pair": "socket.socketpair()",
    "an address that is not looked up": "socket.getaddrinfo('192.0.2.1', 80)",
    "a child": "subprocess.run([sys.executable, '-c', 'print()'], check=True)",
    "another program": "subprocess.run(['true'], env={})",
}


def run(tmp_path, code):
    """Run a test with that code in a pytest of its own, whose errors it swallows."""
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"))
    (tmp_path / "test_it.py").write_text(
        "import os, socket, subprocess, sys, threading, urllib.request, contextlib\n"
        "def test_it():\n"
        "    with contextlib.suppress(BaseException):\n"
        f"        {code}\n"
    )
    log = tmp_path / "log"
    log.touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        env={
            **os.environ,
            network_guard.LOG: str(log),
            "PYTHONPATH": os.pathsep.join([network_guard.PLACE, *sys.path]),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, log.read_text()


def test_reaching_out_fails_a_run_even_when_nobody_looks(tmp_path):
    done, log = run(tmp_path, REACHES["a child"])
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "the network was used" in done.stdout
    assert "test_it" in log
    assert "example" in log


def test_a_run_that_stays_here_passes(tmp_path):
    done, log = run(tmp_path, "; ".join(LOCAL.values()))
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert log == ""


def child(tmp_path, code):
    """Run code under the guard; give what it wrote down."""
    log = tmp_path / "log"
    log.touch()
    script = "import contextlib, os, socket, subprocess, sys, threading, urllib.request\n"
    script += f"with contextlib.suppress(BaseException):\n    {code}\n"
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, network_guard.LOG: str(log), "PYTHONPATH": network_guard.PLACE},
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return log.read_text()


@pytest.mark.parametrize("name", REACHES)
def test_every_way_out_is_seen(tmp_path, name):
    assert child(tmp_path, REACHES[name]) != ""


def test_what_stays_here_is_left_alone(tmp_path):
    assert child(tmp_path, "; ".join(LOCAL.values())) == ""


def test_this_run_is_watched(monkeypatch, tmp_path):
    log = tmp_path / "log"
    with pytest.raises(network_guard.NetworkUsedError):
        network_guard.audit("socket.getaddrinfo", ("example.com", 80, 0, 0, 0), str(log))
    assert "example.com" in log.read_text()
    assert network_guard.PLACE in os.environ["PYTHONPATH"]
    assert os.environ[network_guard.LOG]
    assert network_guard.is_local(socket.gethostbyname("localhost"), numeric=False)
