"""Conversions and reviews while the process dies at random moments: no currency gains or loses, each transfer happened once
or not at all, and what an officer said is what became of it."""

import os
import random
import threading
from collections import Counter
from decimal import Decimal

from accounts import Person
from processes import Lost, NotSent, dompetctl, wait_until

KILLS = 8
WORKERS = 4
MOST_WAIT_S = 60
FIRST = {"USD": "10000.00", "IDR": "200000000.00"}
REVIEWED = "600000.00"  # the rules look at more than 500,000 IDR


def seed():
    return int(os.environ.get("DOMPET_SCENARIO_SEED") or random.SystemRandom().randrange(1 << 32))


class Market:
    """Wallets of two currencies, and those who send between them until they are stopped."""

    def __init__(self, dompetd, rng):
        self.dompetd = dompetd
        self.client = dompetd.client()
        rate = {"base": "USD", "quote": "IDR", "bid": "15200.555", "ask": "15250"}
        assert self.client.request("PUT", "/v1/fx/rates", {"rates": [rate]}).status == 200
        large = {"id": "large", "name": "Large", "kind": "amount_above", "currency": "IDR", "amount": "500000.00", "score": 50,
                 "action": "review", "kinds": ["transfer"]}
        version = self.client.get("/v1/risk/rules").json["version"]
        assert self.client.request("PUT", "/v1/risk/rules", {"version": version, "rules": [large]}).status == 200
        self.wallets = {currency: [self._open(currency) for _ in range(3)] for currency in FIRST}
        self.officer = Person(dompetd, "dewi", ["approver"])
        self.sent = []
        self.failures = []
        self.stop = threading.Event()
        work = [(self._trade, random.Random(rng.random())) for _ in range(WORKERS)] + [(self._decide, rng)]
        self.threads = [threading.Thread(target=self._guard, args=one, daemon=True) for one in work]
        for thread in self.threads:
            thread.start()

    def _open(self, currency):
        wallet = self.client.post("/v1/wallets", {"name": "a wallet", "currency": currency}).json["id"]
        body = {"wallet_id": wallet, "amount": FIRST[currency], "currency": currency, "method": "bri"}
        assert self.client.post("/v1/topups", body, key=f"first-{wallet}").status == 201
        return wallet

    def _guard(self, work, rng):
        try:
            work(rng)
        except Exception as fault:  # noqa: BLE001 a thread must not end in silence
            self.failures.append(repr(fault))

    def until_told(self, client, body, key):
        """The final word, or that it waits, whatever happens to the server meanwhile."""
        def word():
            try:
                answer = client.post("/v1/transfers", body, key=key)
            except (NotSent, Lost):
                return None
            return None if answer.status in (429, 500, 503) or answer.code == "in_progress" else answer
        return wait_until(word, f"an answer to {key}", MOST_WAIT_S)

    def _quote(self, client, source, to, amount):
        def made():
            try:
                answer = client.post("/v1/fx/quotes", {"from": source, "to": to, "amount": amount})
            except (NotSent, Lost):
                return None
            return answer.json["id"] if answer.status == 201 else None
        return wait_until(made, "a quote", MOST_WAIT_S)

    def _trade(self, rng):
        client = self.dompetd.client()
        while not self.stop.is_set():
            source, to, amount = rng.choice([("USD", "IDR", f"{rng.randint(1, 20)}.{rng.randint(0, 99):02}"),
                                             ("USD", "IDR", "40.01"),  # reviewed, by what it comes to
                                             ("IDR", "USD", f"{rng.randint(200, 300_000)}.07"), ("IDR", "IDR", REVIEWED)])
            body = {"source_wallet_id": rng.choice(self.wallets[source]), "destination_wallet_id": rng.choice(self.wallets[to]),
                    "amount": amount, "currency": source}
            if source != to:
                body["quote_id"] = self._quote(client, source, to, amount)
            key = f"trade-{rng.random()}"
            answer = self.until_told(client, body, key)
            self.sent.append((body, key, answer))
        client.close()

    def _decide(self, rng):
        """Until nobody trades and nothing waits."""
        client, officer = self.dompetd.client(), self.officer.client()
        while True:
            is_last = all(not thread.is_alive() for thread in self.threads[:WORKERS])
            try:
                waiting = client.get("/v1/risk/assessments?state=pending&limit=20")
                rows = waiting.json["data"] if waiting.status == 200 else None
                for row in rows or []:
                    officer.post(f"/v1/risk/assessments/{row['id']}/{rng.choice(['approve', 'reject'])}", {"note": "looked"})
                if is_last and rows == []:
                    return
            except (NotSent, Lost):
                pass
            threading.Event().wait(0.02)  # an officer is no machine

    def close(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(MOST_WAIT_S * 2)
            assert not thread.is_alive(), "somebody hangs"
        assert not self.failures, self.failures[:3]


def expected_balances(market, ends):
    balances = {wallet: Decimal(FIRST[currency]) for currency, wallets in market.wallets.items() for wallet in wallets}
    for end in ends:
        if end["status"] == "completed":
            balances[end["source_wallet_id"]] -= Decimal(end["amount"])
            given = end["fx"]["destination_amount"] if "fx" in end else end["amount"]
            balances[end["destination_wallet_id"]] += Decimal(given)
    return balances


def end_of(client, identity):
    def final():
        seen = client.get(f"/v1/transactions/{identity}").json
        return seen if seen["status"] != "pending" else None
    return wait_until(final, f"{identity} is over", MOST_WAIT_S)


def check_reviews(client, ends, officer):
    decided = Counter()
    for row in client.all("/v1/risk/assessments?action=review"):
        state = {"completed": "approved", "cancelled": "rejected"}[ends[row["id"]]["status"]]
        assert (row["state"], row["decided_by"], row["note"]) == (state, officer.username, "looked"), row
        decided[state] += 1
    assert decided["approved"] and decided["rejected"], decided


def test_no_currency_gains_or_loses_while_conversions_and_reviews_are_killed(make_dompetd):
    rng = random.Random(seed())
    dompetd = make_dompetd(engine_fast_path=rng.choice(["true", "false"])).start()
    market = Market(dompetd, rng)
    for _ in range(KILLS):
        sent = len(market.sent)
        wait_until(lambda: len(market.sent) > sent + rng.randint(3, 30) or market.failures, "they trade", MOST_WAIT_S)
        dompetd.kill()
        dompetd.start()
    market.close()
    client = dompetd.client()
    ends = {}
    for body, key, answer in market.sent:
        again = market.until_told(client, body, key)
        identity = again.json.get("transaction_id") or again.json.get("id")
        if identity is None:  # refused before it was anything
            assert answer.json.get("id") is None and answer.json.get("transaction_id") is None, (answer, again)
            continue
        assert identity == (answer.json.get("transaction_id") or answer.json["id"]), (answer, again)
        ends[identity] = end_of(client, identity)
    statuses = Counter((end["status"], "fx" in end) for end in ends.values())
    assert statuses["completed", True] and statuses["completed", False] and statuses["cancelled", True], statuses
    seen = {wallet: client.get(f"/v1/wallets/{wallet}").json["balance"] for wallets in market.wallets.values() for wallet in wallets}
    assert {wallet: Decimal(balance["available"]) for wallet, balance in seen.items()} == expected_balances(market, ends.values())
    assert all(balance["held"] == "0.00" for balance in seen.values())
    positions = {row["currency"]: Decimal(row["position"]) for row in client.get("/v1/fx/positions?currency=USD").json["data"]}
    for currency, wallets in market.wallets.items():
        there = sum(Decimal(seen[wallet]["total"]) for wallet in wallets)
        assert there + positions.get(currency, 0) == Decimal(FIRST[currency]) * len(wallets), currency
    check_reviews(client, ends, market.officer)
    client.close()
    dompetd.stop()
    dompetctl("verify", "--database", dompetd.database)
