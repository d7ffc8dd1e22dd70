"""The bank: wallets, clients that move small amounts between them whatever happens, and the audit afterwards.

The clients keep to the contract: what is unknown is sent again with the same key, or given up as unknown. The audit
believes nothing but the ledger's own lists and statements, and compares them with what the clients were told."""

import json
import random
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from history import DECLINED, IN_PROGRESS, NOT_APPLIED, OK, UNKNOWN, History, Operation, Violation, verdict
from processes import Answer, Lost, NotSent, dompetctl, psql, wait_until

CURRENCY = "IDR"
PAUSE_S = 0.01  # between attempts at a server that is away
ATTEMPTS = 2_000  # of one operation; a server that is away so long has not come back
AUDITORS = 4
BULK = 10


def minor_of(text):
    return int(Decimal(text) * 100)


def text_of(minor):
    return f"{minor // 100}.{minor % 100:02}"


def open_wallet(client, name, currency=CURRENCY):
    answer = client.post("/v1/wallets", {"name": name, "currency": currency})
    assert answer.status == 201, answer
    return answer.json["id"]


def top_up(client, wallet, minor, key, currency=CURRENCY):
    return client.post("/v1/topups", {"wallet_id": wallet, "amount": text_of(minor), "currency": currency, "method": "bri"},
                       key)


def transfer_body(source, destination, minor, description="", currency=CURRENCY):
    return {"source_wallet_id": source, "destination_wallet_id": destination, "amount": text_of(minor),
            "currency": currency, "description": description}


def single_answer(item):
    """An item of a bulk answer as the answer that the same request gets by itself."""
    is_problem = "problem" in item
    document = item["problem"] if is_problem else item["transaction"]
    headers = [("Content-Type", "application/problem+json" if is_problem else "application/json"), ("Retry-After", "1")]
    return Answer(item["status"], headers, json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())


def balance_of(client, wallet):
    answer = client.get(f"/v1/wallets/{wallet}")
    assert answer.status == 200, answer
    return minor_of(answer.json["balance"]["available"])


class Bank:
    """`wallets` of them with `initial` minor units each."""

    def __init__(self, dompetd, history_file, wallets=12, initial=10_000, seed=0):
        self.dompetd = dompetd
        self.seed = seed
        self.history = History(history_file)
        self.initial = initial
        self.violations = []
        self.trial_balances = 0
        self._stop = threading.Event()
        self._threads = []
        self._floors = Counter()
        self._floors_lock = threading.Lock()
        client = dompetd.client()
        self.wallets = [open_wallet(client, f"wallet {number}") for number in range(wallets)]
        for wallet in self.wallets:
            answer = top_up(client, wallet, initial, f"initial-{wallet}")
            assert answer.status == 201, answer
        client.close()

    # --- the clients ---

    def open_doors(self, clients=8):
        """Starts the clients, every eighth of them one that sends in bulk, and an observer."""
        print(f"bank: seed {self.seed}, {clients} clients, {len(self.wallets)} wallets")
        for number in range(clients):
            self._start(self._trade_in_bulk if number % 8 == 7 else self._trade, number)
        self._start(self._observe, "observer")

    def close_doors(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a client hangs"
        print(f"bank: {self.history.summary()}")
        assert not self.violations, self.violations[:5]

    def _start(self, work, number):
        def guarded():
            try:
                work(number)
            except Exception as fault:  # noqa: BLE001 a client's thread must not end in silence
                self.violations.append(f"client {number}: {fault!r}")
        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    @property
    def is_well(self):
        return not self.violations

    def trade_on(self, count, deadline_s=60):
        """Waits until the clients were acknowledged `count` operations more."""
        done = self.history.wait_for_acknowledged(self.history.acknowledged + count, deadline_s, lambda: self.is_well)
        assert done, f"no progress: {self.violations[:5] or self.history.summary()}"

    def _trade(self, number):
        rng = random.Random(f"{self.seed}/{number}")
        client = self.dompetd.client()
        count = 0
        while not self._stop.is_set():
            count += 1
            self._perform(client, self._next_operation(rng, f"{self.seed}-{number}-{count}"), rng)
            if rng.random() < 0.2:
                self._read(client, rng.choice(self.wallets))
        client.close()

    def _trade_in_bulk(self, number):
        """Ten at once; what is not final is sent again, in a smaller bulk."""
        rng = random.Random(f"{self.seed}/{number}")
        client = self.dompetd.client()
        count = 0
        while not self._stop.is_set():
            count += 1
            under_way = [self._next_operation(rng, f"{self.seed}-{number}-{count}-{item}") for item in range(BULK)]
            for operation in under_way:
                self.history.invoke(operation)
            may_be_applied = set()
            while under_way and not self._stop.is_set():
                under_way = self._attempt_bulk(client, under_way, may_be_applied)
                if under_way:
                    self._stop.wait(PAUSE_S)
            for operation in under_way:
                self.history.finish(operation, UNKNOWN if operation.key in may_be_applied else NOT_APPLIED, None)
        client.close()

    def _attempt_bulk(self, client, operations, may_be_applied):
        """Returns those that are to be sent again."""
        for operation in operations:
            operation.attempts += 1
        items = [operation.body | {"idempotency_key": operation.key} for operation in operations]
        try:
            answer = client.post("/v1/transfers/bulk", {"items": items})
        except NotSent:
            return operations
        except Lost:
            may_be_applied.update(operation.key for operation in operations)
            return operations
        if answer.status != 200:
            if verdict(answer) != NOT_APPLIED:
                may_be_applied.update(operation.key for operation in operations)
            return operations
        again = []
        for operation, item in zip(operations, answer.json["data"], strict=True):
            single = single_answer(item)
            outcome = verdict(single)
            if outcome in (OK, DECLINED):
                self.history.finish(operation, outcome, single)
                continue
            again.append(operation)
            if outcome != NOT_APPLIED:
                may_be_applied.add(operation.key)
        return again

    def _next_operation(self, rng, key):
        source, destination = rng.sample(self.wallets, 2)
        # Every twentieth asks for more than there can be, so that declines are stored and replayed as well.
        minor = rng.randint(1, 500) if rng.random() < 0.95 else self.initial * len(self.wallets) + 1
        return Operation(key, "/v1/transfers", transfer_body(source, destination, minor, key), minor)

    def _perform(self, client, operation, rng):
        self.history.invoke(operation)
        may_be_applied = False
        for _ in range(ATTEMPTS):
            outcome, answer = self._attempt(client, operation)
            if outcome in (OK, DECLINED):
                return self.history.finish(operation, outcome, answer)
            may_be_applied = may_be_applied or outcome in (UNKNOWN, IN_PROGRESS)
            patience_ends = outcome is not None and rng.random() < 0.1
            if patience_ends or self._stop.is_set():
                break
            self._stop.wait(PAUSE_S)
        self.history.finish(operation, UNKNOWN if may_be_applied else NOT_APPLIED, None)

    def _attempt(self, client, operation):
        """The outcome is None when the request never left."""
        operation.attempts += 1
        try:
            answer = client.post(operation.path, operation.body, operation.key)
        except NotSent:
            return None, None
        except Lost:
            return UNKNOWN, None
        return verdict(answer), answer

    def _read(self, client, wallet):
        """What a client saw, nobody sees undone afterwards: versions never go back, not even over a crash."""
        with self._floors_lock:
            floor = self._floors[wallet]
        try:
            answer = client.get(f"/v1/wallets/{wallet}")
        except (NotSent, Lost):
            return
        if answer.status == 503:
            return
        if answer.status != 200:
            raise Violation(f"a read of a wallet that is there: {answer}")
        view = answer.json
        balance = {part: minor_of(view["balance"][part]) for part in ("available", "held", "total")}
        if balance["available"] < 0 or balance["held"] < 0 or balance["total"] != balance["available"] + balance["held"]:
            raise Violation(f"an impossible balance: {answer}")
        if view["version"] < floor:
            raise Violation(f"a read went back in time, from version {floor}: {answer}")
        with self._floors_lock:
            self._floors[wallet] = max(self._floors[wallet], view["version"])
        self.history.note_read(wallet, view["version"], balance["available"], balance["held"])

    def _observe(self, _):
        """The only read that sees all wallets in one moment."""
        client = self.dompetd.client()
        while not self._stop.wait(0.05):
            try:
                answer = client.get("/v1/ledger/trial-balance")
            except (NotSent, Lost):
                continue
            if answer.status == 200 and not answer.json["is_balanced"]:
                raise Violation(f"the trial balance does not balance: {answer.body.decode()}")
            if answer.status not in (200, 503):
                raise Violation(f"the trial balance is not to be had: {answer}")
            self.trial_balances += answer.status == 200
        client.close()

    # --- the audit ---

    def audit(self):
        """Everything that must be true once all is quiet. The server runs."""
        self._wait_for_sagas()
        self._verify()
        transactions = self._transactions()
        self._check_effects(transactions)
        self._check_wallets(transactions)
        self._each(self.history.with_outcome(OK, DECLINED), self._check_replay)
        unknown = self.history.with_outcome(UNKNOWN)
        self._each(unknown, lambda client, operation: self._settle(client, operation, transactions.get(operation.key)))
        after = self._transactions()
        new = after.keys() - transactions.keys()
        assert new <= {operation.key for operation in unknown}, f"replays moved money: {sorted(new)[:5]}"
        self._check_wallets(after)
        self._verify()

    def _verify(self):
        dompetctl("verify", "--database", self.dompetd.database)

    def _wait_for_sagas(self):
        open_sagas = "SELECT count(*) FROM saga WHERE state IN (1, 2)"
        wait_until(lambda: psql(self.dompetd.database, open_sagas) == [["0"]], "all sagas are final")

    def _transactions(self):
        """Transfers by the key that their client gave them."""
        client = self.dompetd.client()
        by_key = defaultdict(list)
        for transaction in client.all("/v1/transactions?kind=transfer"):
            by_key[transaction["description"]].append(transaction)
        client.close()
        twice = {key: found for key, found in by_key.items() if len(found) > 1}
        assert not twice, f"keys with more than one transaction: {list(twice.items())[:3]}"
        return {key: found[0] for key, found in by_key.items()}

    def _check_effects(self, transactions):
        for operation in self.history.operations:
            found = transactions.get(operation.key)
            status = found["status"] if found else None
            if operation.outcome == OK:
                assert status == "completed", f"lost: {operation} is {found}"
                assert found["id"] == operation.answer.json["id"], f"another transaction: {operation} is {found}"
            elif operation.outcome == DECLINED:
                assert status in ("declined", "failed"), f"declined, but: {operation} is {found}"
            elif operation.outcome == NOT_APPLIED:
                assert status is None, f"was said not to be applied: {operation} is {found}"
            if found:
                told = (operation.source, operation.destination, text_of(operation.minor))
                assert told == (found["source_wallet_id"], found["destination_wallet_id"], found["amount"]), \
                    f"other content: {operation} is {found}"

    def _check_wallets(self, transactions):
        expected = Counter({wallet: self.initial for wallet in self.wallets})
        for transaction in transactions.values():
            if transaction["status"] == "completed":
                expected[transaction["source_wallet_id"]] -= minor_of(transaction["amount"])
                expected[transaction["destination_wallet_id"]] += minor_of(transaction["amount"])
        assert sum(expected.values()) == self.initial * len(self.wallets)
        reads = defaultdict(set)
        for wallet, version, available, held in self.history.reads:
            reads[wallet].add((version, available, held))
        client = self.dompetd.client()
        for wallet in self.wallets:
            view = client.get(f"/v1/wallets/{wallet}").json
            assert minor_of(view["balance"]["available"]) == expected[wallet], f"{view}, expected {expected[wallet]}"
            assert minor_of(view["balance"]["held"]) == 0, f"a hold is left: {view}"
            by_seq = self._check_statement(client, view)
            for version, available, held in reads[wallet]:
                assert by_seq.get(version) == (available, held), \
                    f"a read showed {(available, held)} at {version} of {wallet}, its statement {by_seq.get(version)}"
        client.close()

    @staticmethod
    def _check_statement(client, view):
        """Each entry follows from the one before; returns both balances by seq."""
        entries = list(client.all(f"/v1/wallets/{view['id']}/entries"))[::-1]
        assert [entry["seq"] for entry in entries] == list(range(1, view["version"] + 1)), "the statement has gaps"
        before = 0
        for entry in entries:
            assert before + minor_of(entry["amount"]) == minor_of(entry["balance_after"]), f"does not add up: {entry}"
            before = minor_of(entry["balance_after"])
        return {entry["seq"]: (minor_of(entry["balance_after"]), minor_of(entry["held_after"])) for entry in entries}

    def _each(self, operations, check):
        """In parallel, a connection a thread."""
        local = threading.local()

        def one(operation):
            if not hasattr(local, "client"):
                local.client = self.dompetd.client()
            check(local.client, operation)

        with ThreadPoolExecutor(AUDITORS) as pool:
            list(pool.map(one, operations))

    def _send_again(self, client, operation):
        """Until the server, which is well, has time for it."""
        answers = []

        def definite():
            answers.append(client.post(operation.path, operation.body, operation.key))
            return answers[-1] if verdict(answers[-1]) in (OK, DECLINED) else None
        return wait_until(definite, lambda: f"a definite answer to {operation.key}; the last was {answers[-1]}")

    def _check_replay(self, client, operation):
        again = self._send_again(client, operation)
        first = operation.answer
        assert (again.status, again.body) == (first.status, first.body), f"another answer: {first}, then {again}"
        assert again.is_replay, f"not marked as a replay: {again}"

    def _settle(self, client, operation, found):
        """The same key finds out: what had an effect answers with it, what had none has one now."""
        answer = self._send_again(client, operation)
        if found is not None:
            name = "id" if answer.status == 201 else "transaction_id"
            assert answer.json[name] == found["id"], f"{operation.key} had an effect: {found}, and then {answer}"
            assert answer.is_replay, f"not marked as a replay: {answer}"
