"""Invoices: what a merchant issues, who pays it, that it is paid once, and what nobody can guess."""

import threading
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from market import Customer, Shop
from people import add_person
from processes import wait_until

SCOPES = ("payments:write", "transactions:read", "invoices:read", "invoices:write")


def luhn(digits):
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def in_seconds(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Biller(Shop):
    """A shop whose key may issue invoices."""

    def __init__(self, server, staff):
        super().__init__(server, staff, SCOPES)

    def bill(self, amount="150000.00", **more):
        answer = self.post("/v1/invoices", {"amount": amount, "currency": "IDR"} | more)
        assert answer.status == 201, answer
        return answer.json

    def invoice(self, invoice):
        return self.get(f"/v1/invoices/{invoice['id']}").json


def pay(customer, invoice, key=None, amount=None, **more):
    body = {"wallet_id": customer.wallet, "va_number": invoice["va_number"], "amount": amount or invoice["amount"],
            "currency": "IDR"} | more
    return customer.client.post("/v1/payments", body, key=key or str(uuid.uuid4()))


@pytest.fixture
def biller(server, client):
    made = Biller(server, client)
    yield made
    made.close()


@pytest.fixture
def budi(server, client):
    customer = Customer(server, client)
    yield customer
    customer.close()


def test_a_merchant_issues_an_invoice_with_a_number_that_has_a_check_digit(biller):
    answer = biller.post("/v1/invoices", {"amount": "150000.00", "currency": "IDR", "description": "order 4711",
                                          "reference": "4711"})
    invoice = answer.json
    assert (answer.status, invoice["status"], invoice["merchant_id"]) == (201, "open", biller.id)
    assert answer.headers["location"] == f"/v1/invoices/{invoice['id']}"
    number = invoice["va_number"]
    assert len(number) == 18 and number.startswith("88008") and number[-1] == luhn(number[:-1])
    assert (invoice["wallet_id"], invoice["reference"], invoice["transaction_id"]) == (biller.wallet, "4711", None)
    assert biller.invoice(invoice) == invoice


def test_a_payer_with_the_number_pays_the_merchant_and_both_see_it(ani, biller):
    invoice = biller.bill()
    answer = pay(ani, invoice)
    assert answer.status == 201, answer
    payment = answer.json
    assert (payment["kind"], payment["status"], payment["method"]) == ("payment", "completed", "virtual_account")
    assert (payment["invoice_id"], payment["va_number"]) == (invoice["id"], invoice["va_number"])
    assert (payment["merchant_id"], payment["destination_wallet_id"]) == (biller.id, biller.wallet)
    assert biller.balance()["available"] == "150000.00"
    paid = wait_until(lambda: (now := biller.invoice(invoice))["status"] == "paid" and now, "the invoice is paid")
    assert (paid["transaction_id"], paid["paid_at"]) == (payment["id"], payment["completed_at"])
    assert ani.client.get(answer.headers["location"]).json["va_number"] == invoice["va_number"]


def test_an_invoice_that_is_paid_is_not_paid_again(ani, budi, biller):
    invoice = biller.bill()
    assert pay(ani, invoice).status == 201
    answer = pay(budi, invoice)
    assert (answer.status, answer.code) == (409, "invoice_paid")
    wait_until(lambda: biller.invoice(invoice)["status"] == "paid", "the invoice is paid")
    assert pay(budi, invoice).code == "invoice_paid"
    assert budi.balance()["available"] == "1000000.00" and budi.balance()["held"] == "0.00"
    assert biller.balance()["available"] == "150000.00"


def test_of_many_who_pay_one_invoice_at_the_same_moment_exactly_one_does(server, client, biller):
    customers = [Customer(server, client) for _ in range(6)]
    invoice = biller.bill()
    answers = [None] * len(customers)
    start = threading.Barrier(len(customers))

    def hurry(place):
        start.wait()
        answers[place] = pay(customers[place], invoice)
    threads = [threading.Thread(target=hurry, args=(place,)) for place in range(len(customers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert {answer.code for answer in answers if answer.status == 409} == {"invoice_paid"}
    assert biller.balance()["available"] == "150000.00"
    assert sorted(customer.balance()["total"] for customer in customers) == ["1000000.00"] * 5 + ["850000.00"] or \
        sorted(customer.balance()["total"] for customer in customers) == ["850000.00"] + ["1000000.00"] * 5
    wait_until(lambda: biller.invoice(invoice)["status"] == "paid", "the invoice is paid")


def test_a_payment_of_an_invoice_is_made_once_however_often_it_is_asked_for(ani, biller):
    invoice = biller.bill()
    first = pay(ani, invoice, key="the bill")
    wait_until(lambda: biller.invoice(invoice)["status"] == "paid", "the invoice is paid")
    again = pay(ani, invoice, key="the bill")
    assert (again.status, again.body, again.is_replay) == (201, first.body, True)
    assert pay(ani, biller.bill(), key="the bill").code == "idempotency_key_reused"
    assert biller.balance()["available"] == "150000.00"


def test_a_key_that_was_used_for_something_else_pays_no_invoice_and_leaves_it_open(ani, budi, biller):
    invoice = biller.bill("10.00")
    assert ani.transfer(budi.wallet, "10.00", key="mine").status == 201
    assert pay(ani, invoice, key="mine").code == "idempotency_key_reused"
    wait_until(lambda: biller.post(f"/v1/invoices/{invoice['id']}/cancel").status == 200, "nothing is under way")


@pytest.mark.parametrize("amount", ["149999.99", "150000.01", "1.00"])
def test_an_invoice_is_paid_with_exactly_its_amount(ani, biller, amount):
    answer = pay(ani, biller.bill(), amount=amount)
    assert (answer.status, answer.code) == (409, "amount_mismatch")
    assert ani.balance()["available"] == "1000000.00"


def test_a_payer_without_the_money_is_declined_and_another_may_pay(ani, budi, biller):
    invoice = biller.bill("900000.00")
    assert ani.transfer(budi.wallet, "500000.00").status == 201
    assert pay(ani, invoice).code == "insufficient_funds"
    assert pay(budi, invoice).status == 201


def test_an_invoice_whose_time_is_over_is_not_paid(ani, biller):
    invoice = biller.bill(expires_at=in_seconds(0.3))
    wait_until(lambda: biller.invoice(invoice)["status"] == "expired", "its time is over")
    answer = pay(ani, invoice)
    assert (answer.status, answer.code) == (409, "invoice_expired")
    assert biller.post(f"/v1/invoices/{invoice['id']}/cancel").code == "invoice_expired"


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "soon", 5])
def test_an_invoice_ends_in_a_time_to_come_that_is_not_too_far(biller, expires_at):
    answer = biller.post("/v1/invoices", {"amount": "1.00", "currency": "IDR", "expires_at": expires_at})
    assert (answer.status, answer.code) == (400, "invalid_field")


def test_a_cancelled_invoice_is_not_paid_and_a_paid_one_is_not_cancelled(ani, biller):
    cancelled, paid = biller.bill(), biller.bill()
    for _ in range(2):
        answer = biller.post(f"/v1/invoices/{cancelled['id']}/cancel")
        assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert pay(ani, cancelled).code == "invoice_cancelled"
    assert pay(ani, paid).status == 201
    wait_until(lambda: biller.post(f"/v1/invoices/{paid['id']}/cancel").code == "invoice_paid", "the invoice is paid")
    assert ani.balance()["available"] == "850000.00"


def test_whoever_cancels_while_others_pay_gets_one_answer_or_the_other(ani, biller):
    for _ in range(10):
        invoice = biller.bill("1000.00")
        answers = {}
        start = threading.Barrier(2)

        def run(name, act, invoice=invoice):
            start.wait()
            answers[name] = act(invoice)
        threads = [threading.Thread(target=run, args=("paid", lambda one: pay(ani, one))),
                   threading.Thread(target=run, args=("cancelled",
                                                      lambda one: biller.post(f"/v1/invoices/{one['id']}/cancel")))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_paid = answers["paid"].status == 201
        assert is_paid != (answers["cancelled"].status == 200), answers
        assert is_paid or answers["paid"].code == "invoice_cancelled"
        wait_until(lambda: biller.invoice(invoice)["status"] == ("paid" if is_paid else "cancelled"),
                   "the invoice says what happened")


@pytest.mark.parametrize("number", ["880081234567890120", "88008123456789012", "12345", "999"])
def test_a_mistyped_number_is_refused_before_anything_is_looked_up(ani, number):
    answer = ani.client.post("/v1/payments", {"wallet_id": ani.wallet, "va_number": number, "amount": "1.00",
                                              "currency": "IDR"}, key="typo")
    assert (answer.status, answer.code) == (400, "invalid_va_number")


def test_numbers_cannot_be_tried_out(budi, biller):
    def guess(number):
        digits = f"88008{number:012}"
        return budi.client.post("/v1/payments", {"wallet_id": budi.wallet, "va_number": digits + luhn(digits),
                                                 "amount": "1.00", "currency": "IDR"}, key=str(uuid.uuid4()))
    mine = biller.bill("1.00")
    first = pay(budi, mine, key="before")
    assert first.status == 201
    assert pay(budi, biller.bill(), amount="2.00").code == "amount_mismatch"  # a guess as well
    assert [guess(number).code for number in range(9)] == ["invoice_not_found"] * 9
    answer = pay(budi, biller.bill())
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    again = pay(budi, mine, key="before")
    assert (again.status, again.body, again.is_replay) == (201, first.body, True)
    assert biller.balance()["available"] == "1.00"


@pytest.mark.parametrize("more", [{"merchant_id": str(uuid.uuid4())}, {"capture": "manual"}, {"method": "bri"}])
def test_a_payment_of_a_bill_names_nothing_that_the_bill_says(ani, biller, more):
    answer = pay(ani, biller.bill(), **more)
    assert (answer.status, answer.code) == (400, "invalid_field")


def test_nobody_pays_from_the_wallet_of_another(ani, budi, biller):
    invoice = biller.bill()
    assert pay(ani, invoice, wallet_id=budi.wallet).code == "wallet_not_found"
    assert biller.post("/v1/payments", {"wallet_id": ani.wallet, "va_number": invoice["va_number"], "amount": "150000.00",
                                        "currency": "IDR"}).code == "forbidden"
    assert pay(ani, invoice).status == 201


def test_only_an_active_merchant_issues_invoices_and_is_paid(client, ani, biller):
    invoice = biller.bill()
    assert client.post(f"/v1/merchants/{biller.id}/status", {"status": "inactive"}).status == 200
    assert pay(ani, invoice).code == "merchant_not_active"
    body = {"merchant_id": biller.id, "amount": "1.00", "currency": "IDR"}
    assert wait_until(lambda: biller.owner.client.post("/v1/invoices", body).code == "merchant_not_active",
                      "the merchant issues nothing")


def test_an_invoice_is_in_the_currency_of_the_wallet_that_is_paid(biller):
    answer = biller.post("/v1/invoices", {"amount": "1.00", "currency": "USD"})
    assert (answer.status, answer.code) == (409, "currency_mismatch")


def test_invoices_are_listed_by_status_and_reference(ani, biller):
    invoices = [biller.bill("10.00", reference=f"order {number % 2}") for number in range(5)]
    assert pay(ani, invoices[0]).status == 201
    wait_until(lambda: biller.invoice(invoices[0])["status"] == "paid", "the invoice is paid")

    def ids(query):
        page = biller.get(f"/v1/invoices?{query}")
        assert page.status == 200, page
        return [one["id"] for one in page.json["data"]]
    newest_first = [one["id"] for one in reversed(invoices)]
    assert ids("limit=5") == newest_first
    assert ids("status=paid") == [invoices[0]["id"]]
    assert ids("status=open&reference=order%200") == [invoices[4]["id"], invoices[2]["id"]]
    first = biller.get("/v1/invoices?limit=2").json
    second = biller.get(f"/v1/invoices?limit=2&cursor={first['next_cursor']}").json
    assert [one["id"] for one in first["data"] + second["data"]] == newest_first[:4]
    assert biller.get(f"/v1/invoices?status=open&cursor={first['next_cursor']}").code == "cursor_mismatch"


def test_invoices_of_others_are_not_there(server, client, ani, biller):
    invoice = biller.bill()
    stranger = add_person(server, client).client
    other = Biller(server, client)
    for get, post in ((stranger.get, stranger.post), (other.get, other.post)):
        assert get(f"/v1/invoices/{invoice['id']}").code == "invoice_not_found"
        assert get(f"/v1/invoices?merchant_id={biller.id}").json["data"] == []
        assert post(f"/v1/invoices/{invoice['id']}/cancel").code == "invoice_not_found"
    assert stranger.post("/v1/invoices", {"merchant_id": biller.id, "amount": "1.00", "currency": "IDR"}).code == \
        "merchant_not_found"
    assert biller.owner.client.get(f"/v1/invoices/{invoice['id']}").status == 200
    other.close()
