"""Part g: three nodes on one database. What a transfer between nodes costs, what a hand-over interrupts, and how long the
wallets of a killed node are away. Called by run.py."""

import json
import statistics
import threading
import time
import urllib.error

import login
import processes
from opponents import BUILD, VAR, WALLETS, free_port, last_line

NAMES = ["a", "b", "c"]
SECRET = "the benchmark's own secret"


class Node:
    def __init__(self, name, database):
        self.name, self.database = name, database
        self.var = VAR / f"cluster-{name}"
        self.var.mkdir(parents=True, exist_ok=True)
        self.port, self.internal_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        with open(self.var / "dompetd.log", "ab") as log:
            self.process = processes.start([
                BUILD / "dompetd", "--database", self.database, "--http-address", f"127.0.0.1:{self.port}", "--var", self.var,
                "--node-name", self.name, "--cluster-listen", f"127.0.0.1:{self.internal_port}", "--cluster-secret", SECRET],
                stdout=log, stderr=log, env=login.ENVIRONMENT)

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"node {self.name} ended with {self.process.returncode}; {last_line(self.var / 'dompetd.log')}")
            return processes.answers(self.base + "/readyz") == 200
        processes.wait_until(ready, 60, f"node {self.name} getting ready", pause_s=0.005)

    def kill(self):
        self.process.kill()
        self.process.wait()
        processes.stop(self.process)
        self.process = None

    def get(self, path):
        return login.get(self.base, path)

    def post(self, path, body, key=None, timeout_s=10.0):
        return login.post(self.base, path, body, key, timeout_s)


class Cluster:
    """Three nodes of the release build, default settings; wallets sorted by the node that has them."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.database = postgres.fresh("dompet_bench_cluster")
        processes.run([BUILD / "dompetctl", "migrate", "up", "--database", self.database])
        self.nodes = [Node(name, self.database) for name in NAMES]
        self.wallets_file = VAR / "cluster-wallets"
        self.wallets_file.unlink(missing_ok=True)

    def start(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait_ready()
        self.wait_balanced()
        processes.run(self._load(self.nodes[0], self.wallets_file, WALLETS) + ["--prepare-only"], timeout_s=600,
                      env=login.as_customer(self.nodes[0].base))
        return "ready"

    def stop(self):
        for node in self.nodes:
            if node.process is not None:
                processes.stop(node.process)

    def shards_of(self, name):
        shards = self.nodes[0].get("/v1/cluster")["shards"]
        return {row["shard"] for row in shards if row["node"] == name and row["status"] == "owned"}

    def wait_balanced(self, nodes=None):
        nodes = nodes or NAMES

        def balanced():
            counts = [len(self.shards_of(name)) for name in nodes]
            return sum(counts) == 64 and max(counts) - min(counts) <= 2
        processes.wait_until(balanced, 120, "the shards being shared evenly", pause_s=0.1)

    def wallets_of(self, name):
        """The ids of the wallets that live on this node now."""
        shards = ",".join(str(shard) for shard in sorted(self.shards_of(name)))
        return self.postgres.sql(f"SELECT id FROM wallet WHERE shard IN ({shards}) ORDER BY id", self.database).split()

    def file_of(self, title, ids):
        """A wallets file of `dompetctl load` with these wallets, in this order."""
        lines = self.wallets_file.read_text(encoding="ascii").splitlines()
        kept = [line for line in lines if not is_id(line)]
        path = VAR / f"cluster-wallets-{title}"
        path.write_text("\n".join(kept + ids) + "\n", encoding="ascii")
        return path

    def _load(self, node, file, wallets):
        return [BUILD / "dompetctl", "load", "--url", node.base, "--wallets", wallets, "--wallets-file", file]

    def load(self, node, file, wallets, seconds, connections, *extra):
        self.postgres.checkpoint()
        _, out, _ = processes.run(self._load(node, file, wallets) + [
            "--connections", connections, "--workload", "transfer", "--duration", f"{seconds}s", "--json", "-", *extra],
            timeout_s=seconds + 180, env=login.as_customer(node.base))
        return json.loads(out)


def is_id(line):
    return len(line) == 36 and line.count("-") == 4


class Knocker(threading.Thread):
    """Tops one wallet up again and again through one node, and notes when it was answered."""

    def __init__(self, node, wallet, timeout_s=1.0):
        super().__init__(daemon=True)
        self.node, self.wallet, self.timeout_s = node, wallet, timeout_s
        self.successes, self.over = [], threading.Event()

    def run(self):
        number = 0
        while not self.over.is_set():
            number += 1
            body = {"wallet_id": self.wallet, "amount": "1.00", "currency": "IDR", "method": "bri"}
            try:
                self.node.post("/v1/topups", body, f"knock-{self.wallet}-{id(self)}-{number}", self.timeout_s)
                self.successes.append(time.monotonic())
            except (OSError, urllib.error.URLError, ValueError):
                self.over.wait(0.005)

    def finish(self):
        self.over.set()
        self.join()
        return self.successes

    def first_after(self, moment, patience_s):
        processes.wait_until(lambda: self.successes and self.successes[-1] > moment, patience_s, "a success", pause_s=0.002)
        return next(success for success in self.successes if success > moment)


class ClusterPart:
    """The measurements of part g. `bench` is the run."""

    def __init__(self, bench):
        self.bench, self.cluster = bench, Cluster(bench.postgres)

    def run(self):
        bench = self.bench
        try:
            bench.attempt("(g) start three nodes", self.cluster.start)
            for _ in range(bench.rounds):
                bench.attempt("(g) transfers inside one node, and between two", self.across)
            bench.attempt("(g) hand-over of a shard", self.hand_overs)
            for _ in range(bench.rounds):
                bench.attempt("(g) kill -9 of an owner, nobody restarts it", self.killed)
                bench.attempt("(g) kill -9 of an owner, restarted at once", self.restarted)
        finally:
            self.cluster.stop()

    def across(self):
        """Three nodes share the machine in both cases; only where the destination lives differs. More connections than
        elsewhere: a transfer in three commits waits three times as long, and it is what can be done that is measured."""
        connections = 4 * self.bench.options.connections
        bench, cluster = self.bench, self.cluster
        here, there = cluster.wallets_of("a"), cluster.wallets_of("b")
        half = min(len(here), len(there)) // 2
        local = cluster.file_of("local", here[:2 * half])
        across = cluster.file_of("across", there[:half] + here[:half])
        node = cluster.nodes[0]
        fast = cluster.load(node, local, 2 * half, bench.seconds, connections, "--hot", half)
        slow = cluster.load(node, across, 2 * half, bench.seconds, connections, "--hot", half)
        bench.measured.add("g_across_p50_ms", slow["latency_ms"]["p50"])
        bench.measured.add("g_across_p99_ms", slow["latency_ms"]["p99"])
        return (bench.keep("g_local", fast["ok_per_s"], "/s") + " and " + bench.keep("g_across", slow["ok_per_s"], "/s"))

    def hand_overs(self):
        """The longest wait of somebody who does one top-up after another on a wallet of the shard that moves."""
        cluster, pauses, usual = self.cluster, [], []
        moves = 6 if self.bench.options.quick else 40
        for number in range(moves):
            source, target = ("a", "b") if number % 2 == 0 else ("b", "a")
            shard = sorted(cluster.shards_of(source))[0]
            wallet = cluster.postgres.sql(f"SELECT id FROM wallet WHERE shard = {shard} LIMIT 1", cluster.database)
            knocker = Knocker(cluster.nodes[2], wallet)
            knocker.start()
            knocker.first_after(0, 10)
            processes.wait_until(lambda: len(knocker.successes) > 20, 10, "a steady knocker", pause_s=0.002)
            asked = time.monotonic()
            cluster.nodes[0].post(f"/v1/cluster/shards/{shard}/move", {"to": target})
            processes.wait_until(lambda: shard in cluster.shards_of(target), 20, "the hand-over", pause_s=0.01)
            knocker.first_after(time.monotonic(), 10)
            times = knocker.finish()
            gaps = [(later - earlier) * 1e3 for earlier, later in zip(times, times[1:])]
            pauses.append(max(gap for gap, at in zip(gaps, times[1:]) if at > asked))
            usual.append(statistics.median(gaps))
        pauses.sort()
        for pause in pauses:
            self.bench.measured.add("g_hand_over_ms", pause)
        self.bench.measured.add("g_hand_over_usual_ms", statistics.median(usual))
        return self.bench.keep("g_hand_over_p99_ms", pauses[min(len(pauses) - 1, int(len(pauses) * 0.99))], "ms") + " at worst"

    def killed(self):
        """From kill -9 of node c to the first success for one of its wallets, asked through node a; and what those who
        only meet node a's own wallets feel meanwhile."""
        cluster, bench = self.cluster, self.bench
        node, victim = cluster.nodes[0], cluster.nodes[2]
        wallet = cluster.wallets_of("c")[0]
        here = cluster.wallets_of("a")
        file = cluster.file_of("untouched", here)
        rate = ["--rate", "1000"]
        calm = cluster.load(node, file, len(here), 8, 32, *rate)
        storm = {}
        loader = threading.Thread(target=lambda: storm.update(cluster.load(node, file, len(here), 9, 32, *rate)))
        loader.start()
        knocker = Knocker(node, wallet)
        knocker.start()
        knocker.first_after(0, 10)
        killed = time.monotonic()
        victim.kill()
        away = knocker.first_after(killed + 0.05, 60) - killed
        knocker.finish()
        loader.join()
        bench.measured.add("g_untouched_calm_p99_ms", calm["latency_ms"]["p99"])
        bench.measured.add("g_untouched_p99_ms", storm["latency_ms"]["p99"])
        victim.start()
        victim.wait_ready()
        cluster.wait_balanced()
        return bench.keep("g_takeover_s", away, "s") + ", untouched p99 " + f"{calm['latency_ms']['p99']:.1f} and {storm['latency_ms']['p99']:.1f} ms"

    def restarted(self):
        cluster = self.cluster
        node, victim = cluster.nodes[0], cluster.nodes[2]
        knocker = Knocker(node, cluster.wallets_of("c")[0])
        knocker.start()
        knocker.first_after(0, 10)
        killed = time.monotonic()
        victim.kill()
        victim.start()
        away = knocker.first_after(killed + 0.05, 60) - killed
        knocker.finish()
        victim.wait_ready()
        cluster.wait_balanced()
        return self.bench.keep("g_restart_s", away, "s")
