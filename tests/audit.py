"""The audit of a bank, once all is quiet. It believes nothing but the ledger's own lists and statements, and compares them
with what the clients were told (protocol 7.1). It goes on after the first thing that it finds: a table wants to be counted."""

import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from history import DECLINED, NOT_APPLIED, OK, UNKNOWN, verdict
from processes import dompetctl, of_ledger, psql, wait_until

# What can be wrong. `lost`: acknowledged, and not there. `doubled`: an effect more than was asked for. The rest is `wrong`.
LOST, DOUBLED, WRONG = "lost", "doubled", "wrong"

AUDITORS = 4
SAGAS_DEADLINE_S = 30  # after the last fault is healed (protocol 7.1, progress)

# What was sent and not yet credited, as far as one of the ledger's databases knows: both sides may be in different ones.
TRANSIT = """
    SELECT source, destination, currency, sum(sent) - sum(arrived)
      FROM (SELECT shard AS source, peer_shard AS destination, currency, out_total AS sent, 0 AS arrived FROM transit
            UNION ALL SELECT peer_shard, shard, currency, 0, in_total FROM transit) AS legs
     GROUP BY source, destination, currency"""


@dataclass(frozen=True)
class Finding:
    kind: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.text}"


def minor_of(text):
    return int(Decimal(text) * 100)


def text_of(minor):
    return f"{minor // 100}.{minor % 100:02}"


class Audit:
    """Of one bank, once. The server runs, and all of its sagas can reach their end."""

    def __init__(self, bank):
        self._bank = bank
        self._dompetd = bank.dompetd
        self._databases = getattr(bank.dompetd, "databases", [bank.dompetd.database])
        self._history = bank.history
        self._findings = []
        self._lock = threading.Lock()

    def findings(self):
        self._check_progress()
        self._verify()
        transactions = self._transactions()
        self._check_effects(transactions)
        self._check_wallets(transactions)
        self._each(self._history.with_outcome(OK, DECLINED), self._check_replay)
        unknown = self._history.with_outcome(UNKNOWN)
        self._each(unknown, lambda client, operation: self._settle(client, operation, transactions.get(operation.key)))
        after = self._transactions()
        new = after.keys() - transactions.keys() - {operation.key for operation in unknown}
        self._expect(not new, DOUBLED, lambda: f"replays moved money: {sorted(new)[:5]}")
        self._check_progress()
        self._check_wallets(after)
        self._verify()
        return self._findings

    def _expect(self, condition, kind, text):
        if not condition:
            with self._lock:
                self._findings.append(Finding(kind, text() if callable(text) else text))
        return condition

    # --- the ledger ---

    def _verify(self):
        done = dompetctl("verify", *of_ledger(self._databases), check=False)
        self._expect(done.returncode == 0, WRONG, f"verify ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _check_progress(self):
        """Every saga reaches its end without help, and what was on its way between two shards has arrived."""
        open_sagas = "SELECT id, state, last_error FROM saga WHERE state IN (1, 2) LIMIT 5"
        try:
            wait_until(lambda: not self._ask_all(open_sagas), "all sagas are final", SAGAS_DEADLINE_S)
        except AssertionError:
            self._expect(False, WRONG, f"sagas are open after {SAGAS_DEADLINE_S} s: {self._ask_all(open_sagas)}")
            return
        sums = Counter()
        for source, destination, currency, on_its_way in self._ask_all(TRANSIT):
            sums[source, destination, currency] += int(on_its_way)
        unequal = {pair: minor for pair, minor in sums.items() if minor}
        self._expect(not unequal, WRONG, f"money is on its way between shards although no saga is open: {unequal}")

    def _ask_all(self, statement):
        return [row for database in self._databases for row in psql(database, statement)]

    def _transactions(self):
        """The bank's transfers by the key that their client gave them."""
        client = self._dompetd.client()
        by_key = defaultdict(dict)
        for wallet in self._bank.wallets:
            for transaction in client.all(f"/v1/transactions?kind=transfer&wallet_id={wallet}"):
                by_key[transaction["description"]][transaction["id"]] = transaction
        client.close()
        for key, found in by_key.items():
            self._expect(len(found) == 1, DOUBLED, lambda: f"{key} has more than one transaction: {list(found.values())}")
        return {key: next(iter(found.values())) for key, found in by_key.items()}

    def _check_effects(self, transactions):
        for operation in self._history.operations:
            found = transactions.get(operation.key)
            status = found["status"] if found else None
            told = f"{operation} is {found}"
            if operation.outcome == OK:
                if self._expect(status == "completed", LOST, f"acknowledged, but: {told}"):
                    self._expect(found["id"] == operation.answer.json["id"], DOUBLED, f"another transaction: {told}")
            elif operation.outcome == DECLINED:
                if self._expect(status is not None, LOST, f"a decline that is not on record: {told}"):
                    self._expect(status in ("declined", "failed", "cancelled"), DOUBLED, f"declined, but: {told}")
            elif operation.outcome == NOT_APPLIED:
                self._expect(status is None, DOUBLED, f"was said not to be applied: {told}")
            if found:
                content = (operation.source, operation.destination, text_of(operation.minor))
                self._expect(content == (found["source_wallet_id"], found["destination_wallet_id"], found["amount"]), WRONG,
                             f"other content: {told}")

    # --- wallets ---

    def _check_wallets(self, transactions):
        expected = Counter({wallet: self._bank.initial for wallet in self._bank.wallets})
        for transaction in transactions.values():
            if transaction["status"] == "completed":
                expected[transaction["source_wallet_id"]] -= minor_of(transaction["amount"])
                expected[transaction["destination_wallet_id"]] += minor_of(transaction["amount"])
        client = self._dompetd.client()
        total = 0
        for wallet in self._bank.wallets:
            view = client.get(f"/v1/wallets/{wallet}").json
            available, held = minor_of(view["balance"]["available"]), minor_of(view["balance"]["held"])
            total += available
            self._expect(available == expected[wallet], WRONG, f"{view}, expected {expected[wallet]}")
            self._expect(held == 0, WRONG, f"a hold is left: {view}")
            self._check_reads(wallet, self._check_statement(client, view))
        client.close()
        self._expect(total == self._bank.initial * len(self._bank.wallets), WRONG, f"all balances together are {total}")

    def _check_statement(self, client, view):
        """Each entry follows from the one before; returns them."""
        entries = list(client.all(f"/v1/wallets/{view['id']}/entries"))[::-1]
        self._expect([entry["seq"] for entry in entries] == list(range(1, view["version"] + 1)), WRONG,
                     f"the statement of {view['id']} has gaps")
        before = 0
        for entry in entries:
            after = minor_of(entry["balance_after"])
            self._expect(before + minor_of(entry["amount"]) == after, WRONG, f"does not add up: {entry}")
            before = after
        return entries

    def _check_reads(self, wallet, entries):
        """Every read shows a state that the statement has, and none is older than what had been acknowledged when it was
        asked for."""
        by_seq = {entry["seq"]: (minor_of(entry["balance_after"]), minor_of(entry["held_after"])) for entry in entries}
        seq_of = {entry["transaction_id"]: entry["seq"] for entry in entries}
        acknowledged = sorted((operation.ended, seq_of[operation.answer.json["id"]])
                              for operation in self._history.with_outcome(OK) if operation.answer.json["id"] in seq_of)
        floor, position = 0, 0
        for read in sorted((read for read in self._history.reads if read.wallet == wallet), key=lambda read: read.began):
            self._expect(by_seq.get(read.version) == (read.available, read.held), WRONG,
                         f"{read}, but its statement says {by_seq.get(read.version)}")
            while position < len(acknowledged) and acknowledged[position][0] < read.began:
                floor = max(floor, acknowledged[position][1])
                position += 1
            self._expect(read.version >= floor, WRONG, f"{read} is older than version {floor}, which was acknowledged before")

    # --- what clients were told ---

    def _each(self, operations, check):
        """In parallel, a connection a thread."""
        local = threading.local()

        def one(operation):
            if not hasattr(local, "client"):
                local.client = self._dompetd.client()
            check(local.client, operation)

        with ThreadPoolExecutor(AUDITORS) as pool:
            list(pool.map(one, operations))

    @staticmethod
    def _send_again(client, operation):
        """Until the server, which is well, has time for it."""
        answers = []

        def definite():
            answers.append(client.post(operation.path, operation.body, operation.key))
            return answers[-1] if verdict(answers[-1]) in (OK, DECLINED) else None
        return wait_until(definite, lambda: f"a definite answer to {operation.key}; the last was {answers[-1]}")

    def _check_replay(self, client, operation):
        again = self._send_again(client, operation)
        first = operation.answer
        self._expect((again.status, again.body) == (first.status, first.body), WRONG,
                     f"another answer: {first}, then {again}")
        self._expect(again.is_replay, DOUBLED, f"not marked as a replay: {again}")

    def _settle(self, client, operation, found):
        """The same key finds out: what had an effect answers with it, what had none has one now."""
        answer = self._send_again(client, operation)
        if found is not None:
            name = "id" if answer.status == 201 else "transaction_id"
            self._expect(answer.json[name] == found["id"], DOUBLED, f"{operation.key} had an effect: {found}, and then {answer}")
            self._expect(answer.is_replay, DOUBLED, f"not marked as a replay: {answer}")
