#!/usr/bin/env python3
"""The benchmark: Dompet beside plain SQL, in one run, alternating. Called by scripts/bench; see bench/README.md."""

import argparse
import sys
import threading
import time

import login
import processes
import report
from access import AccessPart
from cluster import ClusterPart
from listeners import ListenersPart
from opponents import ROOT, BareRoute, BUILD, Dompet, PlainSql, Postgres, machine, wrk

PARTS = ["a", "b", "c", "d", "e", "half", "overload", "sustained", "f", "g", "h", "i", "j", "k"]
SQL_CLIENTS = 32
BIG_WALLETS = 1_000_000
# How many wallets are read for the memory figure. Enough that they drown buffers and noise.
TOUCHED_WALLETS = 200_000


class Bench:
    def __init__(self, options):
        self.options = options
        self.measured = report.Measurements()
        self.notes = []
        self.postgres = Postgres()
        self.plain = None
        self.dompet = None
        self.seconds = 3 if options.quick else options.seconds
        self.rounds = options.rounds

    def wants(self, *parts):
        return any(part in self.options.only for part in parts)

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def attempt(self, title, step, *arguments):
        """One measurement. A failure is noted and leaves its row "not measured"; the others still run."""
        try:
            self.say(f"{title:<44}{step(*arguments)}")
        except (RuntimeError, OSError, KeyError, ValueError, AttributeError) as error:
            self.say(f"{title:<44}FAILED: {error}")
            note = f"{title}: failed: {error}"
            if note not in self.notes:
                self.notes.append(note)

    def keep(self, name, value, unit):
        self.measured.add(name, value)
        return report.shown(value, unit)

    # --- the sides -------------------------------------------------------------------------------------------------

    def open_sides(self):
        if self.wants("a", "e", "sustained"):
            self.plain = PlainSql(self.postgres)
        if self.wants("b", "c", "d", "e", "half", "overload", "sustained"):
            self.attempt("start dompetd, open the wallets", self.open_dompet)

    def open_dompet(self):
        dompet = Dompet(self.postgres, "dompet_bench")
        dompet.start()
        dompet.prepare()
        self.dompet = dompet
        return "ready"

    # --- (a) to (e), alternating -----------------------------------------------------------------------------------

    def warm_up(self):
        if self.plain:
            self.plain.measure(hot=False, clients=SQL_CLIENTS, seconds=2)
        if self.dompet:
            self.attempt("warm up", lambda: self.dompet.load("transfer", 2, self.options.connections) and "done")

    def one_round(self, number):
        self.say(f"--- round {number} of {self.rounds}")
        for hot in (False, True):
            place = "hot" if hot else "spread"
            if self.wants("a"):
                self.attempt(f"(a) plain SQL, {place}", self.plain_sql, hot)
            if self.wants("b") and self.dompet:
                self.attempt(f"(b) one transfer a request, {place}", self.one_a_request, hot)
            if self.wants("c") and self.dompet:
                self.attempt(f"(c) bulk of 100, {place}", self.bulk, hot)
        if self.wants("d") and self.dompet:
            self.attempt("(d) balance reads, Dompet and bare route", self.reads)
        if self.wants("e") and self.dompet:
            self.attempt("(e) one at a time, SQL and Dompet", self.one_at_a_time)

    def plain_sql(self, hot):
        result = self.plain.measure(hot, SQL_CLIENTS, self.seconds)
        return self.keep("a_hot" if hot else "a_spread", result["per_s"], "/s")

    def one_a_request(self, hot):
        result = self.dompet.load("transfer", self.seconds, self.options.connections, *hot_options(hot))
        if not hot:
            self.measured.add("b_p50_ms", result["latency_ms"]["p50"])
            self.measured.add("b_p99_ms", result["latency_ms"]["p99"])
            self.measured.add("b_server_cpu_us", result["server_cpu_us"])
            self.measured.add("b_generator_cpu_us", result["generator"]["cpu_us_per_request"])
        return self.keep("b_hot" if hot else "b_spread", result["ok_per_s"], "/s")

    def bulk(self, hot):
        result = self.dompet.load("bulk", self.seconds, self.options.bulk_connections, "--bulk-size", "100", *hot_options(hot))
        if not hot:
            self.measured.add("c_p50_ms", result["latency_ms"]["p50"])
        return self.keep("c_hot" if hot else "c_spread", result["ok_per_s"], "/s")

    def reads(self):
        path = "/v1/wallets/" + self.dompet.some_wallet()
        ours = wrk(self.dompet.base + path, self.options.connections, self.seconds, login.bearer(self.dompet.base))
        bare = BareRoute()
        try:
            theirs = wrk(bare.base + path, self.options.connections, self.seconds)
        finally:
            bare.stop()
        return self.keep("d_dompet", ours, "/s") + " and " + self.keep("d_bare", theirs, "/s")

    def one_at_a_time(self):
        theirs = self.plain.measure(hot=False, clients=1, seconds=self.seconds)
        ours = self.dompet.load("transfer", self.seconds, 1)
        self.measured.add("e_dompet_p50_ms", ours["latency_ms"]["p50"])
        return self.keep("e_sql_ms", theirs["mean_ms"], "ms") + " and " + self.keep("e_dompet_ms", ours["latency_ms"]["mean"], "ms")

    # --- latency at half load, overload ----------------------------------------------------------------------------

    def capacity(self):
        """What (b) reached; measured now when (b) was not asked for."""
        known = self.measured.median("b_spread")
        return known or self.dompet.load("transfer", self.seconds, self.options.connections)["ok_per_s"]

    def half_load(self):
        rate = self.capacity() / 2
        result = self.dompet.load("transfer", self.seconds, self.options.connections, "--rate", f"{rate:.0f}")
        latency = result["latency_ms"]
        self.measured.add("half_rate", rate)
        self.measured.add("half_p999_ms", latency["p99_9"])
        return self.keep("half_p50_ms", latency["p50"], "ms") + " p50, " + self.keep("half_p99_ms", latency["p99"], "ms") + " p99"

    def overload(self):
        capacity = self.capacity()
        seconds = 6 if self.options.quick else 20
        pid = self.dompet.process.pid
        before = processes.resident_bytes(pid)
        samples = MemorySamples(pid)
        samples.start()
        result = self.dompet.load("transfer", seconds, self.options.overload_connections, "--rate", f"{2 * capacity:.0f}")
        memory = samples.finish()
        mb = 1024 * 1024
        self.measured.add("overload_capacity", capacity)
        self.measured.add("overload_rate", 2 * capacity)
        self.measured.add("overload_shed", result["counts"]["shed"] / result["measured_s"])
        self.measured.add("overload_p99_ms", result["latency_ms"]["p99"])
        self.measured.add("overload_before_mb", before / mb)
        self.measured.add("overload_most_mb", max(memory) / mb)
        self.measured.add("overload_growth_mb", (memory[-1] - memory[len(memory) // 2]) / mb)
        counts = result["counts"]
        self.notes.append(f"Twice the capacity: {counts['ok']:,} done, {counts['shed']:,} shed, {counts['unsent']:,} due but "
                          f"never sent because all {result['connections']:,} connections were busy, {counts['timeouts']:,} timed out.")
        return self.keep("overload_ok", result["ok_per_s"], "/s") + f", shed {counts['shed']:,}"

    # --- sustained -------------------------------------------------------------------------------------------------

    def sustained(self):
        seconds = 15 if self.options.quick else 60
        self.attempt(f"(a) for {seconds} s", lambda: self.keep(
            "a_sustained", self.plain.measure(False, SQL_CLIENTS, seconds)["per_s"], "/s"))
        if self.dompet:
            self.attempt(f"(b) for {seconds} s", self.sustained_transfers, "b", seconds)
            self.attempt(f"(c) for {seconds} s", self.sustained_transfers, "c", seconds)

    def sustained_transfers(self, part, seconds):
        if part == "b":
            result = self.dompet.load("transfer", seconds, self.options.connections, "--verify-replay", "1000")
            replay = result["replay"]
            self.notes.append(f"Of {replay['checked']:,} acknowledged transfers sent again after the sustained run, "
                              f"{replay['identical']:,} were answered with the stored answer, byte for byte.")
            by_second = result["ok_by_second"]
            self.measured.add("b_sustained_worst_second", min(by_second))
            self.measured.add("b_sustained_last_to_first", sum(by_second[-10:]) / max(1, sum(by_second[:10])))
        else:
            result = self.dompet.load("bulk", seconds, self.options.bulk_connections, "--bulk-size", "100")
        for name, value in sorted(self.dompet.metrics(r"(lag|backlog)").items()):
            self.notes.append(f"Right after the sustained run of ({part}): `{name}` = {value:g}.")
        return self.keep(f"{part}_sustained", result["ok_per_s"], "/s")

    # --- (f) a big ledger, killed ----------------------------------------------------------------------------------

    def big_ledger(self):
        if self.dompet:
            self.dompet.stop()
        wallets = self.options.big_wallets
        began = time.monotonic()
        dompet = self.prepare_big_ledger(wallets)
        self.measured.add("big_wallets", wallets)
        self.measured.add("big_fill_s", time.monotonic() - began)
        try:
            for _ in range(self.rounds):
                self.attempt("(f) kill -9, start, first answer", self.killed_and_started, dompet)
            self.attempt("(f) memory of a resident wallet", self.memory_of_a_wallet, dompet, min(TOUCHED_WALLETS, wallets))
        finally:
            dompet.stop()
        return "done"

    def prepare_big_ledger(self, wallets):
        """A running server on a ledger of so many wallets with two events each. `dompetctl generate-journal`, where it
        exists, writes the ledger directly; otherwise every wallet is opened and topped up over HTTP."""
        dompet = Dompet(self.postgres, "dompet_bench_big")
        code, _, _ = processes.run([BUILD / "dompetctl", "generate-journal", "--help"], check=False)
        if code == 0:
            processes.run([BUILD / "dompetctl", "generate-journal", "--database", dompet.database, "--wallets", wallets,
                           "--events", 2 * wallets, "--wallets-file", dompet.wallets_file], timeout_s=3600)
            dompet.start()
        else:
            dompet.start()
            dompet.prepare(wallets)
        return dompet

    def killed_and_started(self, dompet):
        wallet = dompet.some_wallet()
        dompet.kill()
        began = time.monotonic()
        ready_s = dompet.start()
        first_requests(dompet, wallet)
        self.measured.add("ready_mb", processes.resident_bytes(dompet.process.pid) / 1024 / 1024)
        return self.keep("ready_s", ready_s, "s") + " ready, " + self.keep(
            "first_answer_s", time.monotonic() - began, "s") + " first answers"

    def memory_of_a_wallet(self, dompet, wallets):
        """The growth of a freshly started server while so many wallets are read for the first time, divided by the wallets
        that became resident: by the server's own gauge if it has one, else by how many different ones the reads met."""
        dompet.stop()
        dompet.start()
        # Connections and buffers first, with a handful of wallets, so that they do not count.
        dompet.load("read", 1, self.options.connections, wallets=100, warmup="0")
        memory_before, resident_before = processes.resident_bytes(dompet.process.pid), resident_wallets(dompet)
        result = dompet.load("read", 20, self.options.connections, wallets=wallets, warmup="0")
        memory = processes.resident_bytes(dompet.process.pid) - memory_before
        met = wallets * (1 - (1 - 1 / wallets) ** result["requests"])
        became = resident_wallets(dompet) - resident_before or met
        self.measured.add("wallets_touched", met)
        self.measured.add("wallets_resident", became)
        return self.keep("wallet_bytes", memory / became, "B")

    # --- the whole run ---------------------------------------------------------------------------------------------

    def run(self):
        self.open_sides()
        self.warm_up()
        if self.wants("a", "b", "c", "d", "e"):
            for number in range(1, self.rounds + 1):
                self.one_round(number)
        if self.dompet and self.wants("half"):
            for _ in range(self.rounds):
                self.attempt("half load", self.half_load)
        if self.wants("sustained"):
            self.sustained()
        if self.dompet and self.wants("overload"):
            for _ in range(self.rounds):
                self.attempt("twice the capacity", self.overload)
        self.check_ledgers()
        if self.wants("f"):
            self.attempt("(f) a big ledger", self.big_ledger)
        if self.wants("g"):
            ClusterPart(self).run()
        if self.wants("h", "i", "j"):
            AccessPart(self).run()
        if self.wants("k"):
            ListenersPart(self).run()

    def check_ledgers(self):
        """A benchmark of a ledger that is wrong at the end is worth nothing."""
        if self.plain:
            self.notes.append("Plain SQL's balances add up after the run: " + ("yes." if self.plain.money_is_whole() else "NO."))
        if self.dompet:
            self.dompet.stop()
            self.notes.append("`dompetctl verify` after the run: " + self.dompet.verify())


class MemorySamples:
    """The resident memory of a process, twice a second, in a thread."""

    def __init__(self, pid):
        self.pid, self.samples, self.over = pid, [], threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def start(self):
        self.thread.start()

    def _sample(self):
        while not self.over.is_set():
            try:
                self.samples.append(processes.resident_bytes(self.pid))
            except OSError:
                return
            self.over.wait(0.5)

    def finish(self):
        self.over.set()
        self.thread.join()
        return self.samples


def hot_options(hot):
    return ("--hot", "1") if hot else ()


def first_requests(dompet, wallet):
    """A balance, and a top-up of one rupiah: both must be answered, the second one durably."""
    login.get(dompet.base, f"/v1/wallets/{wallet}")
    login.post(dompet.base, "/v1/topups", {"wallet_id": wallet, "amount": "1.00", "currency": "IDR", "method": "bri"},
               f"bench-{time.time_ns()}")


def resident_wallets(dompet):
    """The sum of the server's gauges of resident wallets; 0 when it has none."""
    return sum(dompet.metrics(r"^dompet_engine_resident_wallets").values())


def parse_options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short measurements: to see that it works, not to compare")
    parser.add_argument("--only", help="parts to run, of " + ",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="length of one measurement")
    parser.add_argument("--connections", type=int, default=64, help="HTTP connections for single transfers and reads")
    parser.add_argument("--bulk-connections", type=int, default=8)
    parser.add_argument("--overload-connections", type=int, default=2000)
    parser.add_argument("--before", help="directory with the dompetd and dompetctl of an earlier commit, for part k")
    parser.add_argument("--big-wallets", type=int, default=BIG_WALLETS, help="wallets of the ledger of part f")
    parser.add_argument("--output", help="where the report goes: docs/benchmarks.md for a whole run, build/benchmarks.md "
                                         "for a quick or partial one")
    options = parser.parse_args()
    whole = not options.quick and not options.only
    options.output = options.output or str(ROOT / ("docs" if whole else "build") / "benchmarks.md")
    options.only = [part.strip() for part in options.only.split(",")] if options.only else PARTS
    unknown = [part for part in options.only if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    return options


def main():
    options = parse_options()
    bench = Bench(options)
    try:
        bench.run()
        command = "scripts/bench" + "".join(" " + argument for argument in sys.argv[1:])
        text = report.markdown(bench.measured, machine(bench.postgres), command, bench.notes)
    finally:
        processes.stop_all()
        bench.postgres.stop()
    with open(options.output, "w", encoding="utf-8") as file:
        file.write(text)
    print("\n" + report.goals_table(bench.measured))


if __name__ == "__main__":
    main()
