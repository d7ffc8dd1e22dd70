"""Clients that ask for too much, or for the same thing everywhere at once (protocol 6: F24 to F27)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bank import open_wallet, transfer_body
from director import Fault
from history import DECLINED, IN_PROGRESS, NOT_APPLIED, OK, UNKNOWN, Violation, verdict
from processes import Lost, NotSent

AT_ONCE = 50
FLOOD_CLIENTS = 24
SENDER_GROWTH_KB = 16 * 1024


def everywhere(stage, body, key):
    """The same request at all nodes at the same time; the answers that came."""
    nodes = stage.cluster.nodes

    def one(number):
        client = nodes[number % len(nodes)].client(timeout_s=5)
        try:
            return client.post("/v1/transfers", body if not callable(body) else body(number), key)
        except (NotSent, Lost):
            return None
        finally:
            client.close()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [answer for answer in pool.map(one, range(AT_ONCE)) if answer is not None]


def describe(answer):
    return answer.status, answer.code


@contextmanager
def one_key_everywhere(stage):
    for round_ in range(5):
        source, destination = stage.rng.sample(stage.bank.wallets, 2)
        key = f"{stage.bank.seed}-everywhere-{round_}"
        body = transfer_body(source, destination, 1, key)
        back = transfer_body(destination, source, 1, key + "-back")
        answers = everywhere(stage, body, key)
        verdicts = {verdict(answer) for answer in answers}
        stage.expect(verdicts <= {OK, DECLINED, IN_PROGRESS, NOT_APPLIED, UNKNOWN}, f"equal requests were answered with {verdicts}")
        done = [answer for answer in answers if answer.status == 201]
        stage.expect(done or DECLINED in verdicts, f"none of {len(answers)} equal requests was done: {Counter(map(describe, answers))}")
        stage.expect(len({answer.body for answer in done}) <= 1, "equal requests were answered differently")
        stage.expect(sum(not answer.is_replay for answer in done) <= 1, "an equal request was done twice")
        if done:
            settle(stage, back, key + "-back")
    yield


def settle(stage, body, key):
    client = stage.cluster.client()
    try:
        stage.wait(lambda: client.post("/v1/transfers", body, key).status == 201, f"{key} is done")
    finally:
        client.close()


@contextmanager
def one_key_for_many(stage):
    """Other amounts and other source wallets at other nodes: one has it, the others hear that it was used."""
    for round_ in range(5):
        wallets = stage.rng.sample(stage.bank.wallets, len(stage.bank.wallets))
        key = f"{stage.bank.seed}-contested-{round_}"

        def body(number, wallets=wallets, key=key):
            place = number % (len(wallets) - 1)
            return transfer_body(wallets[place], wallets[place + 1], 1 + number, key)
        answers = everywhere(stage, body, key)
        done = [answer for answer in answers if answer.status == 201]
        identities = {answer.json["id"] for answer in done}
        stage.expect(len(identities) <= 1, f"one key, several transfers: {identities}")
        for answer in answers:
            expected = answer.status in (201, 422) or verdict_or_none(answer) in (DECLINED, IN_PROGRESS, NOT_APPLIED, UNKNOWN)
            stage.expect(expected, f"a contested key is answered with {answer}")
        if done:
            found = done[0].json
            minor = round(float(found["amount"]) * 100)
            settle(stage, transfer_body(found["destination_wallet_id"], found["source_wallet_id"], minor, key + "-back"), key + "-back")
    yield


def verdict_or_none(answer):
    try:
        return verdict(answer)
    except Violation:
        return None


class Flood:
    """Clients that send to one wallet as fast as they can, and care for no answer."""

    def __init__(self, stage, door):
        client = stage.cluster.client()
        self.merchant = open_wallet(client, "merchant")
        self._payers = [open_wallet(client, f"payer {number}") for number in range(4)]
        for payer in self._payers:
            settle_top_up(stage, client, payer)
        client.close()
        self._door = door
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(FLOOD_CLIENTS)]
        self.answers = {}

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number):
        client = self._door.client(timeout_s=5)
        count = 0
        while not self._stop.is_set():
            count += 1
            body = transfer_body(self._payers[number % len(self._payers)], self.merchant, 1, "flood")
            try:
                status = client.post("/v1/transfers", body, f"{self.merchant}-{number}-{count}").status
            except (NotSent, Lost):
                status = 0
            self.answers[status] = self.answers.get(status, 0) + 1
            if status != 201:
                self._stop.wait(0.02)
        client.close()


def settle_top_up(stage, client, wallet):
    body = {"wallet_id": wallet, "amount": "100000.00", "currency": "IDR", "method": "bri"}
    stage.wait(lambda: client.post("/v1/topups", body, f"payer-{wallet}").status == 201, "a payer has money")


@contextmanager
def hot_merchant(stage):
    """Everybody pays one wallet: the others go on, and no node's memory grows without bound."""
    before = [node.resident_kb() for node in stage.cluster.nodes]
    with Flood(stage, stage.rng.choice(stage.cluster.nodes)) as flood:
        stage.trade_on(100)
        yield
    stage.expect(flood.answers.get(201, 0) > 50, f"nobody paid: {flood.answers}")
    for node, resident_kb in zip(stage.cluster.nodes, before, strict=True):
        growth = node.resident_kb() - resident_kb
        stage.expect(growth < 8 * SENDER_GROWTH_KB, f"the memory of {node} grew by {growth} kB")


@contextmanager
def stopped_under_flood(stage):
    """A peer that everything is sent to stops: what waits for it does not pile up in the sender."""
    stage.hits_all()
    with Flood(stage, stage.rng.choice(stage.cluster.nodes)) as flood:
        shard = stage.cluster.shards_of([flood.merchant])[flood.merchant]
        peer = next(node for node in stage.cluster.nodes if node.name == stage.cluster.owners()[shard])
        sender = stage.cluster.others(peer)[0]
        stage.trade_on(20)
        before = sender.resident_kb()
        peer.freeze()
        try:
            stage.last(1.0)
            growth = sender.resident_kb() - before
        finally:
            peer.thaw()
        stage.expect(growth < SENDER_GROWTH_KB, f"the memory of {sender} grew by {growth} kB")
        yield


FAULTS = [
    Fault("F24", "equal requests reach all nodes at once", one_key_everywhere),
    Fault("F25", "one key is used for different requests at all nodes", one_key_for_many),
    Fault("F26", "everybody pays one wallet", hot_merchant, lasts_s=1.0),
    Fault("F27", "a peer stops while it is flooded", stopped_under_flood),
]
