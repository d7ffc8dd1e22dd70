"""A dompetd that breaks a rule of the protocol on purpose, by a failpoint: the checkers must find it. A checker that never finds
anything proves nothing (protocol 7.1)."""

import contextlib

import pytest

import databases
import messages
import moves
from audit import LOST, WRONG
from cluster import Cluster
from director import Director, Fault
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
        stage.more_settings["failpoint"] = f"{failpoint}:always"
        for node in stage.cluster.nodes:
            node.crash(**stage.more_settings)
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
    director = Director(cluster, directory, with_till=False)  # it takes for granted what these nodes do not do
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


def test_a_node_that_commits_without_the_fence_is_found(cluster, tmp_path):
    check_found(cluster, tmp_path, "lane.skip_fence", moves.taken_from_the_living,
                lambda finding: finding.kind == WRONG and "acknowledged before" in finding.text)
