"""The process dies at random moments while it delivers: every event arrives at least once, each wallet's in its order, and
whatever comes again comes under the same webhook-id with the same bytes."""

import random
import threading

from bank import open_wallet, top_up, transfer_body
from processes import Lost, NotSent, psql, wait_until
from receiver import Receiver
from test_bank_killed import seed

KILLS = 12
WALLETS = 6
CLAIM_MS = 2_000
MOST_AHEAD = 400  # events that may wait to be delivered: on a busy machine money is faster than receivers


def settings():
    """What a dead process had begun goes on after two seconds."""
    return {"webhooks_allow_private_addresses": "true", "webhooks_allow_plain_http": "true", "webhooks_poll_ms": 20,
            "webhooks_retry_schedule": " ".join(["100ms"] * 30), "webhooks_longest_quiet_ms": 50, "webhooks_senders": 4,
            "webhooks_senders_per_endpoint": 4, "webhooks_timeout_ms": 400, "webhooks_claim_ms": CLAIM_MS}


class Payer:
    """Moves small amounts between wallets until it is told to stop, whatever happens to the server. Waits while `is_ahead`
    says that too much has not been heard of yet."""

    def __init__(self, dompetd, wallets, rng, is_ahead):
        self.dompetd, self.wallets, self.rng, self.is_ahead = dompetd, wallets, rng, is_ahead
        self.made = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client = self.dompetd.client(timeout_s=5)
        number = 0
        while not self.over.is_set():
            if self.is_ahead():
                self.over.wait(0.02)
                continue
            source, destination = self.rng.sample(self.wallets, 2)
            number += 1
            try:
                client.post("/v1/transfers", transfer_body(source, destination, 100), f"{id(self)}-{number}")
                self.made += 2
            except (Lost, NotSent):
                self.over.wait(0.02)

    def stop(self):
        self.over.set()
        self.thread.join()


def events_of(dompetd, wallets):
    """The legs of each wallet. Of the kinds that are left out the number says where the wallet was."""
    rows = psql(dompetd.database, "SELECT wallet, wallet_seq FROM journal WHERE kind NOT IN (4, 8, 14, 15) AND wallet_seq"
                                  " IS NOT NULL UNION ALL SELECT peer, peer_seq FROM journal WHERE peer_seq IS NOT NULL")
    return {wallet: sorted(int(seq) for of, seq in rows if of == wallet) for wallet in wallets}


def heard_by(receiver, wallet):
    return [one for one in list(receiver.came) if one.event["wallet_id"] == wallet and one.event["wallet_seq"]]


def first_times(deliveries):
    """The events in the order in which each was first heard."""
    return list(dict.fromkeys(one.event["wallet_seq"] for one in deliveries))


def check_history(deliveries, expected):
    assert first_times(deliveries) == expected
    bodies = {}
    for one in deliveries:
        assert bodies.setdefault(one.id, one.body) == one.body
    assert len(bodies) == len(expected)
    # What comes again is what was sent last: at most one claim of it, and in its order.
    newest = 0
    for one in deliveries:
        assert one.event["wallet_seq"] > newest - 16, "an event from long before came again"
        newest = max(newest, one.event["wallet_seq"])


def test_a_process_killed_while_it_delivers_loses_no_event_and_no_wallets_order(make_dompetd):
    rng = random.Random(seed())
    dompetd = make_dompetd(**settings()).start()
    client = dompetd.client()

    def now_and_then(_):
        return 500 if rng.random() < 0.05 else 200

    with Receiver(now_and_then) as receiver:
        answer = client.post("/v1/webhook-endpoints", {"url": receiver.url()})
        assert answer.status == 201, answer
        secret = answer.json["secret"]
        wallets = [open_wallet(client, f"wallet {number}") for number in range(WALLETS)]
        for wallet in wallets:
            assert top_up(client, wallet, 1_000_000, f"initial-{wallet}").status == 201
        payers = []

        def is_ahead():
            return sum(payer.made for payer in payers) > len(receiver.came) + MOST_AHEAD

        payers.extend(Payer(dompetd, wallets, random.Random(rng.random()), is_ahead) for _ in range(3))
        for _ in range(KILLS):
            came = len(receiver.came)
            goal = came + rng.randint(1, 120)
            wait_until(lambda goal=goal: len(receiver.came) >= goal, lambda: f"{goal} deliveries; {len(receiver.came)} came")
            dompetd.kill()
            dompetd.start()
        for payer in payers:
            payer.stop()
        expected = events_of(dompetd, wallets)
        for wallet in wallets:
            wait_until(lambda wallet=wallet: set(expected[wallet]) <= set(first_times(heard_by(receiver, wallet))),
                       lambda wallet=wallet: f"every event of {wallet}: {len(expected[wallet])}")
        wait_until(lambda: psql(dompetd.database, "SELECT count(*) FROM webhook_delivery WHERE state = 'pending'") == [["0"]],
                   "nothing waits")
        total = sum(map(len, expected.values()))
        print(f"{KILLS} kills, {total} events, {len(receiver.came)} deliveries")
        assert total > 100
        for wallet in wallets:
            check_history(heard_by(receiver, wallet), expected[wallet])
        assert all(one.is_signed_with(secret) for one in receiver.came)
        assert psql(dompetd.database, "SELECT count(*) FROM webhook_queue") == [["0"]]
    client.close()
