"""Clocks that lie, or that have run for longer than others (protocol 6: F21, F22)."""

import shutil
import struct
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from director import Fault

HOURS = 3600
LYING_CLOCK = Path(__file__).with_name("wall_clock.c")


def make_lying_clock(directory):
    """The library to preload, and the file that says by how many seconds the clock is off."""
    library, offset = directory / "wall_clock.so", directory / "wall_clock.offset"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, LYING_CLOCK], check=True)
    offset.write_bytes(struct.pack("=q", 0))
    return library, offset


@contextmanager
def wall_clocks_jump(stage):
    """Of single nodes, by days, to and fro, while they run. Durations are measured with another clock."""
    stage.hits_all()
    library, offset = make_lying_clock(stage.cluster.directory)
    try:
        for node in stage.cluster.nodes[:2]:
            node.crash(variables={"LD_PRELOAD": library, "WALL_CLOCK_OFFSET": offset})
            stage.cluster.wait_until_whole()
        starts = [node.starts for node in stage.cluster.nodes]
        for jump in (HOURS, -HOURS, 10 * 24 * HOURS, -10 * 24 * HOURS):
            offset.write_bytes(struct.pack("=q", jump))
            told = datetime.fromisoformat(stage.cluster.view(stage.cluster.nodes[0])["as_of"])
            off = (told - datetime.now(UTC)).total_seconds()
            stage.expect(abs(off - jump) < 60, f"the clock should be off by {jump} s, and is by {off} s")
            stage.trade_on(20)
        stage.expect([node.starts for node in stage.cluster.nodes] == starts, "a node ended when the clock jumped")
        yield
    finally:
        for node in stage.cluster.nodes[:2]:
            node.crash()


@contextmanager
def other_boottimes(stage):
    """A node whose machine has been up for years, beside others."""
    node = stage.pick()
    years = 3 * 365 * 24 * HOURS
    inside = node.wrapper
    node.wrapper = (*inside, "unshare", "--time", "--monotonic", str(years), "--boottime", str(years), "--")
    try:
        node.crash()
        stage.cluster.wait_until_whole()
        uptime = float(Path(f"/proc/{node.pid}/timens_offsets").read_text().split()[1])
        stage.expect(uptime == years, f"the offset of {node} is {uptime}")
        stage.trade_on(60)
        since = len(node.exits)
        node.freeze()
        stage.wait(lambda: stage.cluster.is_without(node), "others own its shards")
        node.thaw()
        stage.wait(lambda: len(node.exits) > since, f"{node} notices it with its own clock")
        yield
    finally:
        node.wrapper = inside
        node.crash()


def no_compiler():
    return None if shutil.which("gcc") is not None else "there is no gcc"


def no_time_namespaces():
    if shutil.which("unshare") is None:
        return "there is no unshare"
    done = subprocess.run(["unshare", "--time", "--boottime", "1000", "true"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"the kernel has no time namespaces for us: {done.stderr.strip()}"


FAULTS = [
    Fault("F21", "wall clocks jump by hours and days", wall_clocks_jump, ("gcc",)),
    Fault("F22", "a node has been up for years longer than the others", other_boottimes, ("time namespaces",)),
]
