"""My movements over all my wallets, newest first; what I put away, and what nobody can delete."""

import pytest

from market import Customer, Shop, key
from processes import psql


@pytest.fixture
def ani(server, client):
    customer = Customer(server, client, "1000.00")
    yield customer
    customer.close()


def ids(rows):
    return [row["id"] for row in rows]


def test_all_my_wallets_stand_in_one_history_newest_first(ani, shop):
    savings = ani.person.open_wallet(name="Tabungan")
    moved = [ani.transfer(shop.wallet, "1.00").json["id"], ani.top_up("2.00", wallet_id=savings).json["id"],
             shop.charge(ani, "3.00").json["id"], ani.transfer(savings, "4.00").json["id"]]
    history = list(ani.client.all("/v1/history"))
    assert ids(history)[:4] == moved[::-1]
    assert len(history) == 5  # and the money that he began with
    assert len(set(ids(history))) == 5
    assert ids(ani.client.all("/v1/history", limit=2)) == ids(history)


def test_a_history_can_be_narrowed(ani, shop):
    payment = shop.charge(ani, "3.00").json["id"]
    ani.transfer(shop.wallet, "1.00")
    assert ids(ani.client.all("/v1/history?kind=payment")) == [payment]
    assert ids(ani.client.all("/v1/history?to=2001-01-01T00:00:00Z")) == []


def test_staff_has_a_history_of_its_own_too(client, ani):
    transfers = set(ids(client.all("/v1/history")))
    assert ani.top_up("1.00").json["id"] not in transfers


def test_what_is_archived_is_hidden_from_its_user_and_from_nobody_else(ani, shop):
    payment = shop.charge(ani, "3.00").json["id"]
    answer = ani.client.post(f"/v1/transactions/{payment}/archive")
    assert (answer.status, answer.json["id"]) == (200, payment)
    for path in ("/v1/history", "/v1/transactions", f"/v1/transactions?wallet_id={ani.wallet}"):
        assert payment not in ids(ani.client.all(path))
        joint = "&" if "?" in path else "?"
        assert ids(ani.client.all(f"{path}{joint}archived=true")) == [payment]
        assert payment in ids(ani.client.all(f"{path}{joint}archived=all"))
    assert payment in ids(shop.owner.client.all("/v1/history"))
    assert ani.client.get(f"/v1/transactions/{payment}").json["status"] == "completed"
    assert ani.balance()["total"] == "997.00"
    assert ani.client.post(f"/v1/transactions/{payment}/unarchive").status == 200
    assert payment in ids(ani.client.all("/v1/history"))


def test_archiving_twice_is_archiving_once(ani):
    top_up = ani.top_up("1.00").json["id"]
    for _ in range(2):
        assert ani.client.post(f"/v1/transactions/{top_up}/archive").status == 200
    assert ids(ani.client.all("/v1/history?archived=true")) == [top_up]


def test_transactions_can_be_looked_for_by_kind_card_merchant_and_status(ani, shop):
    paid = shop.charge(ani, "3.00").json["id"]
    authorized = shop.authorize(ani, "4.00")
    cancelled = shop.authorize(ani, "5.00")
    shop.act(cancelled, "void")
    refund = shop.refund(paid, "1.00").json["id"]
    own = "/v1/transactions?kind=payment"
    assert set(ids(ani.client.all(own))) == {paid, authorized, cancelled}
    assert ids(ani.client.all(f"{own}&status=authorized")) == [authorized]
    assert ids(ani.client.all(f"{own}&status=cancelled")) == [cancelled]
    assert ids(ani.client.all(f"{own}&status=completed")) == [paid]
    assert ids(ani.client.all("/v1/transactions?kind=refund")) == [refund]
    of_card = f"/v1/transactions?card_id={ani.card['id']}"
    assert set(ids(ani.client.all(f"{of_card}&kind=payment"))) == {paid, authorized, cancelled}
    assert ids(ani.client.all(f"{of_card}&kind=refund")) == [refund]
    assert set(ids(ani.client.all(f"/v1/transactions?merchant_id={shop.id}"))) == {paid, authorized, cancelled, refund}


def test_a_merchants_key_sees_the_merchants_transactions(server, client, ani, shop):
    paid = shop.charge(ani, "3.00").json["id"]
    other = Shop(server, client)
    others = other.charge(ani, "4.00").json["id"]
    seen = ids(shop.get("/v1/transactions").json["data"])
    assert paid in seen and others not in seen
    other.close()


def test_a_name_or_a_card_number_stands_for_a_wallet(ani, server, client):
    budi = Customer(server, client, None)
    by_name = ani.transfer(None, "5.00", destination={"username": budi.person.user["username"]})
    by_card = ani.transfer(None, "6.00", destination={"card_number": budi.card["number"]})
    assert by_name.json["destination_wallet_id"] == by_card.json["destination_wallet_id"] == budi.wallet
    assert budi.balance()["available"] == "11.00"
    items = [{"idempotency_key": key(), "source_wallet_id": ani.wallet, "amount": "1.00", "currency": "IDR",
              "destination": {"username": name}} for name in (budi.person.user["username"], "nobody.at.all")]
    outcomes = ani.client.post("/v1/transfers/bulk", {"items": items}).json["data"]
    assert [outcome["status"] for outcome in outcomes] == [201, 404]
    assert budi.balance()["available"] == "12.00"
    budi.close()


@pytest.mark.parametrize("destination", [{"username": "nobody.at.all"}, {"card_number": "4000000000000002"}])
def test_whoever_cannot_be_found_is_not_told_from_whoever_is_not_there(ani, destination):
    answer = ani.transfer(None, "5.00", destination=destination)
    assert (answer.status, answer.code) == (404, "destination_not_found")
    in_dollars = ani.transfer(None, "5.00", currency="USD", destination={"username": ani.person.user["username"]})
    assert in_dollars.code == "destination_not_found"
    assert ani.balance()["available"] == "1000.00"


def test_no_card_number_is_kept_with_a_transfer(database, ani, server, client):
    budi = Customer(server, client, None)
    assert ani.transfer(None, "6.00", destination={"card_number": budi.card["number"]}).status == 201
    rows = psql(database, "SELECT count(*) FROM journal WHERE position(convert_to('%s', 'UTF8') IN payload) > 0"
                % budi.card["number"])
    assert rows == [["0"]]
    budi.close()
