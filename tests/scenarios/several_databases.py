"""A ledger in several databases: its servers, people with wallets in each, and what is asked of it in scenarios."""

import itertools
import subprocess

from bank import open_wallet, top_up, transfer_body
from processes import DOMPETCTL, Dompetd, clean_environment, dompetctl, free_port, of_ledger, psql, wait_until

# As the defaults, four times as fast.
TIMES = {"cluster_renew_ms": 250, "cluster_lease_local_ms": 1000, "cluster_lease_ttl_ms": 1500,
         "cluster_link_heartbeat_ms": 150, "cluster_link_timeout_ms": 600, "cluster_move_dwell_ms": 500,
         "http_answer_deadline_ms": 1500, "http_request_deadline_ms": 4000, "http_key_memory_ms": 2000,
         "engine_resend_first_ms": 20, "engine_resend_most_ms": 200, "engine_attempt_timeout_ms": 300}
STARTING_MINOR = 10_000


class Nodes:
    """Servers of one ledger; to a bank they look like one."""

    def __init__(self, directory, databases, count, **settings):
        self.databases = databases
        self.database = databases[0]
        more = {} if count == 1 else {"cluster_secret": "nobody outside of this test"}
        self.all = []
        for number in range(count):
            if count > 1:
                more["cluster_listen"] = f"127.0.0.1:{free_port()}"
            self.all.append(Dompetd(directory / f"n{number}", self.database, database_more=" ".join(databases[1:]),
                                    node_name=f"n{number}", **TIMES, **more, **settings))
        self._turn = itertools.count()

    def start(self):
        for node in self.all:
            node.launch()
        for node in self.all:
            node.wait_until_ready()
        wait_until(self.is_whole, "every shard has an owner")
        return self

    def is_whole(self):
        views = [node.client().get("/v1/cluster").json for node in self.all]
        return all(shard["status"] == "owned" for view in views for shard in view["shards"]) and all(
            node["link"] != "down" for view in views for node in view["nodes"])

    def client(self, **more):
        return self.all[next(self._turn) % len(self.all)].client(**more)

    def metric(self, name):
        return sum(node.metric(name) for node in self.all)

    def end(self):
        for node in self.all:
            node.end()

    def logs(self):
        return "\n".join(node.logs() for node in self.all)


def database_of(nodes, wallet):
    found = [number for number, url in enumerate(nodes.databases)
             if psql(url, f"SELECT 1 FROM wallet w JOIN shard s USING (shard) JOIN ledger l USING (database_id)"
                          f" WHERE w.id = '{wallet}'")]
    assert len(found) == 1, found
    return found[0]


def shard_of(nodes, wallet):
    return int(next(rows for url in nodes.databases
                    if (rows := psql(url, f"SELECT shard FROM wallet WHERE id = '{wallet}'")))[0][0])


class People:
    """`each` wallets in each of the databases, with 100.00 in every one."""

    def __init__(self, nodes, each=2):
        self.nodes = nodes
        self.of = [[] for _ in nodes.databases]
        client = nodes.client()
        while min(map(len, self.of)) < each:
            wallet = open_wallet(client, f"person {len(self.all)}")
            assert top_up(client, wallet, STARTING_MINOR, f"initial-{wallet}").status == 201
            self.of[database_of(nodes, wallet)].append(wallet)
        self._keys = itertools.count()

    @property
    def all(self):
        return self.of[0] + self.of[1]

    @property
    def client(self):
        """A new connection each time: an idle one may be closed by the server meanwhile."""
        return self.nodes.client()

    def send(self, source, destination, minor=100, key=None, client=None):
        key = key or f"k{next(self._keys)}"
        return (client or self.client).post("/v1/transfers", transfer_body(source, destination, minor, key), key)

    def pay(self, source, destination, minor=100):
        answer = wait_until(lambda: (sent := self.send(source, destination, minor)).status in (201, 202) and sent,
                            "the transfer is taken")
        if answer.status == 202:
            path = answer.headers["location"]
            answer = wait_until(lambda: (now := self.client.get(path)).json["status"] != "pending" and now, "it is done")
        return answer.json


def statements(client, wallets):
    """What must not change when a shard moves: every statement to its hash, every balance."""
    return {wallet: (client.get(f"/v1/wallets/{wallet}").json, list(client.all(f"/v1/wallets/{wallet}/entries", limit=7)))
            for wallet in wallets}


def verify(nodes):
    dompetctl("verify", *of_ledger(nodes.databases))
    trial_balance = nodes.client().get("/v1/ledger/trial-balance")
    assert trial_balance.status == 200 and trial_balance.json["is_balanced"], trial_balance


def move(nodes, shard, to, check=True, failpoint=None):
    variables = {} if failpoint is None else {"DOMPET_FAILPOINT": f"{failpoint}:crash"}
    done = subprocess.run([DOMPETCTL, "shard", "move-database", str(shard), str(to), *of_ledger(nodes.databases)],
                          env=clean_environment(**variables), capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done
