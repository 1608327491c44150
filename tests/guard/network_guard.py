"""Nothing that the tests run reaches beyond this machine: not they, and not what they start.

An audit hook, which Python offers no way to take off, sees every connect, every name looked up and
every datagram that goes through Python's sockets, in this process and its forks. Python processes
that the tests start get it by `sitecustomize` beside this file, through PYTHONPATH; starting one
without that path counts as reaching out, too. What is seen is refused and written to a log, so that
it fails the test, and the run, even where somebody swallows the error. Libraries that open sockets
of their own, below Python, are not seen.
"""

import ipaddress
import os
import socket
import sys
import tempfile
from pathlib import Path

LOG = "ENGRAM_TESTS_NETWORK_LOG"
PLACE = str(Path(__file__).parent)
LOCAL = {"", "localhost", "localhost.localdomain"}
LOOKUPS = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}
SENDS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
STARTS = {"subprocess.Popen": (0, 1, 3), "os.posix_spawn": (0, 1, 2), "os.exec": (0, 1, 2)}
"""Where an event has the program, its arguments and its environment."""
BLIND = ("-I", "-E", "-S", "-IS", "-SI", "-Es", "-sE", "-ES")
"""Flags with which Python does not look into PYTHONPATH, or imports no sitecustomize."""


class NetworkUsedError(RuntimeError):
    """A test reached for the network."""


def watched(environment):
    """Give an environment in which a child is watched; the rest of it stays as it is."""
    paths = [PLACE, *environment.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths))),
        LOG: os.environ[LOG],
    }


def install():
    """Watch this process and those that it starts. Called once, before anything else."""
    if os.environ.get(LOG) is None:
        descriptor, name = tempfile.mkstemp(prefix="network-", suffix=".log")
        os.close(descriptor)
        os.environ[LOG] = name
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    paths = [PLACE, *map(os.path.abspath, paths)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    if PLACE not in sys.path:
        sys.path.append(PLACE)
    # The log of the run, whatever a test does to the environment afterwards.
    log = os.environ[LOG]
    sys.addaudithook(lambda event, arguments: audit(event, arguments, log))


def audit(event, arguments, log):
    """Refuse what reaches out, and write it down."""
    if event in SENDS:
        reached = beyond(arguments[0].family, arguments[1])
    elif event in LOOKUPS:
        host = arguments[0]
        host = host[0] if isinstance(host, tuple) else host
        reached = None if is_local(host, numeric=event == "socket.getaddrinfo") else host
    elif event in STARTS:
        reached = unwatched(*(arguments[at] for at in STARTS[event]))
    else:
        return
    if reached is not None:
        what = f"{event} {reached!r} by {' '.join(sys.argv[:2])}"
        test = os.environ.get("PYTEST_CURRENT_TEST", "no test")
        with open(log, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib has events too
            file.write(f"{what} in {test}\n")
        raise NetworkUsedError(what)


def beyond(family, address):
    """Give the address if it is beyond this machine."""
    if family not in {socket.AF_INET, socket.AF_INET6} or address is None:
        return None
    return None if is_local(address[0], numeric=False) else address


def is_local(host, *, numeric):
    """Say whether a host is this one; `numeric`: any address will do, as it is not looked up."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host in LOCAL:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return numeric or mapped.is_loopback or mapped.is_unspecified


def unwatched(program, arguments, environment):
    """Say how a Python is started that would not be watched; None for other programs."""
    words = [os.fsdecode(word) for word in ([program] if program else []) + list(arguments or [])]
    if not any("python" in Path(word).name for word in words[:2]):
        return None
    # Who starts one so may bring a hook of its own.
    if any(word in BLIND for word in words) and "sys.addaudithook(" not in " ".join(words):
        return f"{' '.join(words[:4])} (isolated)"
    if environment is None:
        return None
    given = {os.fsdecode(name): os.fsdecode(value) for name, value in dict(environment).items()}
    paths = given.get("PYTHONPATH", "").split(os.pathsep)
    return None if PLACE in paths and LOG in given else f"{' '.join(words[:4])} (own environment)"


def seen(since=0):
    """Give what was written to the log from a place on, and where it ends."""
    text = Path(os.environ[LOG]).read_text(encoding="utf-8")
    return text[since:], len(text)
