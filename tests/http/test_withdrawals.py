"""Withdrawals: money leaves when the provider paid it out, and comes back when he refuses."""

import pytest

from market import Customer
from processes import wait_until


@pytest.fixture
def ani(server, client):
    customer = Customer(server, client, "100.00")
    yield customer
    customer.close()


def final(customer, answer):
    """The transaction once it is over."""
    assert answer.status in (201, 202), answer
    location = answer.headers["location"]
    wait_until(lambda: customer.client.get(location).json["status"] != "pending", "the withdrawal is final")
    return customer.client.get(location).json


def test_a_withdrawal_is_paid_out(ani):
    answer = ani.withdraw("40.00", description="rent")
    paid = final(ani, answer)
    assert (paid["kind"], paid["status"], paid["amount"]) == ("withdrawal", "completed", "40.00")
    assert paid["destination"] == {"bank_code": "bri", "account_number": "1234567890"}
    assert (paid["source_wallet_id"], paid["destination_wallet_id"]) == (ani.wallet, None)
    assert ani.balance() == {"available": "60.00", "held": "0.00", "total": "60.00"}


def test_a_withdrawal_is_made_once_however_often_it_is_asked_for(ani):
    first = ani.withdraw("40.00", key="rent")
    final(ani, first)
    assert ani.withdraw("40.00", key="rent").json["id"] == first.json["id"]
    assert ani.withdraw("41.00", key="rent").code == "idempotency_key_reused"
    assert ani.balance()["total"] == "60.00"


def test_no_more_is_withdrawn_than_is_there(ani):
    answer = ani.withdraw("100.01")
    assert (answer.status, answer.code) == (402, "insufficient_funds")
    assert ani.balance()["total"] == "100.00"


@pytest.mark.parametrize("destination, field", [
    (None, "destination"), ("bri", "destination"), ({"bank_code": "bri"}, "destination.account_number"),
    ({"bank_code": "b/i", "account_number": "123456"}, "destination.bank_code"),
    ({"bank_code": "bri", "account_number": "12"}, "destination.account_number"),
    ({"bank_code": "bri", "account_number": "123456", "name": "A"}, "destination.name"),
])
def test_a_withdrawal_goes_to_an_account(ani, destination, field):
    answer = ani.withdraw("1.00", destination=destination)
    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == field
    assert ani.balance()["total"] == "100.00"


@pytest.mark.parametrize("amount", ["-1.00", "0.00", -1, "1.001"])
def test_a_negative_withdrawal_adds_nothing(ani, amount):
    assert ani.withdraw(amount).code == "invalid_amount"
    assert ani.balance()["total"] == "100.00"
