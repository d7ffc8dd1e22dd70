"""One fault, from a cluster that is well to a cluster that is well again, under load, with everything that was said written down
and held against the ledger afterwards."""

import contextlib
import functools
import random
import threading
import time
from dataclasses import dataclass

from audit import DOUBLED, LOST, WRONG, Finding
from bank import Bank, open_wallet, top_up
from history import DECLINED, OK
from processes import wait_until
from till import Till

ACCOUNTS = 8
MOST_WALLETS = 200  # opened until each node owns its accounts
ROAMING_CLIENTS = 3  # beside one for each node's own accounts
PAUSE_S = 0.02  # of a client between operations: two cores shall not be the fault
WARM_UP, COOL_DOWN = 20, 20  # acknowledged operations


@dataclass
class Fault:
    """What is done to a cluster. `inject` is a context manager over a Stage: it breaks something, and mends it at its end."""

    number: str
    title: str
    inject: object
    needs: tuple = ()
    # Seconds for which it lasts between breaking and mending, unless `inject` does its own waiting.
    lasts_s: float = 0.0
    # The longest that accounts may be away, on nodes that the fault hits, and on those that it does not.
    away_at_most_s: float = 15.0
    others_away_at_most_s: float = 5.0
    # Whether `make test` does it too; `make chaos` does all.
    in_short: bool = True

    @property
    def name(self):
        return f"{self.number}: {self.title}"


@dataclass
class Report:
    fault: Fault
    findings: list
    acknowledged: int = 0
    away_s: float = 0.0
    others_away_s: float = 0.0
    others_p99_ms: float = 0.0
    seed: int = 0

    def count(self, kind):
        return sum(finding.kind == kind for finding in self.findings)

    def __str__(self):
        return (f"{self.fault.name}: away {self.away_s:.1f} s, others {self.others_away_s:.1f} s"
                f" (p99 {self.others_p99_ms:.0f} ms), {self.acknowledged} acknowledged, {self.count(LOST)} lost,"
                f" {self.count(DOUBLED)} doubled, {self.count(WRONG)} otherwise wrong")


class Stage:
    """What a fault acts on, and how it says whom it hits."""

    def __init__(self, cluster, bank, placement, rng):
        self.cluster = cluster
        self.bank = bank
        self.rng = rng
        self._placement = placement
        self.hit = set()
        self.findings = []
        self.more_settings = {}  # of nodes that a fault starts

    def pick(self):
        """A node that will be hit."""
        node = self.rng.choice(self.cluster.nodes)
        self.hits(node)
        return node

    def hits(self, *nodes):
        self.hit.update(node.name for node in nodes)

    def hits_all(self):
        self.hits(*self.cluster.nodes)

    def wallets_of(self, node):
        """Accounts that it owned when the fault came."""
        return [wallet for wallet, owner in self._placement.items() if owner == node.name]

    def trade_on(self, count, deadline_s=60):
        self.bank.trade_on(count, deadline_s)

    def open_quiet_accounts(self, node, count=2):
        """Accounts of the node's that no client of the bank's knows, on shards of their own; but the audit knows them."""
        client = self.cluster.client()
        busy = set(self.cluster.shards_of(self.bank.wallets).values())
        found = []
        for number in range(MOST_WALLETS):
            if len(found) == count:
                break
            wallet = open_wallet(client, f"quiet {number}")
            [shard] = self.cluster.shards_of([wallet]).values()
            if shard not in busy and self.cluster.owners()[shard] == node.name:
                found.append(wallet)
        assert len(found) == count, f"{node} has no quiet accounts"
        for wallet in found:
            self.wait(lambda wallet=wallet: top_up(client, wallet, self.bank.initial, f"initial-{wallet}").status == 201,
                      "a quiet account has money")
        client.close()
        self.bank.wallets = [*self.bank.wallets, *found]
        return found

    def transfer_at(self, node, source, destination):
        """One attempt at one node."""
        client = node.client()
        self.bank.transfer_once(client, source, destination)
        client.close()

    def read(self, node, wallet):
        """By way of one node, until it can."""
        client = node.client(timeout_s=2)
        known = len(self.bank.history.reads)

        def read():
            self.bank.read_once(client, wallet)
            return any(read.wallet == wallet for read in self.bank.history.reads[known:])
        self.wait(read, f"an account is read through {node}")
        client.close()

    @staticmethod
    def last(seconds):
        """How long something stays broken: a part of the fault, not a wait for anything."""
        threading.Event().wait(seconds)

    def expect(self, condition, text):
        if not condition:
            self.findings.append(Finding(WRONG, text))

    def wait(self, condition, what, deadline_s=30):
        wait_until(condition, what, deadline_s)


def place_accounts(cluster):
    """Opens wallets until each node owns its part of the accounts; returns the accounts with their owners."""
    client = cluster.client()
    owners = cluster.owners()
    wanted = {node.name: ACCOUNTS // len(cluster.nodes) for node in cluster.nodes}
    spare = ACCOUNTS - sum(wanted.values())
    placement = {}
    for number in range(MOST_WALLETS):
        if not spare and not any(wanted.values()):
            break
        wallet = open_wallet(client, f"account {number}")
        [shard] = cluster.shards_of([wallet]).values()
        owner = owners[shard]
        if wanted[owner]:
            wanted[owner] -= 1
        elif spare:
            spare -= 1
        else:
            continue
        placement[wallet] = owner
    client.close()
    assert len(placement) == ACCOUNTS, f"no accounts on some node: {wanted}"
    return placement


def longest_gap(moments, begin, end):
    """Between two successes of which the second came in this time; the time's ends count as successes."""
    within = sorted(moment for moment in moments if begin <= moment <= end)
    return max(later - earlier for earlier, later in zip([begin, *within], [*within, end], strict=True))


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class Director:
    """Performs faults on one cluster, one after the other."""

    def __init__(self, cluster, directory, with_till=True):
        self._cluster = cluster
        self._directory = directory
        self._with_till = with_till
        self._rounds = 0

    def perform(self, fault, seed):
        """Everything about it but the judgement, which is `Report.findings`. Raises when the cluster does not come back; it
        is started anew then, for the next fault."""
        try:
            return self._perform(fault, seed)
        except BaseException:
            self._cluster.start_anew()
            raise

    def _perform(self, fault, seed):
        self._rounds += 1
        rng = random.Random(seed)
        cluster = self._cluster
        cluster.wait_until_whole()
        placement = place_accounts(cluster)
        bank = Bank(cluster, self._directory / f"history.{self._rounds}.jsonl", wallets=list(placement), seed=f"{seed}",
                    pause_s=PAUSE_S)
        till = Till(cluster, seed=f"{seed}") if self._with_till else None
        stage = Stage(cluster, bank, placement, rng)
        bank.open_doors(ROAMING_CLIENTS, [(stage.wallets_of(node), functools.partial(cluster.client, home=node))
                                          for node in cluster.nodes])
        if till:
            till.open_doors(clients=1)
        try:
            bank.trade_on(WARM_UP)
            began = time.monotonic()
            with contextlib.ExitStack() as broken:
                broken.enter_context(fault.inject(stage))
                stage.last(fault.lasts_s)
            cluster.wait_until_whole()
            bank.trade_on(COOL_DOWN)
            ended = time.monotonic()
        finally:
            bank.close_doors()
            if till:
                till.close_doors()
        findings = bank.findings() + (till.findings() if till else []) + stage.findings
        report = Report(fault, findings, seed=seed,
                        acknowledged=len(bank.history.with_outcome(OK, DECLINED)))
        self._check_alarms(report)
        self._measure(report, stage, placement, began, ended)
        return report

    def _check_alarms(self, report):
        for name in ("dompet_engine_integrity_alarms_total", "dompet_engine_quarantined_wallets"):
            value = self._cluster.metric(name)
            if value != 0:
                report.findings.append(Finding(WRONG, f"{name} is {value}"))

    @staticmethod
    def _measure(report, stage, placement, began, ended):
        done = stage.bank.history.with_outcome(OK)
        away, untouched = [], []
        for wallet, owner in placement.items():
            moments = [each.ended for each in done if wallet in (each.source, each.destination)]
            (away if owner in stage.hit else untouched).append(longest_gap(moments, began, ended))
        others = [each for each in done if began <= each.began <= ended
                  and not {placement.get(each.source), placement.get(each.destination)} & stage.hit]
        report.away_s = max(away, default=0.0)
        report.others_away_s = max(untouched, default=0.0)
        report.others_p99_ms = percentile([(each.ended - each.began) * 1000 for each in others], 0.99)
        for seconds, most, whose in ((report.away_s, report.fault.away_at_most_s, "hit"),
                                     (report.others_away_s, report.fault.others_away_at_most_s, "others")):
            if seconds > most:
                report.findings.append(Finding(WRONG, f"accounts ({whose}) were away for {seconds:.1f} s, more than {most} s"))
