"""The bank: wallets, and clients that move small amounts between them whatever happens; audit.py looks at it afterwards.

The clients keep to the contract: what is unknown is sent again with the same key, or given up as unknown."""

import json
import random
import threading
import time
from collections import Counter

from audit import Audit, minor_of, text_of
from history import DECLINED, IN_PROGRESS, NOT_APPLIED, OK, UNKNOWN, History, Operation, Read, Violation, verdict
from processes import Answer, Lost, NotSent

CURRENCY = "IDR"
PAUSE_S = 0.01  # between attempts at a server that is away
ATTEMPTS = 2_000  # of one operation; a server that is away so long has not come back
BULK = 10


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
    """`wallets` of them, or those that are given and still empty, with `initial` minor units each.

    `dompetd` is a server, or several that have one ledger: it has a `database`, and makes clients."""

    def __init__(self, dompetd, history_file, wallets=12, initial=10_000, seed=0, pause_s=0.0):
        self.dompetd = dompetd
        self.seed = seed
        self._pause_s = pause_s  # of a client between two operations, where the load shall not be all that is possible
        self.history = History(history_file)
        self.initial = initial
        self.violations = []
        self.trial_balances = 0
        self._stop = threading.Event()
        self._threads = []
        self._floors = Counter()
        self._floors_lock = threading.Lock()
        client = dompetd.client()
        self.wallets = wallets if isinstance(wallets, list) else [open_wallet(client, f"wallet {number}") for number in
                                                                  range(wallets)]
        for wallet in self.wallets:
            answer = top_up(client, wallet, initial, f"initial-{wallet}")
            assert answer.status == 201, answer
        client.close()

    # --- the clients ---

    def open_doors(self, clients=8, groups=()):
        """Starts the clients, every eighth of them one that sends in bulk, an observer, and one client more for each of the
        groups, which are wallets that trade among themselves and a function that makes that client."""
        print(f"bank: seed {self.seed}, {clients} clients, {len(self.wallets)} wallets")
        for number in range(clients):
            self._start(self._trade_in_bulk if number % 8 == 7 else self._trade, number, self.wallets)
        for number, (group, make_client) in enumerate(groups):
            self._start(self._trade, clients + number, group, make_client)
        self._start(self._observe, "observer")

    def transfer_aside(self, source, destination, minor=1):
        """One client more, with one transfer."""
        number = len(self._threads)
        key = f"{self.seed}-aside-{number}"
        operation = Operation(key, "/v1/transfers", transfer_body(source, destination, minor, key), minor)

        def perform(_):
            client = self.dompetd.client()
            self._perform(client, operation, random.Random(key))
            client.close()
        self._start(perform, key)

    def transfer_once(self, client, source, destination, minor=1):
        """One transfer, one attempt."""
        key = f"{self.seed}-once-{len(self.history.operations)}"
        operation = Operation(key, "/v1/transfers", transfer_body(source, destination, minor, key), minor)
        self.history.invoke(operation)
        outcome, answer = self._attempt(client, operation)
        self.history.finish(operation, NOT_APPLIED if outcome is None else UNKNOWN if outcome == IN_PROGRESS else outcome,
                            answer)

    def read_once(self, client, wallet):
        self._read(client, wallet, "")

    def close_doors(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a client hangs"
        print(f"bank: {self.history.summary()}")
        assert not self.violations, self.violations[:5]

    def _start(self, work, number, *more):
        def guarded():
            try:
                work(number, *more)
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

    def _trade(self, number, wallets, make_client=None):
        rng = random.Random(f"{self.seed}/{number}")
        client = (make_client or self.dompetd.client)()
        count = 0
        while not self._stop.is_set():
            count += 1
            self._perform(client, self._next_operation(rng, f"{self.seed}-{number}-{count}", wallets), rng)
            if rng.random() < 0.2:
                self._read(client, rng.choice(wallets), "?read=strict" if rng.random() < 0.3 else "")
            if self._pause_s:
                self._stop.wait(rng.uniform(0, 2 * self._pause_s))
        client.close()

    def _trade_in_bulk(self, number, wallets):
        """Ten at once; what is not final is sent again, in a smaller bulk."""
        rng = random.Random(f"{self.seed}/{number}")
        client = self.dompetd.client()
        count = 0
        while not self._stop.is_set():
            count += 1
            under_way = [self._next_operation(rng, f"{self.seed}-{number}-{count}-{item}", wallets) for item in range(BULK)]
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

    def _next_operation(self, rng, key, wallets):
        source, destination = rng.sample(wallets, 2)
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

    def _read(self, client, wallet, how):
        """What a client saw, nobody sees undone afterwards: versions never go back, not even over a crash."""
        began = time.monotonic()
        with self._floors_lock:
            floor = self._floors[wallet]
        try:
            answer = client.get(f"/v1/wallets/{wallet}{how}")
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
        self.history.note_read(Read(wallet, view["version"], balance["available"], balance["held"], began))

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

    def findings(self):
        """What is not as it must be once all is quiet. The server runs."""
        return Audit(self).findings()

    def audit(self):
        findings = self.findings()
        assert not findings, "\n".join(map(str, findings[:5]))
