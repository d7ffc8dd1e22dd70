"""Parts h, i and j: what asking who somebody is costs, what a payment costs that is authorized and then captured, and what
others feel while passwords are checked. Called by run.py."""

import threading

import login
from opponents import Dompet

LOGIN_CONNECTIONS = 4


class AccessPart:
    """The measurements of parts h, i and j. `bench` is the run; each round measures both sides one after the other."""

    def __init__(self, bench):
        self.bench = bench
        self.guarded = Dompet(bench.postgres, "dompet_bench_access")
        self.open = Dompet(bench.postgres, "dompet_bench_open", variables={
            "DOMPET_TEST_WITHOUT_ACCESS": "1", "DOMPET_PROFILE": "development"})  # production does not know it
        self.merchant = None

    def run(self):
        bench = self.bench
        try:
            bench.attempt("start dompetd with access", self.start, self.guarded)
            if bench.wants("h"):
                bench.attempt("start dompetd without access", self.start, self.open)
            for _ in range(bench.rounds):
                if bench.wants("h"):
                    bench.attempt("(h) transfers with tokens, and with access off", self.tokens)
                if bench.wants("i"):
                    bench.attempt("(i) transfers, and authorize + capture", self.pairs)
                if bench.wants("j"):
                    bench.attempt("(j) p99 of transfers without and with logins", self.logins)
        finally:
            for dompet in (self.guarded, self.open):
                dompet.stop()
        bench.notes.append("`dompetctl verify` after parts h to j: " + self.guarded.verify())

    def start(self, dompet):
        dompet.start()
        dompet.prepare()
        dompet.load("transfer", 1 if self.bench.options.quick else 3, self.bench.options.connections)
        return "ready"

    def tokens(self):
        """Both servers have the same wallets on the same cluster; the one that is not measured does nothing."""
        bench, connections = self.bench, self.bench.options.connections
        guarded = self.guarded.load("transfer", bench.seconds, connections)
        free = self.open.load("transfer", bench.seconds, connections)
        bench.measured.add("h_server_cpu_us", guarded["server_cpu_us"])
        bench.measured.add("h_open_server_cpu_us", free["server_cpu_us"])
        return bench.keep("h_tokens", guarded["ok_per_s"], "/s") + " and " + bench.keep("h_open", free["ok_per_s"], "/s")

    def pairs(self):
        bench, connections = self.bench, self.bench.options.connections
        self.merchant = self.merchant or self.open_shop()
        transfers = self.guarded.load("transfer", bench.seconds, connections)
        pairs = self.guarded.load("payment", bench.seconds, connections, "--merchant", self.merchant)
        bench.measured.add("i_p99_ms", pairs["latency_ms"]["p99"])
        return (bench.keep("i_transfers", transfers["ok_per_s"], "/s") + " and " +
                bench.keep("i_pairs", pairs["ok_per_s"], "/s"))

    def open_shop(self):
        """A merchant that is active."""
        base = self.guarded.base
        wallet = login.post(base, "/v1/wallets", {"name": "Shop", "currency": "IDR"}, email=login.CUSTOMER)["id"]
        merchant = login.post(base, "/v1/merchants", {"name": "Shop", "wallet_id": wallet}, email=login.CUSTOMER)["id"]
        login.post(base, f"/v1/merchants/{merchant}/status", {"status": "active"})
        return merchant

    def logins(self):
        """Transfers at half of what is possible, open loop, so that both runs offer the same; then again while as many log
        in as the server lets in."""
        bench, connections = self.bench, self.bench.options.connections
        rate = (bench.measured.median("h_tokens") or
                self.guarded.load("transfer", bench.seconds, connections)["ok_per_s"]) / 2
        offered = ("--rate", f"{rate:.0f}")
        calm = self.guarded.load("transfer", bench.seconds, connections, *offered)
        crowd = Crowd(self.guarded, bench.seconds + 2)
        crowd.start()
        busy = self.guarded.load("transfer", bench.seconds, connections, *offered)
        logins = crowd.finish()
        bench.measured.add("j_rate", rate)
        bench.measured.add("j_logins", logins)
        bench.measured.add("j_calm_p50_ms", calm["latency_ms"]["p50"])
        bench.measured.add("j_busy_p50_ms", busy["latency_ms"]["p50"])
        return (bench.keep("j_calm_p99_ms", calm["latency_ms"]["p99"], "ms") + " and " +
                bench.keep("j_busy_p99_ms", busy["latency_ms"]["p99"], "ms") + f" beside {logins:.0f} logins/s")


class Crowd(threading.Thread):
    """People who log in, one after the other on each of a few connections, for so many seconds."""

    def __init__(self, dompet, seconds):
        super().__init__(daemon=True)
        self.dompet, self.seconds, self.rate, self.fault = dompet, seconds, None, None

    def run(self):
        try:
            result = self.dompet.log_in_flat_out(self.seconds, LOGIN_CONNECTIONS)
            self.rate = result["ok_per_s"]
        except (RuntimeError, OSError, ValueError) as fault:
            self.fault = fault

    def finish(self):
        """Logins a second; a run without any is no measurement."""
        self.join()
        if self.fault is not None or not self.rate:
            raise RuntimeError(f"nobody logged in: {self.fault}")
        return self.rate
