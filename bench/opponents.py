"""The two sides of the benchmark and the tools that measure them. Every function returns plain numbers, measured now."""

import json
import os
import pathlib
import re
import socket
import subprocess
import time

import login
import processes

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
VAR = ROOT / "build" / "bench-var"
POSTGRES_DIRECTORY = ROOT / "build" / "bench-postgres"
PLAIN_SQL = ROOT / "bench" / "plain_sql"
WALLETS = 10_000


class Postgres:
    """The private cluster that both sides share; each has a database of its own in it."""

    def __init__(self):
        _, out, _ = processes.run([ROOT / "scripts/postgres", "start", POSTGRES_DIRECTORY])
        self.url = out.split()[-1]
        self.admin_url = self.url.replace("://dompet@", "://postgres@")

    def fresh(self, name):
        _, out, _ = processes.run([ROOT / "scripts/postgres", "fresh", POSTGRES_DIRECTORY, name])
        return out.split()[-1]

    def sql(self, statement, url=None):
        _, out, _ = processes.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url or self.admin_url,
                                   "-c", statement])
        return out.strip()

    def checkpoint(self):
        """Before each measurement, so that nobody pays for pages that somebody else made dirty."""
        self.sql("CHECKPOINT")

    def stop(self):
        processes.run([ROOT / "scripts/postgres", "stop", POSTGRES_DIRECTORY], check=False)


class PlainSql:
    """What a competent engineer would write on PostgreSQL alone; see bench/plain_sql."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.url = postgres.fresh("dompet_bench_plain")
        processes.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-f", PLAIN_SQL / "schema.sql"])

    def measure(self, hot, clients, seconds):
        """{"per_s", "mean_ms"} of pgbench with prepared statements."""
        script = PLAIN_SQL / ("transfer_hot.sql" if hot else "transfer.sql")
        self.postgres.checkpoint()
        _, out, _ = processes.run(["pgbench", "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-T", seconds,
                                   "-f", script, self.url], timeout_s=seconds + 120)
        failed = int(re.search(r"number of failed transactions: (\d+)", out).group(1))
        if failed:
            raise RuntimeError(f"pgbench: {failed} transactions failed")
        return {"per_s": float(re.search(r"^tps = ([\d.]+)", out, re.M).group(1)),
                "mean_ms": float(re.search(r"latency average = ([\d.]+)", out).group(1))}

    def money_is_whole(self):
        """No money came or went: the sum of all balances is what it was at the start."""
        return self.postgres.sql("SELECT sum(balance) = count(*) * 100000000000::numeric FROM account", self.url) == "t"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dompet:
    """The server under test, release build, default settings, and its load generator."""

    def __init__(self, postgres, database, url=None, variables=None, programs=BUILD):
        """`variables` are further ones of its environment. `programs`: the directory of its dompetd and dompetctl; the load
        always comes from ours."""
        self.programs = pathlib.Path(programs)
        self.environment = {**login.ENVIRONMENT, **(variables or {})}
        self.postgres = postgres
        self.name = database
        self.database = url or postgres.fresh(database)
        self.var = VAR / database
        self.wallets_file = self.var / "wallets"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.var.mkdir(parents=True, exist_ok=True)
        self.wallets_file.unlink(missing_ok=True)
        processes.run([self.programs / "dompetctl", "migrate", "up", "--database", self.database])

    def start(self, patience_s=120):
        """Starts the server and waits until it is ready. Returns the seconds from exec to the first 200 of /readyz."""
        began = time.monotonic()
        with open(self.var / "dompetd.log", "ab") as log:
            self.process = processes.start([self.programs / "dompetd", "--database", self.database, "--http-address",
                                            f"127.0.0.1:{self.port}", "--var", self.var], stdout=log, stderr=log,
                                           env=self.environment)

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"dompetd ended with {self.process.returncode}; {last_line(self.var / 'dompetd.log')}")
            return processes.answers(self.base + "/readyz") == 200

        processes.wait_until(ready, patience_s, "dompetd getting ready", pause_s=0.005)
        return time.monotonic() - began

    def stop(self):
        if self.process is not None:
            processes.stop(self.process)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        processes.stop(self.process)
        self.process = None

    def load(self, workload, seconds, connections, *extra, wallets=WALLETS, warmup="1s"):
        """The JSON of `dompetctl load` (members in cli/README.md), and `server_cpu_us` per successful operation."""
        self.postgres.checkpoint()
        self.prepare(wallets)
        command = self._load_command(wallets, connections) + [
            "--workload", workload, "--duration", f"{seconds}s", "--warmup", warmup, "--json", "-", *extra]
        before = processes.cpu_seconds(self.process.pid)
        _, out, _ = processes.run(command, timeout_s=seconds + 180, env=self.customer())
        result = json.loads(out)
        spent = processes.cpu_seconds(self.process.pid) - before
        result["server_cpu_us"] = spent * 1e6 / max(1, result["counts"]["ok"])
        counts = result["counts"]
        broken = counts["other"] + counts["key_reused"] + counts["connection_errors"] + counts["timeouts"]
        if counts["ok"] == 0 or broken > 0.001 * max(1, counts["ok"]):
            raise RuntimeError(f"the server did not do what was asked: {counts}")
        return result

    def prepare(self, wallets=WALLETS):
        """Opens and tops up the wallets, unless they are there."""
        processes.run(self._load_command(wallets, 64) + ["--prepare-only"], timeout_s=3600, env=self.customer())

    def log_in_flat_out(self, seconds, connections):
        """The JSON of `dompetctl load --workload login`; those that are shed because others are checked count for nothing."""
        _, out, _ = processes.run([BUILD / "dompetctl", "load", "--url", self.base, "--workload", "login", "--connections",
                                   connections, "--duration", f"{seconds}s", "--warmup", "0", "--json", "-"],
                                  timeout_s=seconds + 60, env=self.customer())
        return json.loads(out)

    def customer(self):
        return login.as_customer(self.base, self.environment)

    def _load_command(self, wallets, connections):
        return [BUILD / "dompetctl", "load", "--url", self.base, "--wallets", wallets, "--wallets-file",
                self.wallets_file, "--connections", connections]

    def some_wallet(self):
        return self.wallets_file.read_text(encoding="ascii").splitlines()[2]

    def metrics(self, pattern):
        """The metrics whose name matches, {name with labels: value}; empty when there are none."""
        found = {}
        try:
            for line in processes.fetch(self.base + "/metrics").decode().splitlines():
                name, _, value = line.rpartition(" ")
                if name and not line.startswith("#") and re.search(pattern, name):
                    found[name] = float(value)
        except (OSError, ValueError):
            pass
        return found

    def verify(self):
        """What `dompetctl verify` says of the ledger that the load left behind, as a sentence."""
        code, out, err = processes.run([self.programs / "dompetctl", "verify", "--database", self.database], timeout_s=3600,
                                       check=False)
        verdict = {0: "sound", 2: "NOT SOUND"}.get(code, "could not be done")
        words = (out + err).strip().splitlines() or [""]
        return f"{verdict} ({words[-1]})."


class BareRoute:
    """RESTinio with one static route; see bench/bare_route.cpp."""

    def __init__(self):
        self.process = processes.start([BUILD / "bare_route"], stdout=subprocess.PIPE, text=True)
        self.base = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        processes.stop(self.process)


def wrk(url, connections, seconds, headers=None):
    """Requests per second as wrk sees them; the same options for whoever is asked."""
    said = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
    _, out, _ = processes.run(["wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "--latency", *said, url],
                              timeout_s=seconds + 60)
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError("wrk: " + next(line.strip() for line in out.splitlines() if "Non-2xx" in line or "Socket" in line))
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1))


def last_line(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1][-400:]
    except (OSError, IndexError):
        return "it said nothing"


def machine(postgres):
    """Where this was measured."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    cores = os.cpu_count()
    memory_kb = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="ascii")).group(1))
    code, commit, _ = processes.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=False)
    return {"Processor": f"{model}, {cores} cores",
            "Memory": f"{memory_kb / 1024 / 1024:.1f} GiB",
            "Kernel": os.uname().release.split("-")[0],
            "PostgreSQL": postgres.sql("SHOW server_version") + ", " + ", ".join(
                f"{name} {postgres.sql('SHOW ' + name)}" for name in
                ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "checkpoint_timeout", "wal_compression")),
            "Commit": commit.strip() if code == 0 else "none",
            "Date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}
