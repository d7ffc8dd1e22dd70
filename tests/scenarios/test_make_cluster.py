"""`make cluster` as a newcomer meets it: three nodes that are one service, started again when they end (scripts/cluster)."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from bank import open_wallet, top_up
from processes import (DOMPETCTL, DOMPETD, ROOT, HttpClient, Lost, NotSent, PostgreSQL, administrator_of,
                       clean_environment, free_port, is_alive,
                       tail, wait_until)

NODES = "abc"


def free_ports():
    """As many in a row as there are nodes."""
    def row():
        first = free_port()
        for port in range(first, first + len(NODES)):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return None
        return first
    return wait_until(row, "there are free ports")


class MakeCluster:
    """`scripts/cluster` in a directory of its own, with the programs that are there already."""

    def __init__(self, directory):
        self.programs = directory / "bin"
        self.programs.mkdir()
        for program in (DOMPETD, DOMPETCTL):
            (self.programs / program.name).symlink_to(program.resolve())
        self.var = directory / "var"
        self.port, self.internal_port = free_ports(), free_ports()
        self.postgres = PostgreSQL(self.var / "cluster")
        self._log = directory / "log"
        self._process = None

    def launch(self):
        environment = clean_environment(DOMPET_VAR=self.var, DOMPET_BIN=self.programs, DOMPET_CLUSTER_HTTP_PORT=self.port,
                                        DOMPET_CLUSTER_PORT=self.internal_port)
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen([ROOT / "scripts/cluster"], env=environment, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, start_new_session=True)
        return self

    def start(self):
        self.launch()
        wait_until(lambda: self._process.poll() is not None or "Ctrl-C" in self.says, "it greets")
        assert self._process.poll() is None, self.says
        return self

    @property
    def says(self):
        return tail(self._log)

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        return self._process.wait(60)

    def pid(self, node):
        return int((self.var / "cluster" / node / "dompetd.pid").read_text())

    def client(self, node):
        login = None if not (self.var / "cluster/administrator").exists() else administrator_of(self.var / "cluster")
        return HttpClient(self.port + NODES.index(node), login=login, ledger=self.var)

    def is_ready(self, node):
        client = self.client(node)
        try:
            return client.get("/readyz").status == 200
        except (NotSent, Lost):
            return False
        finally:
            client.close()

    def nodes(self):
        """Their pids, as far as they run."""
        return [self.pid(node) for node in NODES if (self.var / "cluster" / node / "dompetd.pid").exists()
                and is_alive(self.pid(node))]

    def end(self):
        """Whatever a failed test left."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in self.nodes():
            os.kill(pid, signal.SIGKILL)
        self.postgres.remove()


@pytest.fixture
def cluster(tmp_path):
    cluster = MakeCluster(tmp_path)
    yield cluster
    print(cluster.says)
    cluster.end()


def deposit(cluster):
    client = cluster.client("a")
    wallet = open_wallet(client, "Mine")
    assert top_up(client, wallet, 4_200, f"deposit-{wallet}").status == 201
    return wallet


def check_deposit(cluster, wallet):
    """At every node."""
    for node in NODES:
        client = cluster.client(node)
        answer = wait_until(lambda client=client: (found := client.get(f"/v1/wallets/{wallet}")).status == 200 and found,
                            f"node {node} finds the wallet")
        assert answer.json["balance"]["available"] == "42.00", answer
        again = top_up(client, wallet, 4_200, f"deposit-{wallet}")
        assert again.status == 201 and again.is_replay, again
        client.close()


def test_three_nodes_serve_one_ledger_stop_on_ctrl_c_and_find_their_data_again(cluster):
    cluster.start()
    assert all(f"http://127.0.0.1:{cluster.port + number}" in cluster.says for number in range(len(NODES)))
    assert "/inspector" in cluster.says and "dompetctl cluster status" in cluster.says
    assert (cluster.var / "cluster/secret").stat().st_mode & 0o777 == 0o600
    seen = cluster.client("b").get("/v1/cluster").json
    assert sorted(node["node"] for node in seen["nodes"] if node["state"] == "up") == list(NODES), json.dumps(seen["nodes"])
    wallet = deposit(cluster)
    check_deposit(cluster, wallet)
    nodes = cluster.nodes()
    cluster.signal(signal.SIGINT)
    assert cluster.wait() == 0, cluster.says
    assert not any(map(is_alive, nodes)) and not cluster.postgres.processes()
    cluster.start()
    check_deposit(cluster, wallet)
    cluster.signal(signal.SIGTERM)
    assert cluster.wait() == 0, cluster.says


def test_a_node_that_is_killed_or_told_to_leave_is_started_again(cluster):
    cluster.start()
    wallet = deposit(cluster)
    for node, number, reason in (("b", signal.SIGKILL, "killed"), ("c", signal.SIGTERM, "told to leave")):
        before = cluster.pid(node)
        os.kill(before, number)
        wait_until(lambda node=node, reason=reason: re.search(rf"node {node} has ended .*{reason}", cluster.says), "it is said")
        wait_until(lambda node=node: cluster.is_ready(node), f"node {node} is back")
        assert cluster.pid(node) != before
        check_deposit(cluster, wallet)


def test_a_node_that_dies_all_the_time_is_given_up_and_said_so(cluster):
    cluster.start()
    killed = set()

    def given_up():
        pid = cluster.pid("b") if (cluster.var / "cluster/b/dompetd.pid").exists() else None
        if pid is not None and pid not in killed and is_alive(pid):
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        return "not started again" in cluster.says
    wait_until(given_up, "it is given up")
    assert len(killed) == 11
    assert cluster.is_ready("a") and cluster.is_ready("c")


def test_after_kill_9_of_the_script_the_next_start_takes_over_what_is_left(cluster):
    cluster.start()
    wallet = deposit(cluster)
    nodes = cluster.nodes()
    cluster.signal(signal.SIGKILL)
    cluster.wait()
    cluster.start()
    assert not any(map(is_alive, nodes))
    check_deposit(cluster, wallet)


def test_a_taken_port_is_named_before_anything_is_started(cluster):
    with socket.create_server(("127.0.0.1", cluster.internal_port + 1)):
        began = time.monotonic()
        assert cluster.launch().wait() != 0
    assert f"127.0.0.1:{cluster.internal_port + 1} is in use" in cluster.says and "node b" in cluster.says, cluster.says
    assert time.monotonic() - began < 10 and not cluster.postgres.data.exists()
