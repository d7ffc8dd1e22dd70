"""Part k: what rules of risk and those who listen to events cost the money, and whether a server that has neither is as fast as
the program was before there were any. Called by run.py."""

import http.server
import threading

import login
from opponents import Dompet


class ListenersPart:
    """The measurements of part k. `bench` is the run; each round measures all sides one after the other."""

    def __init__(self, bench):
        self.bench = bench
        self.receiver = None
        self.sides = {"plain": Dompet(bench.postgres, "dompet_bench_plain_events"),
                      "rules": Dompet(bench.postgres, "dompet_bench_rules"),
                      "busy": Dompet(bench.postgres, "dompet_bench_busy", variables=BUSY)}
        if bench.options.before:
            self.sides["before"] = Dompet(bench.postgres, "dompet_bench_before", programs=bench.options.before)

    def run(self):
        bench = self.bench
        self.receiver = Receiver()
        try:
            for name in self.sides:
                bench.attempt(f"start dompetd ({name})", self.start, name)
            for _ in range(bench.rounds):
                for name in ("before", "plain", "busy"):
                    if name in self.sides:
                        bench.attempt(f"(k) transfers, {name}", self.transfers, name)
                bench.attempt("(k) one at a time, without and with rules", self.one_at_a_time)
        finally:
            for dompet in self.sides.values():
                dompet.stop()
            self.receiver.stop()
        bench.notes.append(f"Part k: the webhook endpoint took {self.receiver.taken:,} deliveries.")
        bench.notes.append("`dompetctl verify` after part k: " + self.sides["busy"].verify())

    def start(self, name):
        dompet = self.sides[name]
        dompet.start()
        dompet.prepare()
        if name in ("rules", "busy"):
            set_rules(dompet.base)
        if name == "busy":
            listen(dompet.base, self.receiver.url)
        dompet.load("transfer", 1 if self.bench.options.quick else 3, self.bench.options.connections)
        return "ready"

    def transfers(self, name):
        bench, dompet = self.bench, self.sides[name]
        result = dompet.load("transfer", bench.seconds, bench.options.connections)
        bench.measured.add(f"k_{name}_server_cpu_us", result["server_cpu_us"])
        if name == "busy":
            bench.measured.add("k_behind", sum(dompet.metrics(r"events_lag").values()))
        return bench.keep(f"k_{name}", result["ok_per_s"], "/s")

    def one_at_a_time(self):
        bench = self.bench
        p50 = {name: self.sides[name].load("transfer", bench.seconds, 1)["latency_ms"]["p50"] for name in ("plain", "rules")}
        bench.keep("k_rules_add_ms", p50["rules"] - p50["plain"], "ms")
        return (bench.keep("k_plain_p50_ms", p50["plain"], "ms") + " and " +
                bench.keep("k_rules_p50_ms", p50["rules"], "ms"))


class Receiver:
    """An HTTP server that takes every webhook at once and counts it."""

    def __init__(self):
        receiver = self
        self.taken = 0

        class Taking(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.taken += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
