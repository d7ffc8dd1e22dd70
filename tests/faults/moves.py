"""Shards that change hands while the load goes on (protocol 6: F28, F29)."""

from contextlib import contextmanager

from director import Fault
from processes import Lost, NotSent, psql

MOVES = 24


def move(stage, shard, to):
    client = stage.cluster.client()
    try:
        return client.post(f"/v1/cluster/shards/{shard}/move", {"to": to.name})
    except (NotSent, Lost):
        return None
    finally:
        client.close()


def move_some(stage, disturb=None):
    """Shards of accounts first: those are under load."""
    cluster = stage.cluster
    shards = [*cluster.shards_of(stage.bank.wallets).values(), *range(len(cluster.owners()))]
    for number, shard in enumerate(shards[:MOVES]):
        owner = cluster.owners()[shard]
        others = [node for node in cluster.nodes if node.name != owner]
        to = stage.rng.choice(others)
        move(stage, shard, to)
        if disturb is not None and number % 8 == 4:
            disturb(stage.rng.choice([to, *(node for node in cluster.nodes if node.name == owner)]))
    return shards[:MOVES]


@contextmanager
def moved(stage):
    stage.hits_all()
    cluster = stage.cluster
    starts = [node.starts for node in cluster.nodes]
    shards = move_some(stage)
    stage.trade_on(60)
    shard = shards[0]
    to = next(node for node in cluster.nodes if node.name != cluster.owners()[shard])
    answer = move(stage, shard, to)
    stage.expect(answer is not None and answer.status == 202, f"a move is answered with {answer}")
    stage.wait(lambda: cluster.owners()[shard] == to.name, f"shard {shard} has moved to {to}")
    yield
    stage.expect([node.starts for node in cluster.nodes] == starts, "a node ended while shards moved")


@contextmanager
def moved_while_nodes_die(stage):
    stage.hits_all()
    move_some(stage, disturb=lambda node: node.crash())
    stage.trade_on(40)
    yield


@contextmanager
def moved_while_nodes_stop(stage):
    stage.hits_all()

    def freeze_for_a_moment(node):
        if node.is_running:
            node.freeze()
            stage.last(0.3)
            node.thaw()
    move_some(stage, disturb=freeze_for_a_moment)
    stage.trade_on(40)
    yield


@contextmanager
def restarted_one_by_one(stage):
    stage.hits_all()
    for node in stage.cluster.nodes:
        since = len(node.exits)
        node.leave()
        stage.wait(lambda node=node, since=since: len(node.exits) > since, f"{node} has left")
        stage.expect(node.exits[since] == 0, f"{node} was told to leave and ended with {node.exits[since]}")
        stage.cluster.wait_until_whole()
        stage.trade_on(20)
    yield


TAKE = """
    SELECT * FROM acquire_shards_v2(
        (SELECT incarnation FROM node WHERE name = '{}' AND state = 'up'),
        (SELECT array_agg(shard ORDER BY shard) FROM shard WHERE shard IN ({shards})),
        (SELECT array_agg(epoch ORDER BY shard) FROM shard WHERE shard IN ({shards})),
        (SELECT array_agg(owner ORDER BY shard) FROM shard WHERE shard IN ({shards})))"""
SLOW_TO_NOTICE_MS = 20_000  # far more than this fault takes


@contextmanager
def taken_from_the_living(stage):
    """Another node takes shards from one that lives, and reads their wallets, before that one notices: what it then is asked
    to do there, it must not acknowledge."""
    node = stage.pick()
    stage.hits_all()
    # It looks at the tables so rarely that its fence alone can tell it. The others shall not take it for dead meanwhile.
    for each in stage.cluster.nodes:
        slow = {"cluster_renew_ms": SLOW_TO_NOTICE_MS} if each is node else {}
        each.crash(**stage.more_settings, **slow, cluster_lease_local_ms=4 * SLOW_TO_NOTICE_MS,
                   cluster_lease_ttl_ms=6 * SLOW_TO_NOTICE_MS)
    stage.cluster.wait_until_whole()
    wallets = stage.open_quiet_accounts(node)
    other = stage.cluster.others(node)[0]
    shards = ",".join(map(str, set(stage.cluster.shards_of(wallets).values())))
    psql(stage.cluster.database, TAKE.format(other.name, shards=shards))
    node.freeze()  # so that nobody else can answer
    try:
        stage.read(other, wallets[0])
    finally:
        node.thaw()
    stage.transfer_at(node, *wallets)
    stage.read(other, wallets[0])
    for each in stage.cluster.nodes:
        each.crash()
    yield


FAULTS = [
    Fault("F28", "shards move to and fro under load", moved, away_at_most_s=5),
    Fault("F28 killed", "shards move while their nodes are killed", moved_while_nodes_die),
    Fault("F28 stopped", "shards move while their nodes are stopped for moments", moved_while_nodes_stop, in_short=False),
    Fault("F28 taken", "shards are taken from a node that lives and does not notice", taken_from_the_living, in_short=False),
    Fault("F29", "all nodes are restarted one by one", restarted_one_by_one, away_at_most_s=5),
]
