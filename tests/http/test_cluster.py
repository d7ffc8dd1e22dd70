"""The cluster's routes, on a node that serves alone."""

import pytest

from processes import psql


def test_a_node_tells_the_cluster_as_it_sees_it(client):
    cluster = client.get("/v1/cluster").json
    [me] = [node for node in cluster["nodes"] if node["link"] == "self"]
    assert cluster["me"] == {"node": me["node"], "incarnation": me["incarnation"]}
    assert me["state"] == "up" and me["shards"] == cluster["shard_count"] == len(cluster["shards"])
    for number, shard in enumerate(cluster["shards"]):
        assert shard["shard"] == number and shard["node"] == me["node"] and shard["status"] == "owned"
        assert shard["epoch"] >= 1 and shard["target"] is None
    [database] = cluster["databases"]
    assert database["reachable"] and not database["lane"]["suspended"]


def test_a_shard_that_is_where_it_shall_be_is_not_moved(client):
    me = client.get("/v1/cluster").json["me"]["node"]
    answer = client.post("/v1/cluster/shards/3/move", {"to": me})
    assert (answer.status, answer.code) == (409, "cluster_refuses"), answer
    assert "already" in answer.json["detail"]


@pytest.mark.parametrize("path,body,code", [
    ("/v1/cluster/shards/64/move", {"to": "a"}, "shard_not_found"),
    ("/v1/cluster/shards/x/move", {"to": "a"}, "shard_not_found"),
    ("/v1/cluster/shards/3/move", {"to": "nobody"}, "node_not_found"),
    ("/v1/cluster/shards/3/move", {}, "missing_field"),
    ("/v1/cluster/nodes/nobody/drain", None, "node_not_found")])
def test_wishes_that_cannot_be_are_refused(client, path, body, code):
    assert client.post(path, body).code == code


def test_a_cluster_in_balance_moves_nothing(client, server):
    answer = client.post("/v1/cluster/rebalance")
    assert (answer.status, answer.json) == (202, {"accepted": True, "moves": 0})
    assert psql(server.database, "SELECT what, who FROM audit WHERE what = 'cluster.rebalance' ORDER BY id DESC")[0] == [
        "cluster.rebalance", "administrator"]
