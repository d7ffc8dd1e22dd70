"""Payments: who may take money from a card, when it moves, and what a merchant does with what was set aside."""

import pytest

from market import Customer, Shop
from processes import wait_until


def balances(customer):
    return tuple(customer.balance()[name] for name in ("available", "held"))


def test_a_card_pays_a_merchant_at_once(ani, shop):
    answer = shop.charge(ani, "150000.00", description="order 4711", metadata={"order": 4711})
    assert answer.status == 201, answer
    payment = answer.json
    assert payment["kind"] == "payment" and payment["status"] == "completed"
    assert (payment["source_wallet_id"], payment["destination_wallet_id"]) == (ani.wallet, shop.wallet)
    assert (payment["merchant_id"], payment["card_id"], payment["method"]) == (shop.id, ani.card["id"], "card")
    assert (payment["captured_amount"], payment["remaining_amount"]) == ("150000.00", "0.00")
    assert balances(ani) == ("850000.00", "0.00")
    assert shop.balance()["available"] == "150000.00"
    read = shop.get(answer.headers["location"]).json
    assert read == payment | {"refunded_amount": "0.00"}
    assert ani.client.get(answer.headers["location"]).json == read


def test_a_customer_pays_from_his_own_wallet(ani, shop):
    answer = ani.pay(shop.id, "10.00", method="gopay")
    assert (answer.status, answer.json["status"], answer.json["method"]) == (201, "completed", "gopay")
    assert answer.json["card_id"] is None
    assert shop.balance()["available"] == "10.00"


def test_an_authorization_sets_money_aside_and_a_capture_takes_it(ani, shop):
    payment = shop.authorize(ani, "100.00")
    assert balances(ani) == ("999900.00", "100.00")
    assert shop.balance()["available"] == "0.00"
    answer = shop.act(payment, "capture")
    assert (answer.status, answer.json["id"], answer.json["status"]) == (200, payment, "completed")
    assert balances(ani) == ("999900.00", "0.00")
    assert shop.balance()["available"] == "100.00"


def test_what_was_authorized_is_captured_in_parts_and_the_rest_is_given_back(ani, shop):
    payment = shop.authorize(ani, "100.00")
    first = shop.act(payment, "capture", {"amount": "30.00"}).json
    assert (first["status"], first["captured_amount"], first["remaining_amount"]) == ("authorized", "30.00", "70.00")
    assert first["completed_at"] is None
    last = shop.act(payment, "capture", {"amount": "20.00", "final": True}).json
    assert (last["status"], last["captured_amount"], last["remaining_amount"]) == ("completed", "50.00", "0.00")
    assert last["completed_at"] is not None
    assert balances(ani) == ("999950.00", "0.00")
    assert shop.balance()["available"] == "50.00"
    read = shop.get(f"/v1/transactions/{payment}").json
    assert (read["status"], read["captured_amount"], read["amount"]) == ("completed", "50.00", "100.00")


def test_an_increment_sets_more_aside(ani, shop):
    payment = shop.authorize(ani, "100.00")
    answer = shop.act(payment, "increment", {"amount": "50.00"})
    assert (answer.status, answer.json["amount"], answer.json["remaining_amount"]) == (200, "150.00", "150.00")
    assert balances(ani) == ("999850.00", "150.00")
    assert shop.act(payment, "increment", {"amount": "99999999.00"}).code == "insufficient_funds"
    assert shop.act(payment, "capture").json["captured_amount"] == "150.00"


def test_a_void_gives_back_what_is_left(ani, shop):
    payment = shop.authorize(ani, "100.00")
    answer = shop.act(payment, "void")
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert balances(ani) == ("1000000.00", "0.00")
    captured_first = shop.authorize(ani, "100.00")
    shop.act(captured_first, "capture", {"amount": "40.00"})
    assert shop.act(captured_first, "void").json["status"] == "completed"
    assert balances(ani) == ("999960.00", "0.00")


@pytest.mark.parametrize("act, body", [("capture", {}), ("void", {}), ("increment", {"amount": "1.00"})])
def test_what_is_over_takes_no_more_acts(ani, shop, act, body):
    payment = shop.authorize(ani, "100.00")
    assert shop.act(payment, "void").status == 200
    answer = shop.act(payment, act, body)
    assert (answer.status, answer.code) == (409, "payment_not_open")
    assert answer.json["transaction_id"] == payment
    paid_at_once = shop.charge(ani, "1.00").json["id"]
    assert shop.act(paid_at_once, act, body).code == "payment_not_open"


def test_no_more_is_captured_than_was_set_aside(ani, shop):
    payment = shop.authorize(ani, "100.00")
    answer = shop.act(payment, "capture", {"amount": "100.01"})
    assert (answer.status, answer.code) == (409, "hold_exceeded")
    assert balances(ani) == ("999900.00", "100.00")


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "1.001", -5, 1.5, "NaN"])
def test_acts_take_amounts_that_are_amounts(ani, shop, amount):
    payment = shop.authorize(ani, "100.00")
    for act in ("capture", "increment"):
        answer = shop.act(payment, act, {"amount": amount})
        assert (answer.status, answer.code) == (400, "invalid_amount")
    assert balances(ani) == ("999900.00", "100.00")


def test_an_act_is_done_once_however_often_it_is_asked_for(ani, shop):
    payment = shop.authorize(ani, "100.00")
    asked = [shop.act(payment, "capture", {"amount": "10.00"}, key="the same") for _ in range(3)]
    assert len({answer.body for answer in asked}) == 1
    assert [answer.is_replay for answer in asked] == [False, True, True]
    shop.act(payment, "capture", {"amount": "5.00"})
    assert shop.act(payment, "capture", {"amount": "10.00"}, key="the same").body == asked[0].body
    assert shop.act(payment, "capture", {"amount": "11.00"}, key="the same").code == "idempotency_key_reused"
    assert shop.balance()["available"] == "15.00"


def test_a_payment_is_made_once_however_often_it_is_asked_for(ani, shop):
    first = shop.charge(ani, "10.00", key="an order")
    again = shop.charge(ani, "10.00", key="an order")
    assert (again.body, again.is_replay) == (first.body, True)
    assert shop.charge(ani, "11.00", key="an order").code == "idempotency_key_reused"
    assert shop.balance()["available"] == "10.00"


def test_the_answer_to_a_repeated_payment_holds_when_the_card_is_frozen_since(ani, shop):
    first = shop.charge(ani, "10.00", key="an order")
    assert ani.client.post(f"/v1/cards/{ani.card['id']}/freeze").status == 200
    assert shop.charge(ani, "10.00", key="an order").body == first.body
    assert shop.charge(ani, "10.00").code == "card_blocked"


@pytest.mark.parametrize("shown", [{"cvv": "000"}, {"expiry": "01/31"}, {"number": "4000000000000002"}])
def test_a_number_alone_pays_nothing(ani, shop, shown):
    if shown.get("cvv") == ani.card["cvv"]:
        shown = {"cvv": "001"}
    answer = shop.charge(ani, "10.00", card=ani.shown_card(**shown))
    assert (answer.status, answer.code) == (402, "card_refused")
    assert balances(ani) == ("1000000.00", "0.00")


def test_a_card_whose_cvv_is_guessed_is_refused_for_a_while(ani, shop):
    wrong = [cvv for cvv in ("000", "001", "002", "003", "004", "005") if cvv != ani.card["cvv"]][:5]
    for cvv in wrong:
        assert shop.charge(ani, "1.00", card=ani.shown_card(cvv=cvv)).code == "card_refused"
    assert shop.charge(ani, "1.00").code == "card_refused"
    assert balances(ani) == ("1000000.00", "0.00")


def test_a_frozen_card_is_declined_until_it_is_unfrozen(client, ani, shop):
    ani.client.post(f"/v1/cards/{ani.card['id']}/freeze")
    assert shop.charge(ani, "10.00").code == "card_blocked"
    client.post(f"/v1/cards/{ani.card['id']}/unfreeze")
    assert wait_until(lambda: shop.charge(ani, "10.00").status == 201, "the card pays again")


def test_the_card_of_a_user_who_is_locked_out_pays_nothing(client, ani, shop):
    assert client.post(f"/v1/users/{ani.id}/lock").status == 200
    assert wait_until(lambda: shop.charge(ani, "10.00").code == "card_blocked", "the card is blocked")
    assert client.post(f"/v1/users/{ani.id}/unlock").status == 200
    assert wait_until(lambda: shop.charge(ani, "10.00").status == 201, "the card pays again")


def test_only_an_active_merchant_is_paid(client, ani, shop):
    assert client.post(f"/v1/merchants/{shop.id}/status", {"status": "inactive"}).status == 200
    answer = ani.pay(shop.id, "10.00")
    assert (answer.status, answer.code) == (409, "merchant_not_active")
    assert shop.charge(ani, "10.00").status in (401, 409)
    assert balances(ani) == ("1000000.00", "0.00")


def test_a_key_without_the_scope_takes_no_payment(server, client, ani):
    reader = Shop(server, client, scopes=("transactions:read",))
    answer = reader.charge(ani, "10.00")
    assert (answer.status, answer.code) == (403, "forbidden")
    reader.close()


def test_a_merchant_cannot_take_from_a_wallet(ani, shop):
    answer = shop.post("/v1/payments", {"wallet_id": ani.wallet, "amount": "10.00", "currency": "IDR"})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert balances(ani) == ("1000000.00", "0.00")


def test_a_merchants_server_takes_from_a_wallet_when_its_owners_token_is_shown_too(server, client, ani, shop):
    body = {"wallet_id": ani.wallet, "amount": "10.00", "currency": "IDR"}
    answer = ani.client.post("/v1/payments", body, key="at the till", headers=shop.headers)
    assert (answer.status, answer.json["merchant_id"]) == (201, shop.id), answer
    reader = Shop(server, client, scopes=("transactions:read",))
    assert ani.client.post("/v1/payments", body, key="another", headers=reader.headers).code == "invalid_api_key"
    assert ani.client.post("/v1/payments", body, key="none").code == "missing_field"
    assert balances(ani) == ("999990.00", "0.00")
    reader.close()


def test_a_customer_pays_with_no_wallet_and_no_card_of_another(server, client, ani, shop):
    budi = Customer(server, client)
    assert budi.pay(shop.id, "10.00", wallet_id=ani.wallet).code == "wallet_not_found"
    body = {"merchant_id": shop.id, "card": ani.shown_card(), "amount": "10.00", "currency": "IDR"}
    assert budi.client.post("/v1/payments", body, key="mine").code == "card_refused"
    assert balances(ani) == ("1000000.00", "0.00")
    budi.close()


def test_nobody_but_its_merchant_acts_on_a_payment(server, client, ani, shop):
    payment = shop.authorize(ani, "100.00")
    rival = Shop(server, client)
    for act, body in (("capture", {}), ("void", {}), ("increment", {"amount": "1.00"})):
        assert rival.act(payment, act, body).code == "payment_not_found"
        answer = ani.client.post(f"/v1/payments/{payment}/{act}", body, key="mine")
        assert (answer.status, answer.code) == (404, "payment_not_found")
    assert rival.get(f"/v1/transactions/{payment}").code == "transaction_not_found"
    answer = shop.owner.client.post(f"/v1/payments/{payment}/capture", {}, key="mine")
    assert (answer.status, answer.json["status"]) == (200, "completed")
    rival.close()


@pytest.mark.parametrize("body, field", [
    ({"amount": "1.00", "currency": "IDR"}, "card"), ({"card": 5, "amount": "1.00", "currency": "IDR"}, "card"),
    ({"card": {"number": "1", "expiry": "13/30", "cvv": "12"}, "amount": "1.00", "currency": "IDR"}, "card.number"),
])
def test_a_payment_that_makes_no_sense_is_refused(shop, body, field):
    answer = shop.post("/v1/payments", body)
    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == field


def test_a_wallet_cannot_pay_itself_through_its_own_shop(server, client, shop):
    owner = shop.owner
    body = {"wallet_id": shop.wallet, "amount": "1.00", "currency": "IDR", "method": "bri"}
    owner.client.post("/v1/topups", body, key="some money")
    body = {"merchant_id": shop.id, "wallet_id": shop.wallet, "amount": "1.00", "currency": "IDR"}
    answer = owner.client.post("/v1/payments", body, key="to myself")
    assert (answer.status, answer.code) == (409, "same_wallet")
    assert shop.balance()["available"] == "1.00"
