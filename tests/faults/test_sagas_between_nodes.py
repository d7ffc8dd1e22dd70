"""A transfer from a wallet of one node to a wallet of another is cut off at each step, on each side (protocol 5.5; 6, F32): it
reaches its right end without help, once."""

import random

import pytest

import network
from bank import balance_of, open_wallet, top_up, transfer_body
from cluster import CLIENT_TIMEOUT_S
from history import DECLINED, OK, verdict
from processes import Lost, NotSent, dompetctl, psql, wait_until

MINOR = 250
INITIAL = 10_000
MOST_WALLETS = 200
ATTEMPTS = 5  # to arm a failpoint without a shard moving meanwhile

LANE = [f"lane.{place}:crash:{step}" for place in ("before_send", "after_commit") for step in (1, 2)]
AT_THE_SOURCE = ["saga.send_credit:crash", "saga.settle:crash", *LANE]
AT_THE_DESTINATION = ["lane.before_send:crash", "lane.after_commit:crash", "lane.during_commit:trip", "wallet.decide_credit:trip"]


class Pair:
    """A wallet at each of two nodes; a third node takes the requests."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.wait_until_whole()
        self.at_source, self.at_destination, self.door = random.sample(cluster.nodes, 3)
        self.is_frozen = False
        self._open()

    def _open(self):
        client = self.cluster.client()
        self.source = self._open_at(client, self.at_source)
        self.destination = self._open_at(client, self.at_destination)
        wait_until(lambda: top_up(client, self.source, INITIAL, f"initial-{self.source}").status == 201, "there is money")
        if self.is_frozen:
            assert client.post(f"/v1/wallets/{self.destination}/freeze").status == 200
        client.close()

    def freeze(self):
        self.is_frozen = True
        self._open()

    def _open_at(self, client, node):
        for number in range(MOST_WALLETS):
            wallet = open_wallet(client, f"wallet {number}")
            if self._owner(wallet) == node.name:
                return wallet
        raise AssertionError(f"{node} owns nothing")

    def _owner(self, wallet):
        [shard] = self.cluster.shards_of([wallet]).values()
        return self.cluster.owners()[shard]

    def _is_as_it_was(self):
        return self._owner(self.source) == self.at_source.name and self._owner(self.destination) == self.at_destination.name

    def arm(self, node, failpoint):
        """The node keeps its shards, since it starts again with its directory; unless they move for balance just then: the
        pair has other wallets then."""
        for _ in range(ATTEMPTS):
            node.crash(failpoint=failpoint)
            self.cluster.wait_until_whole()
            if self._is_as_it_was():
                self._warm_up()
                return
            node.crash()
            self.cluster.wait_until_whole()
            self._open()
        raise AssertionError("shards keep moving")

    def _warm_up(self):
        """The nodes know who is where, so that the first request takes no detour."""
        client = self.door.client()
        for wallet in (self.source, self.destination):
            wait_until(lambda wallet=wallet: client.get(f"/v1/wallets/{wallet}").status == 200, "the wallet can be read")
        client.close()

    def send(self, key, door=None):
        """To this node, or whoever answers; None: nobody did."""
        client = (door or self.cluster).client(timeout_s=CLIENT_TIMEOUT_S)
        try:
            return client.post("/v1/transfers", transfer_body(self.source, self.destination, MINOR, key), key)
        except (NotSent, Lost):
            return None
        finally:
            client.close()

    def settle(self, key):
        answers = []

        def definite():
            answers.append(self.send(key))
            return answers[-1] if answers[-1] is not None and verdict(answers[-1]) in (OK, DECLINED) else None
        return wait_until(definite, lambda: f"a definite answer to {key}; the last was {answers[-1]}")

    def check(self, key, moved):
        """The end, and that it is the end."""
        self.cluster.wait_until_whole()
        answer = self.settle(key)
        assert (answer.status == 201) == moved, answer
        assert self.settle(key).body == answer.body
        wait_until(lambda: not psql(self.cluster.database, "SELECT 1 FROM saga WHERE state IN (1, 2)"), "all sagas are final")
        client = self.cluster.client()
        minor = MINOR if moved else 0
        assert (balance_of(client, self.source), balance_of(client, self.destination)) == (INITIAL - minor, minor)
        client.close()
        dompetctl("verify", "--database", self.cluster.database)
        return answer


@pytest.fixture
def pair(cluster):
    return Pair(cluster)


def interrupt(pair, node, failpoint):
    """Returns the key of a transfer that was cut off."""
    pair.arm(node, failpoint)
    since = len(node.exits)
    key = f"k-{pair.source}"
    answer = pair.send(key)
    if failpoint.split(":")[1] == "crash":
        wait_until(lambda: len(node.exits) > since, f"{node} crashed at {failpoint}; the answer was {answer}")
    return key


@pytest.mark.parametrize("failpoint", AT_THE_SOURCE)
def test_a_transfer_whose_source_crashes_at_any_step_is_completed(pair, failpoint):
    pair.check(interrupt(pair, pair.at_source, failpoint), moved=True)


@pytest.mark.parametrize("failpoint", AT_THE_DESTINATION)
def test_a_transfer_whose_destination_crashes_at_any_step_is_decided_once(pair, failpoint):
    key = interrupt(pair, pair.at_destination, failpoint)
    answer = pair.settle(key)  # completed, or cancelled when the destination took too long
    pair.check(key, moved=answer.status == 201)


@pytest.mark.parametrize(("side", "failpoint"), [("source", "saga.release:crash"), ("source", "lane.before_send:crash:2"),
                                                 ("source", "lane.after_commit:crash:2"),
                                                 ("destination", "lane.before_send:crash"),
                                                 ("destination", "lane.after_commit:crash")])
def test_a_refused_transfer_that_is_cut_off_gives_the_money_back(pair, side, failpoint):
    pair.freeze()
    key = interrupt(pair, pair.at_source if side == "source" else pair.at_destination, failpoint)
    pair.check(key, moved=False)


@pytest.mark.parametrize("failpoint", ["saga.cancel:crash", "saga.send_cancel:crash", "saga.release:crash",
                                       "lane.before_send:crash:2", "lane.after_commit:crash:2"])
def test_a_transfer_that_is_cut_off_while_it_is_cancelled_ends_one_way_or_the_other(pair, networked, failpoint):
    """The destination's node keeps its shards, since the database hears it; the source's does not reach it. When it does, the
    kernel may still deliver the CREDIT of a process that is gone: then the destination's word is that."""
    if not networked:
        pytest.skip("the network of this ring cannot be broken here")
    pair.arm(pair.at_source, failpoint)
    key = f"k-{pair.source}"
    since = len(pair.at_source.exits)
    with network.apart(pair.at_source.place, pair.at_destination.place.address):
        pair.send(key, pair.at_source)
        wait_until(lambda: psql(pair.cluster.database, "SELECT 1 FROM saga WHERE state = 2")
                   or len(pair.at_source.exits) > since, "the transfer is being cancelled")
        if failpoint != "saga.release:crash":  # which wants the destination's word
            wait_until(lambda: len(pair.at_source.exits) > since, f"the source crashed at {failpoint}")
    pair.check(key, moved=pair.settle(key).status == 201)
