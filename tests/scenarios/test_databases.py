"""A ledger in two databases, on a PostgreSQL server each: either may die alone, and a shard may move from one to the other
(docs/decisions/0007)."""

import itertools
import os
import random
import signal

import pytest

from bank import Bank, balance_of, text_of
from processes import PostgreSQL, dompetctl, of_ledger, psql, wait_until
from several_databases import STARTING_MINOR, Nodes, People, database_of, move, shard_of, statements, verify

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def second_postgres(tmp_path_factory):
    server = PostgreSQL(tmp_path_factory.mktemp("second"))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def databases(postgres, second_postgres):
    """Both migrated and empty; shards with odd numbers live in database 1."""
    urls = []
    for server in (postgres, second_postgres):
        server.start()
        urls.append(server.fresh(f"databases_{next(_numbers)}"))
        dompetctl("migrate", "up", "--database", urls[-1])
        psql(urls[-1], "UPDATE shard SET database_id = 1 WHERE shard % 2 = 1")
    return urls


@pytest.fixture
def make_nodes(tmp_path, databases, make_dompetd):
    made = []

    def make(count=1, **settings):
        made.append(Nodes(tmp_path, databases, count, **settings).start())
        make_dompetd.made.extend(made[-1].all)  # whose logs are shown when the test fails
        return made[-1]
    yield make
    for nodes in made:
        nodes.end()


def test_a_transfer_inside_a_database_is_one_record_and_one_across_takes_its_steps(make_nodes, databases):
    nodes = make_nodes()
    people = People(nodes)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    inside = [people.pay(ani, budi), people.pay(citra, dewi)]
    across = [people.pay(ani, citra), people.pay(dewi, budi)]
    assert [psql(url, "SELECT count(*) FROM saga") for url in databases] == [[["1"]], [["1"]]]
    assert [psql(url, "SELECT count(*) FROM journal WHERE kind = 3") for url in databases] == [[["1"]], [["1"]]]
    for transaction in inside + across:
        again = people.client.get(f"/v1/transactions/{transaction['id']}")
        assert again.status == 200 and again.json["status"] == "completed", again
        assert people.client.get(f"/v1/sagas/{transaction['id']}").json["state"] == "settled"
    assert people.client.get("/v1/transactions/01890000-0000-7000-8000-000000000000").code == "transaction_not_found"
    assert {wallet: balance_of(people.client, wallet) for wallet in (ani, budi, citra, dewi)} == {
        ani: STARTING_MINOR - 200, budi: STARTING_MINOR + 200, citra: STARTING_MINOR, dewi: STARTING_MINOR}
    # The receiver's own list has what came from the other database.
    listed = people.client.get(f"/v1/transactions?wallet_id={citra}&kind=transfer").json["data"]
    assert [row["id"] for row in listed] == [across[0]["id"], inside[1]["id"]]
    assert {row["status"] for row in listed} == {"completed"}
    assert [row["id"] for row in people.client.get(f"/v1/transactions?wallet_id={citra}&status=pending").json["data"]] == []
    verify(nodes)


def test_lists_show_both_databases_as_one_and_say_so_when_one_is_missing(make_nodes, second_postgres):
    nodes = make_nodes()
    people = People(nodes, each=3)
    for source, destination in itertools.permutations(people.all[:2] + people.all[-2:], 2):
        people.pay(source, destination)
    client = people.client
    for path in ("/v1/wallets", "/v1/transactions", "/v1/transactions?kind=transfer", "/v1/sagas"):
        ids = [row["id"] for row in client.all(path, limit=3)]
        assert ids == sorted(ids, reverse=True) and len(ids) == len(set(ids)), (path, ids)
        assert ids == [row["id"] for row in client.all(path)], path
    assert {row["id"] for row in client.all("/v1/wallets")} == set(people.all)
    assert len(list(client.all("/v1/transactions?kind=transfer"))) == 12
    assert len(list(client.all("/v1/transactions"))) == 12 + len(people.all)
    assert {row["currency"]: row["total"] for row in client.get("/v1/ledger/trial-balance").json["data"]
            if row["account"].startswith("wallets")} == {"IDR": text_of(STARTING_MINOR * len(people.all))}
    verify(nodes)

    second_postgres.kill_all()
    wait_until(lambda: client.get("/readyz").json == {"status": "ready", "unready_databases": [1]}, "readiness tells")
    for path in ("/v1/wallets", "/v1/transactions", "/v1/ledger/trial-balance"):
        answer = client.get(path)
        assert (answer.status, answer.code) == (503, "database_unavailable"), answer
        assert "1" in answer.json["detail"], answer
    here, there = people.of[0][0], people.of[1][0]
    assert client.get(f"/v1/wallets/{here}/entries").status == 200
    assert client.get(f"/v1/wallets/{here}?read=stale").status == 200
    assert client.get(f"/v1/transactions?wallet_id={here}").status == 200
    assert client.get(f"/v1/wallets/{there}?read=stale").code == "database_unavailable"
    # What is in no database that answers may be in the other one.
    assert client.get("/v1/transactions/01890000-0000-7000-8000-000000000000").code == "database_unavailable"
    second_postgres.start()
    client.close()  # it has idled for longer than a server waits
    wait_until(lambda: client.get("/readyz").json == {"status": "ready"}, "both lanes work")
    assert {row["id"] for row in client.all("/v1/wallets")} == set(people.all)


def test_a_key_belongs_to_one_request_in_whichever_database_its_wallet_is(make_nodes):
    nodes = make_nodes()
    people = People(nodes)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    first = people.send(ani, budi, key="once")
    assert first.status == 201, first
    reused = people.send(citra, dewi, key="once")
    assert (reused.status, reused.code) == (422, "idempotency_key_reused"), reused
    assert nodes.client().post(f"/v1/wallets/{citra}/freeze").status == 200
    refused = people.send(ani, citra, key="refused")
    assert (refused.status, refused.code) == (409, "wallet_frozen"), refused
    # The answer is rendered from what the source's database knows, after a restart too.
    nodes.all[0].stop()
    nodes.all[0].start()
    again = wait_until(lambda: (sent := people.send(ani, citra, key="refused", client=nodes.client())).status != 503 and sent,
                       "the wallets are served again")
    assert (again.status, again.body, again.is_replay) == (409, refused.body, True)
    reused = people.send(dewi, ani, key="refused", client=nodes.client())
    assert (reused.status, reused.code) == (422, "idempotency_key_reused"), reused
    verify(nodes)


def make_bank(nodes, wallets, tmp_path):
    """Of wallets that have their money already."""
    seed = int(os.environ.get("DOMPET_SCENARIO_SEED", random.SystemRandom().randrange(1 << 32)))
    bank = Bank(nodes, tmp_path / "history.jsonl", wallets=[], initial=STARTING_MINOR, seed=seed)
    bank.wallets = wallets
    return bank


def is_ok(answer):
    assert answer.status in (201, 202, 503), answer
    return answer.status == 201


def test_the_second_database_dies_under_load_and_the_wallets_of_the_first_go_on(make_nodes, second_postgres, tmp_path):
    nodes = make_nodes(3)
    people = People(nodes, each=5)
    bank = make_bank(nodes, people.of[0][2:] + people.of[1][2:], tmp_path)
    bank.open_doors(clients=6)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    for _ in range(2):
        bank.trade_on(50)
        second_postgres.kill_all()
        wait_until(lambda: all(node.client().get("/readyz").json.get("unready_databases") == [1] for node in nodes.all),
                   "every node has noticed and is ready all the same")
        for node in nodes.all:
            client = node.client()
            assert balance_of(client, ani) >= 0  # a lease read
            for _ in range(5):
                wait_until(lambda: is_ok(people.send(ani, budi, 1, client=client)), "transfers go on")
            answer = people.send(citra, dewi, 1, client=client)
            assert answer.status == 503 and answer.json["applied"] in ("no", "unknown"), answer
            assert client.get(f"/v1/wallets/{citra}").status == 503
        second_postgres.start()
        wait_until(lambda: all(node.client().get("/readyz").json == {"status": "ready"} for node in nodes.all),
                   "every lane works")
        wait_until(lambda: is_ok(people.send(citra, dewi, 1)), "the second database's wallets are back")
    bank.trade_on(50)
    bank.close_doors()
    bank.audit()


def test_the_first_database_dies_under_load_and_the_wallets_of_the_second_take_money(make_nodes, postgres, tmp_path):
    nodes = make_nodes(3, risk_rules_max_age_ms=1000)
    people = People(nodes, each=3)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    starts = [node.starts for node in nodes.all]
    postgres.kill_all()
    wait_until(lambda: all(node.client().get("/readyz").json.get("unready_databases") == [0] for node in nodes.all),
               "every node has noticed and is ready all the same")
    for node in nodes.all:
        client = node.client()
        for _ in range(5):
            wait_until(lambda: is_ok(people.send(citra, dewi, 1, client=client)), "transfers go on")
        assert client.get(f"/v1/wallets/{ani}").status == 503
        answer = people.send(ani, budi, 1, client=client)
        assert answer.status == 503 and answer.json["applied"] in ("no", "unknown"), answer
    # Nobody can renew. Leases end, and balances are read behind a commit from then on.
    commits = nodes.metric("dompet_engine_commits_total")
    wait_until(lambda: (balance_of(nodes.client(), dewi) > STARTING_MINOR and
                        nodes.metric("dompet_engine_missed_renewals_total") > 12), "leases have ended")
    for _ in range(3):
        assert balance_of(nodes.client(), citra) < STARTING_MINOR
    assert nodes.metric("dompet_engine_commits_total") > commits
    # Nor can anybody read the risk rules, of which none was enabled, for longer than enabled ones would be gone by.
    assert people.send(citra, dewi, 1).status in (201, 202)
    postgres.start()
    wait_until(lambda: all(node.client().get("/readyz").json == {"status": "ready"} for node in nodes.all),
               "every lane works")
    wait_until(lambda: is_ok(people.send(ani, citra, 1)), "the first database's wallets are back")
    assert [node.starts for node in nodes.all] == starts
    assert psql(nodes.database, "SELECT count(*) FROM node WHERE state <> 'up'") == [["0"]]
    wait_until(lambda: nodes.is_whole(), "every shard has an owner")
    verify(nodes)


def signal_all(server, number):
    for pid in server.processes():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def test_a_database_that_hangs_holds_up_nobody_but_its_own_wallets(make_nodes, second_postgres):
    nodes = make_nodes()
    people = People(nodes)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    signal_all(second_postgres, signal.SIGSTOP)
    try:
        answer = people.send(citra, dewi, 1)
        assert answer.status == 503 and answer.json["applied"] in ("no", "unknown"), answer
        wait_until(lambda: is_ok(people.send(ani, budi, 1)), "transfers go on", deadline_s=10)
        for _ in range(5):
            assert people.send(ani, budi, 1).status == 201
            assert people.client.get(f"/v1/wallets/{ani}?read=strict").status == 200
            assert people.client.get(f"/v1/wallets/{ani}/entries").status == 200
        refused = people.send(citra, dewi, 1)
        assert (refused.status, refused.json["applied"]) == (503, "no"), refused
        assert people.client.get("/v1/wallets").status == 503
        assert nodes.all[0].metric("dompet_engine_missed_renewals_total") == 0
    finally:
        signal_all(second_postgres, signal.SIGCONT)
    wait_until(lambda: is_ok(people.send(citra, dewi, 1)), "the second database's wallets are back")
    verify(nodes)


def test_a_shard_moves_with_its_history_and_comes_back(make_nodes):
    nodes = make_nodes()
    people = People(nodes, each=3)
    (ani, budi, tuti), (citra, dewi, _) = people.of[0][:3], people.of[1][:3]
    odd = {"id": "odd", "name": "Odd", "kind": "amount_above", "currency": "IDR", "amount": "0.06", "score": 10, "action": "flag"}
    assert people.client.request("PUT", "/v1/risk/rules", {"version": 1, "rules": [odd]}).status == 200
    for _ in range(3):  # inside, both ways, and across, both ways
        for source, destination in itertools.permutations((ani, budi, tuti, citra), 2):
            people.pay(source, destination, 7)
    assert people.send(ani, budi, 10 ** 9, key="too much").status == 402
    client = people.client
    moved = shard_of(nodes, ani)
    for to in (1, 0):
        before = statements(client, people.all)
        transfers = list(client.all("/v1/transactions"))
        judged = list(client.all("/v1/risk/assessments"))
        said = move(nodes, moved, to).stdout
        assert f"lives in database {to} now" in said, said
        wait_until(lambda: client.get(f"/v1/wallets/{ani}").status == 200, "its wallets are served again")
        assert database_of(nodes, ani) == to
        assert statements(client, people.all) == before
        assert list(client.all("/v1/transactions")) == transfers
        assert judged and list(client.all("/v1/risk/assessments")) == judged
        assert {row["id"] for row in client.all(f"/v1/transactions?wallet_id={ani}")} == {
            row["id"] for row in transfers if ani in (row["source_wallet_id"], row["destination_wallet_id"])}
        again = people.send(ani, budi, 10 ** 9, key="too much")
        assert again.status == 402 and again.is_replay, again
        verify(nodes)
        for source, destination in itertools.permutations((ani, budi, tuti, citra, dewi), 2):
            people.pay(source, destination, 3)
        verify(nodes)
    spoil_a_copy(nodes)
    line = next(line for line in dompetctl("shard", "list", *of_ledger(nodes.databases)).stdout.splitlines()
                if line.split()[0] == str(moved))
    assert line.split()[1] == "0" and line.split()[4] == "n0", line


def spoil_a_copy(nodes):
    """What one database keeps of the other's records is compared with them: a single bit tells. Afterwards it is as before."""
    elsewhere = "shard IN (SELECT shard FROM shard s JOIN ledger l ON s.database_id <> l.database_id)"
    url, copy = next((url, rows[0][0]) for url in nodes.databases
                     if (rows := psql(url, f"SELECT ctid FROM journal WHERE {elsewhere} LIMIT 1")))
    batch = psql(url, f"SELECT batch FROM journal WHERE ctid = '{copy}'")[0][0]
    unguarded = "SET dompet.moves_shard = 'on'"
    rows = psql(url, unguarded, f"UPDATE journal SET batch = batch + 1 WHERE ctid = '{copy}' RETURNING shard, shard_seq")
    found = dompetctl("verify", *of_ledger(nodes.databases), check=False)
    assert found.returncode == 2 and "not what it is a copy of" in found.stdout, found.stdout
    psql(url, unguarded, f"UPDATE journal SET batch = {batch} WHERE shard = {rows[0][0]} AND shard_seq = {rows[0][1]}")
    verify(nodes)


@pytest.mark.parametrize("failpoint", ["move.before_arrival", "move.before_clearing"])
def test_a_move_that_was_cut_off_is_finished_or_turned_back_by_another(make_nodes, failpoint):
    nodes = make_nodes()
    people = People(nodes)
    (ani, budi), citra = people.of[0][:2], people.of[1][0]
    for source, destination in itertools.permutations((ani, budi, citra), 2):
        people.pay(source, destination)
    before = statements(people.client, people.all)
    moved = shard_of(nodes, ani)
    for cut_off, then in ((1, 1), (0, 1)):  # finished, then turned back
        assert move(nodes, moved, cut_off, check=False, failpoint=failpoint).returncode == -9
        # Lists of everything are whole meanwhile, and nothing is twice in them.
        assert sorted(row["id"] for row in people.client.all("/v1/wallets")) == sorted(people.all)
        ids = [row["id"] for row in people.client.all("/v1/transactions")]
        assert len(ids) == len(set(ids)) == len(people.all) + 6
        verify(nodes)
        move(nodes, moved, then)
        wait_until(lambda: people.client.get(f"/v1/wallets/{ani}").status == 200, "its wallets are served again")
        assert database_of(nodes, ani) == then
        assert statements(people.client, people.all) == before
        verify(nodes)


def test_shards_move_under_load_and_nothing_is_lost(make_nodes, tmp_path):
    nodes = make_nodes(2)
    people = People(nodes, each=4)
    bank = make_bank(nodes, people.all, tmp_path)
    bank.open_doors(clients=6)
    for wallet in (people.of[0][0], people.of[1][0], people.of[0][0]):
        bank.trade_on(50)
        move(nodes, shard_of(nodes, wallet), 1 - database_of(nodes, wallet))
    bank.trade_on(50)
    bank.close_doors()
    bank.audit()


def test_statistics_are_those_of_all_databases_also_when_a_shard_has_moved(make_nodes, databases):
    nodes = make_nodes()
    people = People(nodes)
    (ani, budi), (citra, dewi) = people.of[0][:2], people.of[1][:2]
    for source, destination in ((ani, budi), (citra, dewi), (ani, citra), (dewi, budi)):
        people.pay(source, destination)

    def ask(query):
        answer = wait_until(lambda: (now := people.client.get(f"/v1/statistics?{query}")).status != 503 and now, query)
        assert answer.status == 200 and answer.json["pending_records"] == 0, answer
        return answer.json["data"], answer.json["totals"]

    def everything():
        return [ask(query) for wallet in people.all
                for query in (f"wallet_id={wallet}&measure=balance", f"wallet_id={wallet}&direction=in",
                              f"wallet_id={wallet}&direction=out")] + [ask("kind=transfer"), ask("kind=topup")]
    before = everything()
    assert before[-2][1] == [{"currency": "IDR", "count": 4, "amount": "4.00"}]
    for wallet in people.all:
        of_now = [row["balance"] for row in ask(f"wallet_id={wallet}&measure=balance")[0] if row["balance"]][-1]
        assert of_now == people.client.get(f"/v1/wallets/{wallet}").json["balance"]["total"]
    # Also where the mover left sums behind, and where they must be made anew.
    for wallet, to in ((ani, 1), (budi, 1), (ani, 0)):
        move(nodes, shard_of(nodes, wallet), to)
        wait_until(lambda: people.client.get(f"/v1/wallets/{wallet}").status == 200, "the shard is served again")
        assert everything() == before
    people.pay(ani, citra)
    assert ask("kind=transfer")[1] == [{"currency": "IDR", "count": 5, "amount": "5.00"}]
    dompetctl("statistics", "rebuild", *of_ledger(nodes.databases))
    assert ask("kind=transfer")[1] == [{"currency": "IDR", "count": 5, "amount": "5.00"}]
    nodes.end()
    verify_alone = dompetctl("verify", *of_ledger(databases))
    assert "BROKEN" not in verify_alone.stdout
