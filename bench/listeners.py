"""Part k: what rules of risk and those who listen to events cost the money, and whether a server that has neither is as fast as
the program was before there were any. Called by run.py."""

import http.server
import subprocess
import threading

import login
import processes
from opponents import BUILD, Dompet

# Every kind of rule that a transfer of the load can be judged by, none of which it meets.
RULES = [
    {"id": "limit", "name": "Above a limit", "kind": "amount_above", "currency": "IDR", "amount": "50000000.00", "score": 100,
     "action": "block"},
    {"id": "large", "name": "A large one", "kind": "amount_above", "currency": "IDR", "amount": "10000000.00", "score": 50,
     "action": "flag"},
    {"id": "small", "name": "Below the least", "kind": "amount_below", "currency": "IDR", "amount": "0.01", "score": 10,
     "action": "flag"},
    {"id": "often", "name": "Too often", "kind": "velocity_count", "count": 1000, "window_s": 1, "score": 80, "action": "flag"},
    {"id": "much", "name": "Too much", "kind": "velocity_amount", "currency": "IDR", "amount": "900000000000.00", "window_s": 60,
     "score": 80, "action": "flag"},
]


class ListenersPart:
    """The measurements of part k. `bench` is the run; each round measures all sides one after the other."""

    def __init__(self, bench):
        self.bench = bench
        self.receiver = self.kafka = None
        self.sides = {"plain": Dompet(bench.postgres, "dompet_bench_plain_events"),
                      "rules": Dompet(bench.postgres, "dompet_bench_rules"),
                      "busy": Dompet(bench.postgres, "dompet_bench_busy")}
        if bench.options.before:
            self.sides["before"] = Dompet(bench.postgres, "dompet_bench_before", programs=bench.options.before)

    def run(self):
        bench = self.bench
        self.receiver, self.kafka = Receiver(), Kafka()
        self.sides["busy"].environment.update({
            "DOMPET_KAFKA_BROKERS": self.kafka.brokers,
            "DOMPET_WEBHOOKS_ALLOW_PRIVATE_ADDRESSES": "true", "DOMPET_WEBHOOKS_ALLOW_PLAIN_HTTP": "true",
            # The endpoint hears of all that happens under full load: what waits for it must not disable it.
            "DOMPET_WEBHOOKS_MOST_PENDING": "10000000"})
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
            self.kafka.stop()
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


def set_rules(base):
    known = login.get(base, "/v1/risk/rules")
    login.put(base, "/v1/risk/rules", {"version": known["version"], "rules": RULES})


def listen(base, url):
    """An endpoint of the customer whose wallets are under load."""
    login.post(base, "/v1/webhook-endpoints", {"url": url}, email=login.CUSTOMER)


class Kafka:
    """librdkafka's mock of three brokers, and a consumer that follows the topic, in a process of their own."""

    def __init__(self):
        self.process = processes.start([BUILD / "kafka_double", "dompet.events", "/dev/null"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.brokers = self.process.stdout.readline().split()[-1]

    def stop(self):
        processes.stop(self.process)


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
