"""Refunds: the way back, never longer than the way there."""

import threading

from market import Shop


def test_a_refund_brings_the_money_back(ani, shop):
    payment = shop.charge(ani, "100.00").json["id"]
    answer = shop.refund(payment)
    assert answer.status == 201, answer
    refund = answer.json
    assert (refund["kind"], refund["status"], refund["amount"]) == ("refund", "completed", "100.00")
    assert (refund["source_wallet_id"], refund["destination_wallet_id"]) == (shop.wallet, ani.wallet)
    assert (refund["payment_id"], refund["merchant_id"]) == (payment, shop.id)
    assert ani.balance()["available"] == "1000000.00" and shop.balance()["available"] == "0.00"
    assert ani.client.get(f"/v1/transactions/{payment}").json["refunded_amount"] == "100.00"
    assert ani.client.get(f"/v1/transactions/{refund['id']}").json == refund


def test_refunds_in_parts_come_to_no_more_than_was_captured(ani, shop):
    payment = shop.authorize(ani, "100.00")
    assert shop.act(payment, "capture", {"amount": "60.00", "final": True}).status == 200
    assert shop.refund(payment, "25.00").status == 201
    answer = shop.refund(payment, "35.01")
    assert (answer.status, answer.code) == (409, "refund_exceeded")
    rest = shop.refund(payment)
    assert (rest.status, rest.json["amount"]) == (201, "35.00")
    assert shop.refund(payment).code == "refund_exceeded"
    assert ani.balance()["available"] == "1000000.00"


def test_nothing_is_refunded_before_it_is_captured(ani, shop):
    payment = shop.authorize(ani, "100.00")
    assert shop.refund(payment, "1.00").code == "refund_exceeded"
    assert ani.balance() == {"available": "999900.00", "held": "100.00", "total": "1000000.00"}


def test_a_refund_is_made_once_however_often_it_is_asked_for(ani, shop):
    payment = shop.charge(ani, "100.00").json["id"]
    asked = [shop.refund(payment, "10.00", key="a complaint") for _ in range(2)]
    assert asked[0].body == asked[1].body and asked[1].is_replay
    assert shop.refund(payment, "11.00", key="a complaint").code == "idempotency_key_reused"
    assert shop.balance()["available"] == "90.00"


def test_refunds_at_the_same_moment_do_not_refund_twice(server, ani, shop):
    payment = shop.charge(ani, "100.00").json["id"]
    answers = []

    def refund(number):
        connection = server.client(login=None)
        answers.append(connection.post(f"/v1/transactions/{payment}/refunds", {"amount": "60.00"}, key=f"at once {number}",
                                       headers=shop.headers))
        connection.close()

    threads = [threading.Thread(target=refund, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert shop.balance()["available"] == "40.00"


def test_a_merchant_refunds_only_what_he_has(ani, shop):
    payment = shop.charge(ani, "100.00").json["id"]
    out = {"source_wallet_id": shop.wallet, "destination_wallet_id": ani.wallet, "amount": "50.00", "currency": "IDR"}
    assert shop.owner.client.post("/v1/transfers", out, key="spent").status == 201
    answer = shop.refund(payment)
    assert (answer.status, answer.code) == (402, "insufficient_funds")


def test_only_payments_are_refunded(client, ani, shop):
    transfer = ani.transfer(shop.wallet, "10.00").json["id"]
    answer = client.post(f"/v1/transactions/{transfer}/refunds", {}, key="staff")
    assert (answer.status, answer.code) == (409, "not_refundable")
    assert shop.refund(transfer).code == "payment_not_found"


def test_nobody_but_its_merchant_and_staff_refunds_a_payment(server, client, ani, shop):
    payment = shop.charge(ani, "100.00").json["id"]
    rival = Shop(server, client)
    assert rival.refund(payment).code == "payment_not_found"
    answer = ani.client.post(f"/v1/transactions/{payment}/refunds", {}, key="mine")
    assert (answer.status, answer.code) == (404, "payment_not_found")
    assert shop.owner.client.post(f"/v1/transactions/{payment}/refunds", {"amount": "1.00"}, key="o").status == 201
    assert client.post(f"/v1/transactions/{payment}/refunds", {"amount": "1.00"}, key="staff too").status == 201
    rival.close()
