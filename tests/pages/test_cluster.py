"""The map of the cluster."""

from stand_in import Refused

NODES = '[aria-label="Nodes"]'
SHARDS = '[aria-label="Shards"]'


def open_map(page):
    page.open("#/cluster")
    page.sees("4 nodes, 64 shards, 2 moving, 2 without an owner, seen by node a")


def test_nodes_are_shown_with_state_link_and_silence(page):
    open_map(page)
    page.sees("expired", "down", "18.0 s", "draining", "this node", "10.0.0.2:8080", "protocol 1–1", within=NODES)


def test_shards_are_coloured_by_node_and_say_what_they_are(page):
    open_map(page)
    tiles = page.all(f"{SHARDS} .tile")
    assert len(tiles) == 64
    assert page.style(".tile.node-0", "borderBottomColor") != page.style(".tile.node-1", "borderBottomColor")
    assert tiles[12].get_attribute("title") == "Shard 12: moving from node a, going to node b, epoch 4, database 0"
    assert tiles[40].get_attribute("title") == "Shard 40: no owner, going to node a, epoch 5, database 1"


def test_arrow_keys_walk_over_the_map(page):
    open_map(page)
    page.press("Shard 0: owned by node a, epoch 4, database 0")
    page.type_key("\ue015")
    page.sees("Shard 16: owned by node a, epoch 5, database 1.", within=f"{SHARDS} .chosen")
    page.type_key("\ue014")
    assert page.focused_name().startswith("Shard 17:")


def test_the_map_is_a_table_as_well(page):
    open_map(page)
    page.press("Shards as a table")
    page.sees("ownerless", "moving", within='[aria-label="Table of shards"]')
    assert len(page.all('[aria-label="Table of shards"] tbody tr')) == 64


def test_a_shard_is_moved_and_the_map_follows(page, world):
    open_map(page)
    page.press("Shard 2: owned by node a, epoch 6, database 2")
    page.choose("Move shard 2 to node", "b")
    page.press("Move")
    page.sees("Shard 2 is going to node b.", "3 moving", "Shard 2: moving from node a, going to node b")
    assert world.last_sent("/v1/cluster/shards/2/move") == {"to": "b"}


def test_a_node_is_drained_and_shards_are_rebalanced_after_a_question(page, world):
    open_map(page)
    page.press("Drain node b")
    page.sees("move to the other nodes", within="dialog")
    page.press("Drain", within="dialog")
    page.sees("Node b is being drained.")
    page.press("Rebalance…")
    page.press("Rebalance", within="dialog")
    page.sees("5 shards will move.")
    assert [path for path, _ in world.sent] == ["/v1/cluster/nodes/b/drain", "/v1/cluster/rebalance"]


def test_a_move_that_is_refused_is_a_sentence(page, world):
    world.refusals["/v1/cluster/shards/0/move"] = Refused(409, "shard_is_moving", "Shard 0 is moving already.")
    open_map(page)
    page.press("Move")
    page.sees("Shard 0 is moving already.", "shard_is_moving", within=SHARDS)


def test_databases_and_lanes_show_what_waits(page):
    open_map(page)
    page.sees("Database 1", "lane suspended", "4,100", "12.0 s", "unreachable", within='[aria-label="Databases"]')


def test_the_map_refreshes_by_itself(page, world):
    open_map(page)
    world.shards[0] |= {"node": None, "status": "ownerless"}
    page.sees("3 without an owner")


def test_every_control_has_a_name(page):
    open_map(page)
    assert page.nameless() == []
