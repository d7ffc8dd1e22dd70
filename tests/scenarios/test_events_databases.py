"""Those who listen to a ledger in two databases and two nodes, while shards move between the databases and a node dies."""

import random

import pytest

from bank import Bank
from listeners import Kafka, ListReader, StreamReader, check_complete, ids_of_journal, wait_until_complete
from processes import dompetctl, psql, wait_until
from several_databases import Nodes, move
from test_bank_killed import seed


@pytest.fixture
def databases(postgres):
    """Both migrated and empty; shards with odd numbers live in database 1."""
    urls = [postgres.fresh("events_0"), postgres.fresh("events_1")]
    for url in urls:
        dompetctl("migrate", "up", "--database", url)
        psql(url, "UPDATE shard SET database_id = 1 WHERE shard % 2 = 1")
    return urls


def shards_of(databases):
    """Where each shard that has records lives: (shard, database)."""
    return [(int(shard), number) for number, url in enumerate(databases)
            for [shard] in psql(url, "SELECT s.shard FROM shard s, ledger l WHERE s.database_id = l.database_id"
                                     " AND EXISTS (SELECT 1 FROM journal j WHERE j.shard = s.shard) ORDER BY 1")]


def test_each_wallets_order_holds_when_shards_move_and_the_node_that_tells_dies(databases, tmp_path, make_dompetd):
    rng = random.Random(seed())
    kafka = Kafka(tmp_path)
    nodes = Nodes(tmp_path, databases, 2)
    make_dompetd.made.extend(nodes.all)
    for node in nodes.all:
        node.settings = node.settings | {"kafka_brokers": kafka.brokers, "kafka_from_the_beginning": "true"}
    nodes.start()
    bank = Bank(nodes, tmp_path / "history", wallets=10, pause_s=0.005)
    listeners = [reader(node).start() for node in nodes.all for reader in (ListReader, StreamReader)]
    bank.open_doors(clients=4)
    for shard, database in rng.sample(shards_of(databases), 2):
        move(nodes, shard, 1 - database)
        bank.trade_on(30)
    nodes.all[0].kill()
    nodes.all[0].start()
    bank.trade_on(30)
    bank.close_doors()
    for listener in listeners:
        wait_until_complete(listener, databases)
        listener.stop()
    expected = ids_of_journal(databases)
    wait_until(lambda: len(kafka.heard()) >= len(expected), lambda: f"{len(kafka.heard())} of {len(expected)}")
    check_complete(kafka.heard(), databases)
    kafka.end()
