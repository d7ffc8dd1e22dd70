"""A dompetd that breaks a rule of the protocol on purpose, by a failpoint: the checkers must find it. A checker that never finds
anything proves nothing (protocol 7.1)."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import databases
import messages
from audit import LOST, WRONG, minor_of
from bank import open_wallet, top_up, transfer_body
from cluster import Cluster
from director import Director, Fault
from history import OK, Operation, Read, verdict
from processes import Lost, NotSent, wait_until
from table import missing_for

ROUNDS = 5  # of a fault that must be found in one of them at least
SEED = 7


@pytest.fixture
def cluster(tmp_path, networked):
    """One of its own: what is broken in it stays broken."""
    with Cluster(tmp_path, networked=networked) as cluster:
        yield cluster


def breaking(failpoint, inject):
    """The fault, on nodes that break the rule that the failpoint names at every occasion."""
    @contextlib.contextmanager
    def broken(stage):
        for node in stage.cluster.nodes:
            node.crash(failpoint=f"{failpoint}:always")
        stage.cluster.wait_until_whole()
        with inject(stage):
            yield
        for node in stage.cluster.nodes:
            node.crash()
    return broken


def check_found(cluster, directory, failpoint, inject, wanted, needs=()):
    """One of some rounds finds what is wanted."""
    fault = Fault(failpoint, "a rule is broken on purpose", breaking(failpoint, inject), needs)
    reason = missing_for(fault)
    if reason is not None:
        pytest.skip(reason)
    director = Director(cluster, directory)
    found = []
    for number in range(ROUNDS):
        found += director.perform(fault, SEED + number).findings
        if any(map(wanted, found)):
            return
    raise AssertionError(f"{failpoint} was not found in {ROUNDS} rounds: {found}")


def test_answers_that_are_sent_before_the_commit_are_found_lost(cluster, tmp_path):
    check_found(cluster, tmp_path, "lane.reply_before_durable", databases.stopped_at_once, lambda finding: finding.kind == LOST)


def test_a_cancellation_without_its_tombstone_is_found(cluster, tmp_path):
    check_found(cluster, tmp_path, "decision.skip_tombstone", messages.cancels_race_credits,
                lambda finding: finding.kind == WRONG and "verify" in finding.text, ("network",))


def test_a_zombie_that_commits_without_the_fence_is_found(cluster, tmp_path):
    check_found(cluster, tmp_path, "lane.skip_fence", zombie_with_a_request, lambda finding: finding.kind == WRONG)


@contextlib.contextmanager
def zombie_with_a_request(stage):
    """A request waits in the sockets of a stopped node. Meanwhile others own its wallets, and have read them. When the node
    wakes, it must not acknowledge what the others do not know."""
    node = stage.pick()
    source, destination = quiet_wallets(stage, node)
    key = f"{stage.bank.seed}-zombie"
    operation = Operation(key, "/v1/transfers", transfer_body(source, destination, 1, key), 1)
    client = node.client(timeout_s=60)
    assert client.get("/healthz").status == 200  # connected
    with ThreadPoolExecutor(1) as pool:
        node.freeze()
        try:
            stage.bank.history.invoke(operation)
            sent = pool.submit(client.post, operation.path, operation.body, operation.key)
            stage.wait(lambda: stage.cluster.is_without(node), "others own its shards")
            read_elsewhere(stage, node, source)
        finally:
            node.thaw()
        with contextlib.suppress(NotSent, Lost):
            answer = sent.result()
            if verdict(answer) == OK:
                stage.bank.history.finish(operation, OK, answer)
                read_elsewhere(stage, node, source)
    client.close()
    yield


def quiet_wallets(stage, node):
    """Two accounts of the node's that no client of the bank's knows, but the audit does."""
    client = stage.cluster.client()
    found = []
    while len(found) < 2:
        wallet = open_wallet(client, "quiet")
        [shard] = stage.cluster.shards_of([wallet]).values()
        if stage.cluster.owners()[shard] == node.name:
            found.append(wallet)
    for wallet in found:
        stage.wait(lambda wallet=wallet: top_up(client, wallet, stage.bank.initial, f"initial-{wallet}").status == 201,
                   "a quiet wallet has money")
    client.close()
    stage.bank.wallets = [*stage.bank.wallets, *found]
    return found


def read_elsewhere(stage, node, wallet):
    """By another node, which then has it in its memory."""
    client = stage.cluster.others(node)[0].client(timeout_s=5)
    began = time.monotonic()
    answer = wait_until(lambda: (read := client.get(f"/v1/wallets/{wallet}")).status == 200 and read, "its wallet can be read")
    view = answer.json
    available, held = (minor_of(view["balance"][part]) for part in ("available", "held"))
    stage.bank.history.note_read(Read(wallet, view["version"], available, held, began))
    client.close()
