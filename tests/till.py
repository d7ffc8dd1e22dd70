"""The till: a merchant, those who pay there by authorization and capture, and those who take money out; beside the bank, or alone.

Every payment has a plan, and its client follows it to the end whatever happens: each step is sent with its key until there is a
definite answer. So what must be there afterwards is known exactly, and audit() compares it with what the ledger says."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from audit import DOUBLED, LOST, WRONG, Finding, minor_of, text_of
from bank import CURRENCY, PAUSE_S, open_wallet, top_up
from history import DECLINED, IN_PROGRESS, OK, verdict
from processes import Lost, NotSent, wait_until

ATTEMPTS = 4_000  # of one step; a server that is away so long has not come back
LARGEST = 900  # minor units of one payment
PAYOUT_DEADLINE_S = 60  # until the last payout is final, once all is well


@dataclass
class Step:
    """A request that has its definite answer."""

    path: str
    body: dict
    key: str
    outcome: str
    answer: object


@dataclass
class Payment:
    id: str
    payer: str
    authorized: int
    captured: int = 0
    refunded: int = 0
    is_open: bool = True


@dataclass
class Book:
    """What one client knows."""

    payments: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    payouts: list = field(default_factory=list)


class Till:
    """`dompetd` is a server, or several that have one ledger. Its provider may be as unreliable as it likes."""

    def __init__(self, dompetd, seed, payers=3, initial=1_000_000, with_payouts=True):
        self._dompetd = dompetd
        self._seed = seed
        self._initial = initial
        self._with_payouts = with_payouts
        self._stop = threading.Event()
        self._threads = []
        self._books = []
        self.violations = []
        client = dompetd.client()
        self.wallet = open_wallet(client, "till")
        self.payers = [open_wallet(client, f"payer {number}") for number in range(payers)]
        for payer in self.payers:
            assert top_up(client, payer, initial, f"till-{payer}").status == 201
        self.merchant = self._open_merchant(client)
        client.close()

    def _open_merchant(self, client):
        made = client.post("/v1/merchants", {"name": f"till {self._seed}"[:90], "wallet_id": self.wallet})
        assert made.status == 201, made
        status = client.post(f"/v1/merchants/{made.json['id']}/status", {"status": "active"})
        assert status.status == 200, status
        return made.json["id"]

    # --- the clients ---

    def open_doors(self, clients=2):
        for number in range(clients):
            book = Book()
            self._books.append(book)
            thread = threading.Thread(target=self._guarded, args=(number, book), daemon=True)
            self._threads.append(thread)
            thread.start()

    def trade_on(self, count, deadline_s=60):
        """Waits until the clients have had `count` answers more."""
        enough = self._answered() + count
        wait_until(lambda: self._answered() >= enough or self.violations, f"{count} steps more at the till", deadline_s)
        assert not self.violations, self.violations[:5]

    def _answered(self):
        return sum(len(book.steps) for book in self._books)

    def close_doors(self):
        """Every payment that was begun is brought to its end first; the server must be well, or become so."""
        self._stop.set()
        for thread in self._threads:
            thread.join(180)
            assert not thread.is_alive(), "a client of the till hangs"
        done = sum(len(book.payments) for book in self._books)
        print(f"till: {done} payments, {sum(len(book.payouts) for book in self._books)} payouts,"
              f" {sum(len(book.steps) for book in self._books)} steps")
        assert not self.violations, self.violations[:5]

    def _guarded(self, number, book):
        rng = random.Random(f"{self._seed}/till/{number}")
        client = self._dompetd.client()
        count = 0
        try:
            while not self._stop.is_set():
                count += 1
                name = f"{self._seed}-till-{number}-{count}"
                if self._with_payouts and rng.random() < 0.3:
                    self._pay_out(client, book, rng, name)
                else:
                    self._follow_a_plan(client, book, rng, name)
        except Exception as fault:  # noqa: BLE001 a client's thread must not end in silence
            self.violations.append(f"client {number} of the till: {fault!r}")
        client.close()

    def _insist(self, client, book, path, body, key):
        """The step's definite answer. One that was cancelled because the other wallet could not be reached in time has moved
        nothing: it is tried again, as another one."""
        for number in range(ATTEMPTS):
            step = self._send(client, book, path, body, f"{key}.{number}" if number else key)
            if step.outcome != DECLINED or step.answer.json["code"] != "cancelled":
                return step
        raise AssertionError(f"always cancelled: {key}")

    def _send(self, client, book, path, body, key):
        """Sends it until it has an answer that says what became of it; a payout may also say that it goes on."""
        for _ in range(ATTEMPTS):
            try:
                answer = client.post(path, body, key)
                outcome = verdict(answer)
            except (NotSent, Lost):
                answer, outcome = None, IN_PROGRESS
            goes_on = answer is not None and answer.status == 202 and path == "/v1/withdrawals"
            if outcome in (OK, DECLINED) or goes_on:
                step = Step(path, body, key, outcome, answer)
                book.steps.append(step)
                return step
            threading.Event().wait(PAUSE_S)
        raise AssertionError(f"no definite answer to {key}")

    def _act(self, client, book, payment, act, body, name):
        return self._insist(client, book, f"/v1/payments/{payment.id}/{act}", body, f"{name}-{act}-{len(book.steps)}")

    def _follow_a_plan(self, client, book, rng, name):
        payer, minor = rng.choice(self.payers), rng.randint(20, LARGEST)
        begun = self._insist(client, book, "/v1/payments",
                             {"merchant_id": self.merchant, "wallet_id": payer, "amount": text_of(minor), "currency": CURRENCY,
                              "capture": "manual", "description": name}, name)
        if begun.outcome == DECLINED:
            return
        payment = Payment(begun.answer.json["id"], payer, minor)
        book.payments.append(payment)
        if rng.random() < 0.3:
            more = rng.randint(1, LARGEST)
            if self._act(client, book, payment, "increment", {"amount": text_of(more)}, name).outcome == OK:
                payment.authorized += more
        for _ in range(rng.randint(0, 2)):
            self._capture(client, book, payment, rng.randint(1, payment.authorized // 3), name, final=False)
        if rng.random() < 0.5:
            self._capture(client, book, payment, rng.randint(1, payment.authorized), name, final=True)
        if payment.is_open:
            self._void(client, book, payment, name)
        if rng.random() < 0.5:
            self._refund_too_often(book, payment, rng, name)

    def _capture(self, client, book, payment, minor, name, final):
        left = payment.authorized - payment.captured
        done = self._act(client, book, payment, "capture", {"amount": text_of(minor), "final": final}, name)
        self._expect(done.outcome == (OK if minor <= left else DECLINED), f"{minor} of {left}: {done}")
        if done.outcome == OK:
            payment.captured += minor
            payment.is_open = not final and payment.captured < payment.authorized

    def _void(self, client, book, payment, name):
        done = self._act(client, book, payment, "void", {}, name)
        self._expect(done.outcome == OK, f"an open payment cannot be voided: {done}")
        payment.is_open = False

    def _refund_too_often(self, book, payment, rng, name):
        """Three at once, each of more than half of what was captured: one of them at most."""
        if payment.captured < 2:
            return
        minor = payment.captured // 2 + 1

        def one(number):
            client = self._dompetd.client()
            step = self._insist(client, book, f"/v1/transactions/{payment.id}/refunds", {"amount": text_of(minor)},
                                f"{name}-refund-{number}")
            client.close()
            return step
        with ThreadPoolExecutor(3) as pool:
            done = [step for step in pool.map(one, range(rng.randint(1, 3))) if step.outcome == OK]
        self._expect(len(done) == 1, f"{len(done)} refunds of {minor} out of {payment.captured}")
        payment.refunded = minor * len(done)

    def _pay_out(self, client, book, rng, name):
        payer, minor = rng.choice(self.payers), rng.randint(1, LARGEST)
        step = self._insist(client, book, "/v1/withdrawals",
                            {"wallet_id": payer, "amount": text_of(minor), "currency": CURRENCY,
                             "destination": {"bank_code": "014", "account_number": "1234567890"}}, name)
        document = step.answer.json
        book.payouts.append((document.get("id") or document["transaction_id"], payer, minor))

    def _expect(self, condition, text):
        if not condition:
            self.violations.append(text)

    # --- the audit ---

    def findings(self):
        """What is not as it must be once all is quiet. The server runs."""
        found = []
        client = self._dompetd.client()
        left = Counter(dict.fromkeys(self.payers, self._initial))
        taken = 0
        for book in self._books:
            for payment in book.payments:
                found += self._check_payment(client, payment)
                left[payment.payer] -= payment.captured - payment.refunded
                taken += payment.captured - payment.refunded
            for payout in book.payouts:
                found += self._check_payout(client, payout, left)
            for step in book.steps:
                found += self._check_replay(client, step)
        for wallet, expected in [*left.items(), (self.wallet, taken)]:
            view = client.get(f"/v1/wallets/{wallet}").json
            if minor_of(view["balance"]["available"]) != expected or minor_of(view["balance"]["held"]) != 0:
                found.append(Finding(WRONG, f"{view}, expected {expected} and no hold"))
        client.close()
        return found

    def audit(self):
        findings = self.findings()
        assert not findings, "\n".join(map(str, findings[:5]))

    def _check_payment(self, client, payment):
        view = client.get(f"/v1/transactions/{payment.id}").json
        for member, expected in (("authorized_amount", payment.authorized), ("captured_amount", payment.captured),
                                 ("refunded_amount", payment.refunded)):
            if minor_of(view[member]) < expected:
                yield Finding(LOST, f"{member} of {view}, expected {text_of(expected)}")
            elif minor_of(view[member]) > expected:
                yield Finding(DOUBLED, f"{member} of {view}, expected {text_of(expected)}")
        status = "completed" if payment.captured else "cancelled"
        if view["status"] != status:
            yield Finding(WRONG, f"{view}, expected {status}")

    @staticmethod
    def _check_payout(client, payout, left):
        transaction, payer, minor = payout

        def final():
            view = client.get(f"/v1/transactions/{transaction}").json
            return view if view["status"] in ("completed", "failed", "declined", "cancelled") else None
        view = wait_until(final, f"the payout {transaction} is final", PAYOUT_DEADLINE_S)
        if view["status"] == "completed":
            left[payer] -= minor
        return []

    @staticmethod
    def _check_replay(client, step):
        """What was final is answered again byte for byte; what went on has one end."""
        again = client.post(step.path, step.body, step.key)
        if step.answer.status == 202:
            return []
        if (again.status, again.body) != (step.answer.status, step.answer.body):
            return [Finding(WRONG, f"another answer: {step.answer}, then {again}")]
        return [] if again.is_replay else [Finding(DOUBLED, f"not marked as a replay: {again}")]
