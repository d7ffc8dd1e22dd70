"""CAF makes a node's id of its machine's network cards and its process id: two containers with cloned cards, whose dompetd has
pid 1 in each, have the same (protocol 6, F36; H5). CAF then takes the one for the other, so they cannot be linked; but nothing may
be mixed up, and it must be said."""

import fcntl
import shutil
import subprocess

import pytest

import network
from bank import CURRENCY, top_up, transfer_body
from cluster import PATIENCE_MS, PORT, TIMES_MS, NetworkedPostgreSQL, Node
from history import DECLINED, IN_PROGRESS, NOT_APPLIED, OK, UNKNOWN, verdict
from processes import dompetctl, psql, wait_until

HALVES = "SELECT count(*) FROM shard WHERE target IS NULL GROUP BY owner"
PID_ONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


class Twins:
    """Two nodes behind the same cards, each with pid 1 in its own namespace."""

    def __init__(self, directory):
        self.postgres = NetworkedPostgreSQL(directory / "postgres")
        self.database = self.postgres.fresh("faults")
        dompetctl("migrate", "up", "--database", self.database)
        self.place = network.Place()
        self.nodes = [self._make(name, number, directory) for number, name in enumerate("ab")]

    def _make(self, name, number, directory):
        node = Node(name, directory / name, self.database, self.place, **(TIMES_MS | PATIENCE_MS))
        node.port += number
        node.settings["cluster_listen"] = f"{self.place.address}:{PORT + number}"
        node.wrapper = (*self.place.wrapper, *PID_ONE)
        return node

    def __enter__(self):
        for node in self.nodes:
            node.start()
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.end()
        self.place.close()
        self.postgres.remove()

    def links(self):
        client = self.nodes[0].client()
        try:
            seen = client.get("/v1/cluster").json["nodes"]
            return {node["node"]: node["link"] for node in seen if node["state"] == "up"}
        finally:
            client.close()


@pytest.fixture
def twins(tmp_path, networked):
    if not networked or shutil.which("unshare") is None or subprocess.run([*PID_ONE, "true"]).returncode != 0:
        pytest.skip("there are no process namespaces for us")
    with Twins(tmp_path) as twins:
        yield twins
        print(*(node.logs() for node in twins.nodes), sep="\n")


def has_let_go(node):
    """What was killed is unshare; the kernel ends dompetd a little later."""
    with open(node.directory / "dompetd.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wallet_of(node, minor=1_000):
    """Opened through the node that owns it: the other cannot be asked."""
    client = node.client()

    def opened():
        answer = client.post("/v1/wallets", {"name": "mine", "currency": CURRENCY})
        return answer.status == 201 and answer.json["id"]
    wallet = wait_until(opened, f"{node} owns a wallet")
    assert top_up(client, wallet, minor, f"initial-{wallet}").status == 201
    client.close()
    return wallet


def send(node, source, destination, key):
    client = node.client()
    try:
        return client.post("/v1/transfers", transfer_body(source, destination, 1, key), key)
    finally:
        client.close()


def test_two_nodes_that_caf_takes_for_one_say_so_serve_their_own_and_mix_nothing_up(twins):
    one, other = twins.nodes
    wait_until(lambda: "another process answers" in one.logs(), "the trouble is named")
    wait_until(lambda: psql(twins.database, HALVES) == [["32"], ["32"]], "each has half of the shards")
    wallets = {node.name: [wallet_of(node), wallet_of(node)] for node in twins.nodes}
    for node in twins.nodes:
        assert send(node, *wallets[node.name], f"within-{node.name}").status == 201
    across = wallets[one.name][0], wallets[other.name][0]
    answer = send(one, *across, "across")
    assert verdict(answer) in (IN_PROGRESS, UNKNOWN, NOT_APPLIED), answer
    for node in twins.nodes:  # both: CAF keeps the address of the one as the other's own
        node.kill()
        wait_until(lambda node=node: has_let_go(node), f"{node} has let go of its directory")
        node.wrapper = twins.place.wrapper
        node.start()
    wait_until(lambda: twins.links() == {"a": "self", "b": "up"}, "with other process ids they are linked")
    answers = []

    def definite():
        answers.append(send(one, *across, "across"))
        return verdict(answers[-1]) in (OK, DECLINED)
    wait_until(definite, lambda: f"the transfer ends; the last answer was {answers[-1]}")
    dompetctl("verify", "--database", twins.database)
