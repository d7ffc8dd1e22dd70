"""A cluster of real dompetd with a PostgreSQL of its own. Whatever ends is started again, as `make cluster` does; faults say
which node shall stay away for a while."""

import os
import random
import signal
import threading
import time

import network
from processes import Dompetd, HttpClient, Lost, NotSent, PostgreSQL, dompetctl, free_port, psql, wait_until

# As the defaults, four times as fast; the ratios are the protocol's (5.2).
TIMES_MS = {"cluster_renew_ms": 250, "cluster_lease_local_ms": 1000, "cluster_lease_ttl_ms": 1500,
            "cluster_link_heartbeat_ms": 150, "cluster_link_timeout_ms": 600, "cluster_connect_probe_ms": 300,
            "cluster_move_dwell_ms": 500}
LEASE_TTL_S = TIMES_MS["cluster_lease_ttl_ms"] / 1000
# Clients that ask whoever is not there want to hear it soon.
PATIENCE_MS = {"http_answer_deadline_ms": 1500, "http_request_deadline_ms": 4000, "http_key_memory_ms": 2000,
               "engine_resend_first_ms": 50, "engine_resend_most_ms": 500, "engine_attempt_timeout_ms": 500,
               "engine_transfer_expiry_s": 2}
SECRET = "nobody outside of this test"
HTTP_PORT, PORT = 8080, 7701  # in namespaces; on loopback each node gets free ones
CLIENT_TIMEOUT_S = 3
MOST_RESTARTS = 200  # of one node in one cluster's life: more is a crash loop
WHOLE_DEADLINE_S = 45


class NetworkedPostgreSQL(PostgreSQL):
    """Reachable over the bridge as well."""

    def __init__(self, directory):
        super().__init__(directory)
        self.start()
        rules = self.data / "pg_hba.conf"
        rules.write_text(f"host all all {network.NET} trust\n" + rules.read_text())
        with open(self.data / "postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses = '{network.HUB}'\n")
        self.stop()
        self.start()

    def fresh(self, database):
        super().fresh(database)
        return f"postgresql://dompet@{network.HUB}:5432/{database}"


class Node(Dompetd):
    """One of the cluster. `place` is its network namespace; None: loopback."""

    def __init__(self, name, directory, database, place, **settings):
        super().__init__(directory, database, **settings)
        self.name = name
        self.place = place
        self.internal_port = free_port()
        if place is not None:
            self.host, self.port, self.internal_port = place.address, HTTP_PORT, PORT
            self.wrapper = place.wrapper
        self.settings |= {"node_name": name, "cluster_listen": f"{self.host}:{self.internal_port}", "cluster_secret": SECRET}
        self.exits = []  # how it ended, each time
        self._wanted = False
        self._next_start = {}
        self._lives = 0
        self._lock = threading.RLock()

    # --- its supervisor ---

    def want(self):
        with self._lock:
            self._wanted = True
            self.attend()

    def attend(self):
        """Reaps it when it has ended, and starts it when it should run."""
        with self._lock:
            if self.process is not None and self.process.poll() is not None:
                self.exits.append(self.wait_until_dead())
            if self.process is None and self._wanted and self.starts < MOST_RESTARTS:
                once, self._next_start = self._next_start, {}
                self.launch(**once)

    # --- what is done to it ---

    @property
    def is_running(self):
        return self.process is not None

    def crash(self, forget=False, away=False, **next_start):
        """kill -9. It starts again at once: with its directory, or as a machine that knows nothing of its past. `away`: it
        does not, until it is wanted."""
        with self._lock:
            self._wanted = not away
            self._next_start = next_start
            if self.process is not None:
                self.process.kill()
                self.exits.append(self.wait_until_dead())
            if forget:
                self._lives += 1
                self.directory = self.directory.parent / f"{self.name}.{self._lives}"
                self.directory.mkdir()
            self.attend()

    def leave(self, **next_start):
        """SIGTERM, then it starts again."""
        with self._lock:
            self._next_start = next_start
            self.process.terminate()

    def freeze(self):
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        with self._lock:
            self._wanted = False
            if self.process is not None:
                self.process.send_signal(signal.SIGCONT)  # unlike thaw(): it may have died already
            super().end()

    def ended(self, code, since):
        """Whether it ended so after it had ended `since` times."""
        return code in self.exits[since:]

    def __repr__(self):
        return f"node {self.name}"


class RoamingClient:
    """A client that goes to any node, or to the one that it knows best, and to another when that does not answer. For one
    thread."""

    def __init__(self, nodes, rng, home=None, timeout_s=CLIENT_TIMEOUT_S):
        self._clients = [node.client(timeout_s=timeout_s) for node in nodes]
        self._home = None if home is None else self._clients[nodes.index(home)]
        self._rng = rng
        self._here = self._home or rng.choice(self._clients)

    def close(self):
        for client in self._clients:
            client.close()

    def request(self, *arguments, **more):
        if self._home is None and self._rng.random() < 0.3:
            self._here = self._rng.choice(self._clients)
        try:
            answer = self._here.request(*arguments, **more)
        except (NotSent, Lost):
            self._here = self._rng.choice(self._clients)
            raise
        self._here = self._rng.choice(self._clients) if answer.status == 503 else self._home or self._here
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, key=None, **more):
        return self.request("POST", path, body, key, **more)

    all = HttpClient.all


class Cluster:
    """`size` nodes a, b, c, … on one database; with a network when there can be one."""

    def __init__(self, directory, size=3, networked=True, **settings):
        self.directory = directory
        self.networked = networked
        self.postgres = NetworkedPostgreSQL(directory / "postgres") if networked else PostgreSQL(directory / "postgres")
        if not networked:
            self.postgres.start()
        self.database = self.postgres.fresh("faults")
        dompetctl("migrate", "up", "--database", self.database)
        self.nodes = [self.make_node("abcdefghi"[number], **settings) for number in range(size)]
        self._rng = random.Random(0)
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def make_node(self, name, directory=None, **settings):
        place = network.Place() if self.networked else None
        return Node(name, directory or self.directory / name, self.database, place, **(TIMES_MS | PATIENCE_MS | settings))

    def __enter__(self):
        for node in self.nodes:
            node.want()
        self._supervisor.start()
        self.wait_until_whole()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._supervisor.join()
        for node in self.nodes:
            node.end()
            if node.place is not None:
                node.place.close()
        self.postgres.remove()

    def _supervise(self):
        while not self._closing.wait(0.05):
            for node in self.nodes:
                node.attend()

    def client(self, **more):
        return RoamingClient(self.nodes, random.Random(self._rng.random()), **more)

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def others(self, *nodes):
        return [node for node in self.nodes if node not in nodes]

    # --- who owns what ---

    def owners(self):
        """The name of each shard's owner; None when nobody who is up has it. Nothing while the database does not answer."""
        rows = psql(self.database, "SELECT s.shard, n.name FROM shard s LEFT JOIN node n"
                                   " ON n.incarnation = s.owner AND n.state = 'up' ORDER BY s.shard", check=False)
        return [name or None for _, name in rows]

    def members(self):
        """The starts of nodes that the table takes for alive; a dead one of the same name must not pass for its successor."""
        return psql(self.database, "SELECT incarnation FROM node WHERE state = 'up' ORDER BY 1", check=False)

    def is_without(self, node):
        """Others own all shards."""
        owners = self.owners()
        return bool(owners) and node.name not in owners and None not in owners

    def shards_of(self, wallets):
        listed = ",".join(f"'{wallet}'" for wallet in wallets)
        return {wallet: int(shard) for wallet, shard in
                psql(self.database, f"SELECT id, shard FROM wallet WHERE id IN ({listed})")}

    def _is_whole(self):
        owners = self.owners()
        fair = len(owners) / len(self.nodes)
        return (all(node.is_running and node.is_ready() for node in self.nodes)
                and all(owners.count(node.name) >= fair / 2 for node in self.nodes)
                and None not in owners and len(self.members()) == len(self.nodes) and self._is_linked())

    def _is_linked(self):
        if len(self.nodes) == 1:
            return True
        for node in self.nodes:
            seen = self.view(node)
            up = [other["node"] for other in seen["nodes"] if other["link"] in ("up", "self")]
            if sorted(up) != [other.name for other in self.nodes]:
                return False
        return True

    def view(self, node):
        client = node.client(timeout_s=CLIENT_TIMEOUT_S)
        try:
            return client.get("/v1/cluster").json
        except (NotSent, Lost):
            return {"nodes": []}
        finally:
            client.close()

    def rebalance(self):
        client = self.client()
        try:
            client.post("/v1/cluster/rebalance")
        except (NotSent, Lost):
            pass
        finally:
            client.close()

    def start_anew(self):
        """After a fault that left something broken: the network is healed, and every node killed and started."""
        for node in self.nodes:
            if node.place is not None:
                node.place.heal()
            node.crash()

    def wait_until_whole(self, deadline_s=WHOLE_DEADLINE_S):
        """All nodes serve, are linked, and have their share of the shards."""
        asked = 0.0

        def whole():
            nonlocal asked
            if self._is_whole():
                return True
            if len(self.nodes) > 1 and time.monotonic() - asked > 2:
                self.rebalance()
                asked = time.monotonic()
            return False
        wait_until(whole, lambda: f"the cluster is whole; {self.condition()}", deadline_s)

    def condition(self):
        owners = self.owners()
        return "; ".join(f"{node.name}: {'runs' if node.is_running else 'ended'} {node.exits[-3:]}"
                         f" ready={node.is_running and node.is_ready()} shards={owners.count(node.name)}"
                         for node in self.nodes) + f"; ownerless: {owners.count(None)}"

    def metric(self, name):
        return sum(node.metric(name) for node in self.nodes)
