"""A network that can be broken: each node in a network namespace of its own, all on one bridge, in a namespace that nobody else
is in. It is gone when its processes are: nothing of it is left on the machine, not even after kill -9.

`enter()` moves this process there, and thereby everything that it starts afterwards; the director, its clients and PostgreSQL
live at the bridge. It wants root; without, the faults of the network are left out."""

import contextlib
import ctypes
import ipaddress
import itertools
import os
import shutil
import subprocess

CLONE_NEWNET = 0x40000000
NET = ipaddress.ip_network("10.77.0.0/24")
HUB = str(NET[1])  # where PostgreSQL and the clients are
BRIDGE = "hub0"
COMMAND_DEADLINE_S = 30

_entered = False


def _run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_DEADLINE_S, **more)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Why there can be no such network here; None when there can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    for program in ("ip", "nft", "nsenter", "unshare"):
        if shutil.which(program) is None:
            return f"there is no {program}; scripts/bootstrap test installs it"
    try:
        _run(["unshare", "--net", "sh", "-c", f"ip link add {BRIDGE} type bridge && ip link add v0 type veth peer name v1 &&"
              " nft add table inet faults"])
    except OSError as fault:
        return f"the kernel does not let us: {fault}"
    return None


def enter():
    """Once a process, before it starts threads. Afterwards it is on the bridge, alone."""
    global _entered  # noqa: PLW0603 a process is in one network
    if _entered:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _run(["ip", "link", "set", "lo", "up"])
    _run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    _run(["ip", "address", "add", f"{HUB}/{NET.prefixlen}", "dev", BRIDGE])
    _run(["ip", "link", "set", BRIDGE, "up"])
    _entered = True


class Place:
    """A namespace on the bridge, with one address."""

    _numbers = itertools.count(1)

    def __init__(self):
        number = next(self._numbers)
        self.address = str(NET[10 + number])
        # The namespace lives as long as this process, and this process as long as our end of its pipe.
        self._holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo here; exec cat"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        assert self._holder.stdout.readline() == b"here\n"
        self.wrapper = ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net")
        link, peer = f"p{number}", f"q{number}"
        _run(["ip", "link", "add", link, "type", "veth", "peer", "name", peer, "netns", str(self._holder.pid)])
        _run(["ip", "link", "set", link, "master", BRIDGE, "up"])
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", f"{self.address}/{NET.prefixlen}", "dev", peer)
        self.run("ip", "link", "set", peer, "up")
        self.nft("table inet faults {",
                 " chain out { type filter hook output priority 0; policy accept; }",
                 " chain in { type filter hook input priority 0; policy accept; }",
                 "}",
                 "table ip detours {", " chain out { type nat hook output priority -100; policy accept; }", "}")

    def run(self, *command):
        return _run([*self.wrapper, *command])

    def nft(self, *lines):
        """One nft script: all of it or nothing."""
        return _run([*self.wrapper, "nft", "-f", "-"], input="\n".join(lines) + "\n")

    def rules(self, *lines):
        return self.nft(*(f"add rule inet faults {line}" for line in lines))

    def heal(self):
        """Of everything that is dropped here: one fault at a time."""
        self.nft("flush chain inet faults out", "flush chain inet faults in")

    def forget_connections(self, address, port):
        """Ends the established connections from here to there, on both sides, as a reset does."""
        self.run("ss", "--kill", "--no-header", "dst", f"{address}:{port}")

    def close(self):
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()


# --- faults -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _rules(place, *lines):
    place.rules(*lines)
    try:
        yield
    finally:
        place.heal()


def apart(place, *others, port=None):
    """Packets between here and there are dropped, in both directions; with a port, only those to and from that port there."""
    outward, inward = (f" tcp dport {port}", f" tcp sport {port}") if port else ("", "")
    return _rules(place, *(f"out ip daddr {other}{outward} drop" for other in others),
                  *(f"in ip saddr {other}{inward} drop" for other in others))


def deaf(place, *others):
    """Packets from there to here are dropped; the other direction is open."""
    return _rules(place, *(f"in ip saddr {other} drop" for other in others))


def mute(place, *others, port=None):
    """Packets from here to there are dropped; the other direction is open."""
    toward = f" tcp dport {port}" if port else ""
    return _rules(place, *(f"out ip daddr {other}{toward} drop" for other in others))


def black_hole(place, other):
    """New connections from here to there get no answer; what is connected stays."""
    return _rules(place, f"out ip daddr {other} tcp flags & (syn | ack) == syn drop")


def lossy(places, percent):
    """So many of a hundred packets that leave or reach these places are lost."""
    stack = contextlib.ExitStack()
    for place in places:
        stack.enter_context(_rules(place, f"out oif != lo numgen random mod 100 < {percent} drop",
                                   f"in iif != lo numgen random mod 100 < {percent} drop"))
    return stack


@contextlib.contextmanager
def detour(place, address, port, relay_port):
    """Connections from here to there go through a relay at the hub, those that exist included."""
    place.nft(f"add rule ip detours out ip daddr {address} tcp dport {port} dnat to {HUB}:{relay_port}")
    place.forget_connections(address, port)
    try:
        yield
    finally:
        place.nft("flush chain ip detours out")
