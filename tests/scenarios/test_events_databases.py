"""Those who listen to a ledger in two databases and two nodes, while shards move between the databases and a node dies."""

import random

import pytest

from bank import Bank
from listeners import Kafka, ListReader, StreamReader, check_complete, ids_of_journal, wait_until_complete
from processes import dompetctl, psql, wait_until
from several_databases import Nodes, People, move, shard_of
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


def test_who_begins_now_while_a_shard_is_in_no_database_is_never_told_its_past(databases, tmp_path, make_dompetd):
    nodes = Nodes(tmp_path, databases, 1)
    make_dompetd.made.extend(nodes.all)
    nodes.start()
    people = People(nodes, each=1)
    [dompetd] = nodes.all
    client = dompetd.client()
    wait_until(lambda: client.get("/v1/events?from=now").status == 200, "every shard is somewhere")
    shard = shard_of(nodes, people.of[0][0])
    [[end]] = psql(databases[0], f"SELECT max(shard_seq) FROM journal WHERE shard = {shard}")
    # Between the two statements of a move's last step (docs/decisions/0007).
    psql(databases[0], f"UPDATE shard SET database_id = 1 WHERE shard = {shard}")
    for path in ("/v1/events?from=now", "/v1/events/stream"):
        assert client.get(path).status == 503
    failures = dompetd.metric("dompet_events_failures_total")
    psql(databases[0], "DELETE FROM event_mark WHERE consumer = 'webhooks'")
    wait_until(lambda: dompetd.metric("dompet_events_failures_total") > failures, "it cannot begin yet")
    assert psql(databases[0], "SELECT 1 FROM event_mark WHERE consumer = 'webhooks'") == []
    psql(databases[0], f"UPDATE shard SET database_id = 0 WHERE shard = {shard}")

    def marks():
        return psql(databases[0], f"SELECT shard_seq FROM event_mark WHERE consumer = 'webhooks' AND shard = {shard}")
    wait_until(marks, "it has begun")
    assert int(marks()[0][0]) >= int(end)
    answer = wait_until(lambda: (now := client.get("/v1/events?from=now")).status == 200 and now, "it is told again")
    page = client.get(f"/v1/events?cursor={answer.json['next_cursor']}").json
    assert page["data"] == [] and not page["has_more"]
