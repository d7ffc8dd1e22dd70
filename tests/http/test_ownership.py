"""What is mine is mine: on no route that touches wallets or money does a customer reach what is another's, and he cannot
tell it from what is not there."""

import uuid

import pytest

from market import Customer, Shop, key


@pytest.fixture
def budi(server, client):
    customer = Customer(server, client)
    yield customer
    customer.close()


NOTHING = str(uuid.uuid4())

READS = ["/v1/wallets/{wallet}", "/v1/wallets/{wallet}?read=strict", "/v1/wallets/{wallet}?read=stale",
         "/v1/wallets/{wallet}?as_of=2099-01-01T00:00:00Z", "/v1/wallets/{wallet}/entries",
         "/v1/transactions?wallet_id={wallet}"]


@pytest.mark.parametrize("path", READS)
def test_a_customer_reads_no_wallet_of_another(ani, budi, path):
    assert ani.client.get(path.format(wallet=ani.wallet)).status == 200
    others = budi.client.get(path.format(wallet=ani.wallet))
    none = budi.client.get(path.format(wallet=NOTHING))
    assert (others.status, others.code) == (none.status, none.code) == (404, "wallet_not_found")


@pytest.mark.parametrize("method, path, body", [
    ("PATCH", "/v1/wallets/{wallet}", {"name": "Mine now"}),
    ("PATCH", "/v1/wallets/{wallet}", {"limits": {"per_day": None}}),
    ("POST", "/v1/wallets/{wallet}/freeze", {}), ("POST", "/v1/wallets/{wallet}/close", {}),
])
def test_a_customer_changes_no_wallet_of_another(ani, budi, method, path, body):
    before = ani.client.get(f"/v1/wallets/{ani.wallet}").json
    others = budi.client.request(method, path.format(wallet=ani.wallet), body)
    none = budi.client.request(method, path.format(wallet=NOTHING), body)
    assert (others.status, others.code) == (none.status, none.code) == (404, "wallet_not_found")
    assert ani.client.get(f"/v1/wallets/{ani.wallet}").json == before


def test_a_customer_moves_no_money_of_another(ani, budi):
    before = ani.balance()
    for answer in (budi.transfer(budi.wallet, "1.00", source_wallet_id=ani.wallet),
                   budi.withdraw("1.00", wallet_id=ani.wallet), budi.top_up("1.00", wallet_id=ani.wallet)):
        assert (answer.status, answer.code) == (404, "wallet_not_found"), answer
    items = [{"idempotency_key": key(), "source_wallet_id": ani.wallet, "destination_wallet_id": budi.wallet,
              "amount": "1.00", "currency": "IDR"}]
    outcome = budi.client.post("/v1/transfers/bulk", {"items": items}).json["data"][0]
    assert (outcome["status"], outcome["problem"]["code"]) == (404, "wallet_not_found")
    assert ani.balance() == before


def test_a_customer_sees_his_own_wallets_only(ani, budi):
    assert [row["id"] for row in ani.client.all("/v1/wallets")] == [ani.wallet]
    assert [row["id"] for row in budi.client.all(f"/v1/wallets?user_id={budi.id}")] == [budi.wallet]
    assert ani.client.get(f"/v1/wallets?user_id={budi.id}").status == 400


def test_a_customer_sees_transactions_that_he_is_a_party_of(ani, budi, client):
    stranger = client.get("/v1/wallets?limit=1")
    assert stranger.status == 200
    mine = ani.transfer(budi.wallet, "5.00").json
    top_up = ani.top_up("1.00").json
    assert {row["id"] for row in ani.client.all("/v1/transactions")} >= {mine["id"], top_up["id"]}
    seen = {row["id"] for row in budi.client.all("/v1/transactions")}
    assert mine["id"] in seen and top_up["id"] not in seen
    assert budi.client.get(f"/v1/transactions/{mine['id']}").json == mine
    others, none = (budi.client.get(f"/v1/transactions/{id}") for id in (top_up["id"], NOTHING))
    assert (others.status, others.code) == (none.status, none.code) == (404, "transaction_not_found")
    assert budi.client.post(f"/v1/transactions/{top_up['id']}/archive").code == "transaction_not_found"


def test_a_customer_opens_wallets_in_his_own_name(client, ani, budi):
    assert ani.client.get(f"/v1/wallets/{ani.wallet}").json["user_id"] == ani.id
    body = {"name": "For you", "currency": "IDR", "user_id": budi.id}
    assert ani.client.post("/v1/wallets", body).code == "forbidden"
    wallet = client.post("/v1/wallets", body).json
    assert wallet["user_id"] == budi.id
    assert budi.client.get(f"/v1/wallets/{wallet['id']}").status == 200
    assert client.post("/v1/wallets", body | {"user_id": NOTHING}).status == 404


def test_nobody_gives_himself_credit(client, ani):
    credit = {"limits": {"credit_limit": "5.00"}}
    assert ani.client.request("PATCH", f"/v1/wallets/{ani.wallet}", credit).code == "forbidden"
    assert ani.client.post("/v1/wallets", {"name": "A", "currency": "IDR"} | credit).code == "forbidden"
    assert client.request("PATCH", f"/v1/wallets/{ani.wallet}", credit).status == 200


def test_a_customer_freezes_his_wallet_and_staff_unfreezes_it(client, ani):
    assert ani.client.post(f"/v1/wallets/{ani.wallet}/freeze").json["status"] == "frozen"
    assert ani.client.post(f"/v1/wallets/{ani.wallet}/unfreeze").code == "forbidden"
    assert client.post(f"/v1/wallets/{ani.wallet}/unfreeze").json["status"] == "active"


def test_two_customers_may_use_the_same_key(ani, budi):
    first = ani.transfer(budi.wallet, "5.00", key="lunch")
    second = budi.transfer(ani.wallet, "5.00", key="lunch")
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]


def test_staff_reaches_every_wallet(client, ani, budi):
    assert client.get(f"/v1/wallets/{ani.wallet}").status == 200
    body = {"source_wallet_id": ani.wallet, "destination_wallet_id": budi.wallet, "amount": "1.00", "currency": "IDR"}
    assert client.post("/v1/transfers", body, key=key()).status == 201


def test_a_merchants_key_reaches_the_merchants_wallet_and_no_other_of_its_owner(server, client, ani):
    shop = Shop(server, client, scopes=("wallets:read", "transactions:read"))
    private = shop.owner.open_wallet(name="Private")
    body = {"wallet_id": private, "amount": "5.00", "currency": "IDR", "method": "bri"}
    secret = shop.owner.client.post("/v1/topups", body, key=key()).json["id"]
    paid = ani.pay(shop.id, "1.00").json["id"]
    assert [row["id"] for row in shop.get("/v1/wallets").json["data"]] == [shop.wallet]
    assert shop.get(f"/v1/wallets/{shop.wallet}").json["balance"]["available"] == "1.00"
    for path in (f"/v1/wallets/{private}", f"/v1/wallets/{private}/entries", f"/v1/wallets/{private}?read=stale",
                 f"/v1/transactions?wallet_id={private}"):
        assert shop.get(path).code == "wallet_not_found"
    for path in ("/v1/transactions", "/v1/history"):
        assert [row["id"] for row in shop.get(path).json["data"]] == [paid]
    assert shop.get(f"/v1/transactions/{secret}").code == "transaction_not_found"
    shop.close()
