"""Networks that lose, delay and keep apart (protocol 6: F7 to F11)."""

from contextlib import ExitStack, contextmanager

import network
from cluster import LEASE_TTL_S, PORT
from crashes import EXPIRED
from director import Fault
from processes import wait_until
from relay import Relay, jitter

DATABASE_PORT = 5432
NETWORK = ("network",)


def nobody_was_taken_for_dead(stage, before):
    """Shards may still move for balance, between nodes that live; none may be taken from one."""
    stage.expect(stage.cluster.members() == before, "a node was expired although the database was reachable")


def two_nodes_apart(cut):
    @contextmanager
    def inject(stage):
        """The table of nodes is fine, so nobody is expired; transfers between the two wait."""
        one, two = stage.rng.sample(stage.cluster.nodes, 2)
        stage.hits(one, two)
        before = stage.cluster.members()
        with cut(one.place, two.place.address):
            stage.trade_on(20)
            yield
            nobody_was_taken_for_dead(stage, before)
    return inject


@contextmanager
def one_against_all(stage):
    node = stage.pick()
    stage.hits_all()
    before = stage.cluster.members()
    with network.apart(node.place, *(other.place.address for other in stage.cluster.others(node))):
        stage.trade_on(20)
        yield
        nobody_was_taken_for_dead(stage, before)


def off_the_database(cut, long):
    @contextmanager
    def inject(stage):
        """It stops committing and reading from memory, and says that it is not ready. When it is cut off for longer than its
        lease, the others take its shards, and when it is back it finds itself expired and ends."""
        node = stage.pick()
        since = len(node.exits)
        with cut(node.place, network.HUB, port=DATABASE_PORT):
            if long:
                stage.wait(lambda: stage.cluster.is_without(node),
                           "others own its shards")
                stage.wait(lambda: not node.is_running or not node.is_ready(), "it is not ready")
                stage.trade_on(20)
            yield
        if long:
            stage.wait(lambda: node.ended(EXPIRED, since),
                       lambda: f"{node} ends because it was expired; it ended with {node.exits[since:]}")
    return inject


@contextmanager
def loss(stage):
    stage.hits_all()
    with network.lossy([node.place for node in stage.cluster.nodes], percent=stage.rng.choice([1, 5, 10])):
        yield


@contextmanager
def slow_line(stage):
    """20 to 200 ms each way between two nodes, and between one of them and the database."""
    one, two = stage.rng.sample(stage.cluster.nodes, 2)
    stage.hits_all()
    with ExitStack() as broken:
        for target, port in ((two.place.address, PORT), (network.HUB, DATABASE_PORT)):
            relay = broken.enter_context(Relay(network.HUB, (target, port), delay=jitter(0.02, 0.2, stage.rng.random())))
            broken.enter_context(network.detour(one.place, target, port, relay.port))
        yield


@contextmanager
def black_hole(stage):
    """One peer takes no connections; the link to another, which starts again, is not held up by it."""
    node, gone, other = stage.rng.sample(stage.cluster.nodes, 3)
    stage.hits_all()

    def linked():
        seen = stage.cluster.view(node)["nodes"]
        return any(peer["node"] == other.name and peer["link"] == "up" and peer["state"] == "up" for peer in seen)

    with network.black_hole(node.place, gone.place.address), network.black_hole(gone.place, node.place.address):
        gone.crash()
        other.crash()
        stage.wait(other.is_ready, f"{other} is ready")
        wait_until(linked, f"{node} is linked with {other} although {gone} is a black hole", deadline_s=5)
        stage.trade_on(20)
        yield


FAULTS = [
    Fault("F7", "two nodes do not reach each other", two_nodes_apart(network.apart), NETWORK, lasts_s=2 * LEASE_TTL_S),
    Fault("F7 alone", "one node does not reach any other", one_against_all, NETWORK, lasts_s=2 * LEASE_TTL_S,
          in_short=False),
    Fault("F8", "a node loses the database for longer than its lease", off_the_database(network.apart, long=True), NETWORK),
    Fault("F8 short", "a node loses the database for a moment", off_the_database(network.apart, long=False), NETWORK,
          lasts_s=0.5 * LEASE_TTL_S, in_short=False),
    Fault("F9", "one node does not hear another, which hears it", two_nodes_apart(network.deaf), NETWORK, lasts_s=LEASE_TTL_S),
    Fault("F9 database", "the database does not hear a node, which hears it", off_the_database(network.mute, long=True), NETWORK,
          in_short=False),
    Fault("F10", "every node loses some of its packets", loss, NETWORK, lasts_s=4, others_away_at_most_s=10),
    Fault("F10 delay", "two nodes, and a node and its database, are far apart", slow_line, NETWORK, lasts_s=4, in_short=False),
    Fault("F11", "a peer's port swallows connections", black_hole, NETWORK),
]
