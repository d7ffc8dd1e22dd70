"""Limits by day, week and month, for everything that leaves and by kind."""

import pytest

from market import Customer


@pytest.fixture
def ani(server, client):
    customer = Customer(server, client, "1000.00")
    yield customer
    customer.close()


def limit(customer, by=None, **limits):
    """By its owner, or whose connection is given."""
    answer = (by or customer.client).request("PATCH", f"/v1/wallets/{customer.wallet}", {"limits": limits})
    assert answer.status == 200, answer
    return answer.json


@pytest.mark.parametrize("period, code", [
    ("per_day", "daily_limit_exceeded"), ("per_week", "weekly_limit_exceeded"), ("per_month", "monthly_limit_exceeded"),
])
def test_no_more_leaves_in_a_period_than_the_owner_has_allowed(client, ani, shop, period, code):
    limit(ani, **{period: "30.00"})
    assert ani.transfer(shop.wallet, "20.00").status == 201
    answer = ani.transfer(shop.wallet, "10.01")
    assert (answer.status, answer.code) == (402, code)
    assert ani.transfer(shop.wallet, "10.00").status == 201
    limit(ani, by=client, **{period: None})
    assert ani.transfer(shop.wallet, "10.01").status == 201


def test_a_kind_has_limits_of_its_own(client, ani, shop):
    wallet = limit(ani, by_kind={"payment": {"per_day": "10.00"}, "withdrawal": {"per_month": 0}})
    assert wallet["limits"]["by_kind"] == {
        "payment": {"per_day": "10.00", "per_week": None, "per_month": None},
        "withdrawal": {"per_day": None, "per_week": None, "per_month": "0.00"}}
    assert shop.charge(ani, "10.01").code == "daily_limit_exceeded"
    assert shop.charge(ani, "10.00").status == 201
    assert ani.withdraw("1.00").code == "monthly_limit_exceeded"
    assert ani.transfer(shop.wallet, "500.00").status == 201
    assert limit(ani, by=client, by_kind={"payment": None})["limits"]["by_kind"].keys() == {"withdrawal"}


def test_a_wallet_says_what_was_spent(ani, shop):
    ani.transfer(shop.wallet, "20.00")
    shop.charge(ani, "5.00")
    spent = ani.client.get(f"/v1/wallets/{ani.wallet}").json["spent"]
    assert spent == {"day": "25.00", "week": "25.00", "month": "25.00"}


def test_what_was_only_set_aside_counts_until_it_is_given_back(ani, shop):
    limit(ani, per_day="100.00")
    payment = shop.authorize(ani, "80.00")
    assert ani.transfer(shop.wallet, "20.01").code == "daily_limit_exceeded"
    shop.act(payment, "capture", {"amount": "10.00", "final": True})
    assert ani.client.get(f"/v1/wallets/{ani.wallet}").json["spent"]["day"] == "10.00"
    assert ani.transfer(shop.wallet, "90.00").status == 201


def test_an_increment_obeys_the_limits_of_its_day(ani, shop):
    limit(ani, per_day="100.00")
    payment = shop.authorize(ani, "80.00")
    assert shop.act(payment, "increment", {"amount": "20.01"}).code == "daily_limit_exceeded"
    assert shop.act(payment, "increment", {"amount": "20.00"}).status == 200


def test_what_comes_in_counts_for_nothing(ani, shop):
    limit(ani, per_day="10.00")
    assert ani.top_up("500.00").status == 201
    payment = shop.charge(ani, "10.00").json["id"]
    assert shop.refund(payment).status == 201
    assert ani.client.get(f"/v1/wallets/{ani.wallet}").json["spent"]["day"] == "10.00"


@pytest.mark.parametrize("wider", [
    {"per_day": "100.01"}, {"per_day": None}, {"per_transaction": "51.00"}, {"maximum_balance": None},
    {"by_kind": {"payment": {"per_week": "8.00"}}}, {"by_kind": {"payment": None}}, {"credit_limit": "0.01"},
    {"per_day": "1.00", "per_transaction": None},
])
def test_an_owner_does_not_lift_the_limits_that_the_house_set(client, ani, wider):
    house = {"per_day": "100.00", "per_transaction": "50.00", "maximum_balance": "5000.00",
             "by_kind": {"payment": {"per_week": "7.00"}}}
    before = limit(ani, by=client, **house)["limits"]
    answer = ani.client.request("PATCH", f"/v1/wallets/{ani.wallet}", {"name": "Wider", "limits": wider})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "wallets:limits:any" in answer.json["detail"]
    after = ani.client.get(f"/v1/wallets/{ani.wallet}").json
    assert after["limits"] == before and after["name"] != "Wider"
    assert limit(ani, per_day="99.00", by_kind={"payment": {"per_day": "1.00"}})["limits"]["per_day"] == "99.00"
    assert limit(ani, by=client, **wider)["limits"] != before
