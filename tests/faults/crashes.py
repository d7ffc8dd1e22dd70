"""Processes that die, and processes that stand still (protocol 6: F1 to F6, F30, F34, F35)."""

import subprocess
from contextlib import contextmanager

from cluster import LEASE_TTL_S
from director import Fault
from processes import clean_environment, psql

EXPIRED = 75  # how a node ends that the others took for dead
FROZEN_LONG_S = 2.5 * LEASE_TTL_S
FROZEN_SHORT_S = 0.4 * LEASE_TTL_S


@contextmanager
def killed(stage):
    node = stage.pick()
    node.crash()
    yield
    stage.trade_on(20)


@contextmanager
def killed_again_and_again(stage):
    stage.hits_all()
    for _ in range(4):
        stage.rng.choice(stage.cluster.nodes).crash()
        stage.trade_on(15)
    yield


@contextmanager
def lost_machine(stage):
    """Nobody holds its lock: the others take its shards after LEASE_TTL, while it is away."""
    node = stage.pick()
    node.crash(forget=True, away=True)
    stage.wait(lambda: stage.cluster.is_without(node), "others own its shards")
    stage.trade_on(30)
    node.want()
    yield


@contextmanager
def all_killed(stage):
    """With transfers under way, which the next start has to finish."""
    stage.hits_all()
    for node in stage.cluster.nodes:
        node.crash(away=True)
    for node in stage.cluster.nodes:
        node.want()
    yield


def crash_in_the_lane(place):
    @contextmanager
    def inject(stage):
        node = stage.pick()
        for _ in range(3):
            since = len(node.exits)
            node.crash(failpoint=f"lane.{place}:crash:{stage.rng.randint(1, 40)}")
            stage.wait(lambda since=since: len(node.exits) >= since + 2, f"{node} crashed at lane.{place}")
            stage.trade_on(10)
        yield
    return inject


@contextmanager
def lost_answer(stage):
    node = stage.pick()
    node.crash(failpoint=f"lane.during_commit:trip:{stage.rng.randint(1, 40)}")
    stage.cluster.wait_until_whole()
    stage.trade_on(30)
    stage.wait(lambda: node.metric("dompet_engine_unknown_commits_total") >= 1, "a commit's outcome was unknown")
    yield


@contextmanager
def frozen_for_long(stage):
    """Others take over; when it wakes it finds itself expired, is fenced, and ends."""
    node = stage.pick()
    since = len(node.exits)
    node.freeze()
    try:
        stage.last(FROZEN_LONG_S)
        stage.wait(lambda: stage.cluster.is_without(node),
                   "others own its shards")
        stage.trade_on(20)
    finally:
        node.thaw()
    yield
    stage.wait(lambda: node.ended(EXPIRED, since), f"{node} ends because it was expired; it ended with {node.exits[since:]}")


@contextmanager
def frozen_for_moments(stage):
    """Too short for anybody to take over."""
    node = stage.pick()
    starts = node.starts
    for _ in range(4):
        node.freeze()
        try:
            stage.last(FROZEN_SHORT_S)
        finally:
            node.thaw()
        stage.trade_on(15)
    yield
    stage.expect(node.starts == starts, f"{node} was expired after {FROZEN_SHORT_S} s")


@contextmanager
def frozen_with_a_lock(stage):
    """A session that looks like the frozen node's lane holds the lock that its fence needs: it is ended, nobody waits long."""
    node = stage.pick()
    database = stage.cluster.database
    [[incarnation]] = psql(database, f"SELECT incarnation FROM node WHERE name = '{node.name}' AND state = 'up'")
    [[lane]] = psql(database, f"SELECT application_name FROM pg_stat_activity WHERE application_name LIKE"
                              f" 'dompet/{node.name}/%lane%' LIMIT 1")
    node.freeze()
    blocker = subprocess.Popen(
        ["psql", "-X", "-q", "-d", database], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=clean_environment() | {"PGAPPNAME": lane}, text=True)
    try:
        blocker.stdin.write(f"BEGIN; SELECT 1 FROM lane_fence WHERE incarnation = '{incarnation}' FOR SHARE;\n")
        blocker.stdin.flush()
        stage.last(LEASE_TTL_S)
        stage.wait(lambda: stage.cluster.is_without(node),
                   "others own its shards, lock or not")
        stage.trade_on(20)
    finally:
        node.thaw()
        blocker.kill()
        blocker.wait()
        blocker.stdin.close()
    yield


def crashing_actor(place):
    @contextmanager
    def inject(stage):
        """A command that crashes its wallet's actor: that wallet comes back, the node stays up."""
        node = stage.pick()
        node.crash(failpoint=f"{place}:trip:{stage.rng.randint(1, 20)}")
        stage.cluster.wait_until_whole()
        starts = node.starts
        source, destination = stage.open_quiet_accounts(node)  # the others may have moved meanwhile

        def crashed():
            stage.transfer_at(node, source, destination)
            return node.metric("dompet_engine_wallet_crashes_total") >= 1
        stage.wait(crashed, f"a wallet crashed at {place}")
        stage.trade_on(30)
        yield
        stage.expect(node.starts == starts, f"{node} itself ended")
    return inject


@contextmanager
def started_twice(stage):
    """With the same directory a second process is refused; with another it is a node of its own, and one of them writes."""
    node = stage.pick()
    twin = stage.cluster.make_node(node.name, node.directory)
    twin.starts = 1_000  # logs of its own
    twin.launch()
    code = twin.wait_until_dead()
    stage.expect(code not in (0, EXPIRED) and "in use" in twin.logs(), f"a second process on one directory: {code}")
    other = stage.cluster.make_node(node.name, stage.cluster.directory / f"twin.{stage.rng.random()}")
    try:
        other.start()
        stage.trade_on(40)
        yield
    finally:
        other.end()
        for one in (twin, other):
            if one.place is not None:
                one.place.close()


FAULTS = [
    Fault("F1", "a node is killed with -9 under load and starts again", killed),
    Fault("F1 machine", "a node's machine is lost, the others take over, it comes back as a stranger", lost_machine),
    Fault("F1 often", "nodes are killed one after the other", killed_again_and_again, in_short=False),
    Fault("F2", "a node dies after a commit, before the answers", crash_in_the_lane("after_commit")),
    Fault("F3", "a node dies before a commit is sent", crash_in_the_lane("before_send")),
    Fault("F3 answer", "the answer to a commit is lost", lost_answer, in_short=False),
    Fault("F4", "a node is stopped for longer than its lease, then goes on", frozen_for_long),
    Fault("F5", "a node is stopped for moments, again and again", frozen_for_moments),
    Fault("F6", "a stopped node's session holds a lock that the take-over needs", frozen_with_a_lock),
    Fault("F30", "a wallet's actor crashes while it begins a command", crashing_actor("wallet.begin")),
    Fault("F30 finish", "a wallet's actor crashes while it finishes a command", crashing_actor("wallet.finish"), in_short=False),
    Fault("F34", "all nodes are killed at once and start cold", all_killed, others_away_at_most_s=15),
    Fault("F35", "a second process is started under the same name", started_twice),
]
