"""The inspector on one node tells and steers transfers of another, and says so when that one is down."""

import http.client
import json
import uuid

import pytest

from bank import open_wallet, top_up, transfer_body
from processes import free_port, psql, wait_until

CLUSTER = {"engine_fast_path": "false", "engine_transfer_expiry_s": 600, "cluster_secret": "two nodes on one machine, for a test"}


def start_both(nodes):
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait_until_ready()

    def all_is_owned_and_linked():
        seen = [node.client().get("/v1/cluster").json for node in nodes]
        return all({shard["node"] for shard in cluster["shards"]} == {"a", "b"} and
                   sorted(node["link"] for node in cluster["nodes"] if node["state"] == "up") == ["self", "up"]
                   for cluster in seen)
    wait_until(all_is_owned_and_linked, "both nodes have shards and know each other")


@pytest.fixture
def hanging(make_dompetd):
    """Node a, node b, and a transfer whose owner is b and that hangs, since its destination cannot be read."""
    nodes = [make_dompetd(**CLUSTER, node_name=name, cluster_listen=f"127.0.0.1:{free_port()}") for name in "ab"]
    start_both(nodes)
    client = nodes[0].client()
    wallets = [open_wallet(client, "Budi"), open_wallet(client, "Ayu")]
    assert top_up(client, wallets[1], 1_000, "initial").status == 201
    client.close()
    for node in nodes:
        node.stop()
    psql(nodes[0].database, "UPDATE journal SET payload = decode('00', 'hex') WHERE wallet_seq = 1 AND kind <> 4 AND "
         f"wallet = '{wallets[0]}'", superuser=True)
    start_both(nodes)
    client = nodes[0].client()
    source = wallets[1]
    [[shard]] = psql(nodes[0].database, f"SELECT shard FROM wallet WHERE id = '{source}'")

    def owner():
        return client.get("/v1/cluster").json["shards"][int(shard)]["node"]
    if owner() != "b":
        assert client.post(f"/v1/cluster/shards/{shard}/move", {"to": "b"}).status == 202
    wait_until(lambda: owner() == "b", "the source's shard is with node b")
    connection = http.client.HTTPConnection("127.0.0.1", nodes[0].port, timeout=20)
    connection.request("POST", "/v1/transfers", json.dumps(transfer_body(source, wallets[0], 250, "k")),
                       {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()),
                        **nodes[0].authorization()})
    [saga] = wait_until(lambda: list(client.all("/v1/sagas?state=open")), "the transfer is on record")
    connection.close()
    return nodes, client, saga["id"]


def test_a_node_tells_and_steers_the_transfers_of_another(hanging):
    _, client, saga = hanging
    told = client.get(f"/v1/sagas/{saga}").json
    assert told["owner"]["node"] == "b" and told["owner"]["reachable"]
    assert told["live"]["available"] and told["live"]["says"] == "from the owner's memory"
    assert client.post(f"/v1/sagas/{saga}/pause", {"reason": "a test", "who": "dewi"}).status == 202
    assert client.get(f"/v1/sagas/{saga}").json["reason"].startswith("Paused by administrator for dewi")
    assert client.get("/v1/sagas?owner=b&state=open").json["data"][0]["paused"]
    assert client.get("/v1/sagas?owner=a&state=open").json["data"] == []
    assert client.post(f"/v1/sagas/{saga}/resume", {"reason": "a test"}).status == 202


def test_a_transfer_whose_owner_is_down_is_told_from_the_tables_until_another_node_drives_it(hanging):
    (_, b), client, saga = hanging
    assert client.post(f"/v1/sagas/{saga}/pause", {"reason": "a test", "who": "dewi"}).status == 202
    b.kill()

    def owner_is_away():
        told = client.get(f"/v1/sagas/{saga}").json
        return not told["live"]["available"] and told
    told = wait_until(owner_is_away, "its owner does not answer")
    assert told["live"]["says"] == "the owner is down; this is what the tables say"
    assert told["stuck"] and "nobody drives it until" in told["reason"]
    assert client.get(f"/v1/sagas/{saga}/timeline").json["data"][0]["event"] == "hold_placed"
    assert not client.get(f"/v1/sagas/{saga}/proof").json["may_be_released"]

    def driven_by_a():
        told = client.get(f"/v1/sagas/{saga}").json
        return told["live"]["available"] and told["live"]["loaded"] and told["owner"]["node"] == "a" and told
    told = wait_until(driven_by_a, "node a has taken it over")
    # A pause is in force until the shard changes hands.
    assert not told["paused"]
    assert client.post(f"/v1/sagas/{saga}/cancel", {"reason": "a test"}).status == 202
    wait_until(lambda: client.get(f"/v1/sagas/{saga}").json["state"] == "released", "the money is back")


def test_an_order_to_an_owner_that_is_down_is_refused_and_recorded(hanging):
    (_, b), client, saga = hanging
    b.kill()
    answer = client.post(f"/v1/sagas/{saga}/retry", {"reason": "a test", "who": "dewi"})
    if answer.status == 202:  # the takeover was faster than the request's patience
        return
    assert (answer.status, answer.code) == (503, "owner_unreachable"), answer
    assert answer.json["applied"] in ("no", "unknown")
    what = psql(b.database, f"SELECT what FROM audit WHERE saga = '{saga}' ORDER BY id")
    assert what == [["saga.retry"], ["saga.retry.not_taken"]]
