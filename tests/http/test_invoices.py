"""Invoices: what a merchant issues, who pays it, that it is paid once, and what nobody can guess."""

import threading
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from market import Customer, Shop
from people import add_person
from processes import wait_until

SCOPES = ("payments:write", "transactions:read", "invoices:read", "invoices:write", "virtual_accounts:read")


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


def look(customer, number):
    return customer.client.get("/v1/virtual-accounts/" + quote(number, safe=""))


def at_once(acts):
    """What each of them answers, all begun at the same moment."""
    answers = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(place):
        start.wait()
        answers[place] = acts[place]()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


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
    answers = at_once([lambda customer=customer: pay(customer, invoice) for customer in customers])
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
        paid, cancelled = at_once([lambda invoice=invoice: pay(ani, invoice),
                                   lambda invoice=invoice: biller.post(f"/v1/invoices/{invoice['id']}/cancel")])
        is_paid = paid.status == 201
        assert is_paid != (cancelled.status == 200), (paid, cancelled)
        assert is_paid or paid.code == "invoice_cancelled"
        wait_until(lambda: biller.invoice(invoice)["status"] == ("paid" if is_paid else "cancelled"),
                   "the invoice says what happened")


NO_NUMBERS = ["880081234567890120", "88008123456789012", "12345", "9", "88008" + "0" * 495, "88008O234567890120", "abcdefghijklmnopqr",
              "٨٨٠٠٨١٢٣٤٥٦٧٨٩٠١٢٦", "88008123456789012🙂", "88008\u0000234567890126", "' OR 1=1 --", "../../v1/users", "%00"]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=ascii)
def test_a_mistyped_number_is_refused_before_anything_is_looked_up(ani, number):
    for _ in range(11):  # it is no guess
        answer = ani.client.post("/v1/payments", {"wallet_id": ani.wallet, "va_number": number, "amount": "1.00",
                                                  "currency": "IDR"}, key="typo")
        assert answer.status == 400 and answer.code in ("invalid_va_number", "invalid_field"), answer
        shown = look(ani, number)
        assert (shown.status, shown.code) == (404, "invoice_not_found")


def test_a_payer_sees_what_there_is_to_pay_and_no_more(ani, budi, biller):
    invoice = biller.bill(description="order \"4711\"", reference="of the merchant alone")
    answer = look(ani, invoice["va_number"])
    assert answer.status == 200
    assert answer.json == {"va_number": invoice["va_number"], "status": "open", "amount": "150000.00", "currency": "IDR",
                           "description": "order \"4711\"", "merchant_name": "Warung", "expires_at": invoice["expires_at"]}
    assert look(ani, f"{invoice['va_number'][:5]} {invoice['va_number'][5:]}").json == answer.json, "as people write it"
    assert biller.get(f"/v1/virtual-accounts/{invoice['va_number']}").json == answer.json, "by an API key"
    cancelled = biller.bill()
    assert biller.post(f"/v1/invoices/{cancelled['id']}/cancel").status == 200
    assert look(ani, cancelled["va_number"]).json["status"] == "cancelled"
    assert pay(budi, invoice).status == 201
    wait_until(lambda: look(ani, invoice["va_number"]).json["status"] == "paid", "the invoice is paid")


def test_every_number_that_is_nobodys_is_answered_the_same(ani):
    def told(number):
        answer = look(ani, number)
        problem = answer.json
        return answer.status, {name: value for name, value in problem.items() if name not in ("instance", "request_id")}
    digits = "88008" + "9" * 12
    right, wrong = digits + luhn(digits), digits + str((int(luhn(digits)) + 1) % 10)
    assert told(right) == told(wrong) == told("nonsense")


def test_looking_and_paying_have_the_same_guesses(ani, budi, biller):
    def number(place):
        digits = f"88008{place:012}"
        return digits + luhn(digits)
    assert [look(ani, number(place)).status for place in range(5)] == [404] * 5
    assert [pay(ani, {"va_number": number(place), "amount": "1.00"}).code for place in range(5)] == ["invoice_not_found"] * 5
    invoice = biller.bill()
    for answer in (look(ani, invoice["va_number"]), pay(ani, invoice)):
        assert (answer.status, answer.code) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 0
    for _ in range(11):
        assert look(budi, invoice["va_number"]).status == 200, "a right number is no guess"
    assert pay(budi, invoice).status == 201


def test_numbers_are_not_tried_out_all_at_once(server, ani):
    def number(place):
        digits = f"88008{place:012}"
        return digits + luhn(digits)
    clients = [server.client(login=None) for _ in range(30)]
    answers = at_once([lambda place=place, client=client: client.get(f"/v1/virtual-accounts/{number(place)}",
                                                                     headers=ani.client.authorization())
                       for place, client in enumerate(clients)])
    statuses = [answer.status for answer in answers]
    assert 0 < statuses.count(404) <= 10 and statuses.count(404) + statuses.count(429) == 30
    for client in clients:
        client.close()


def test_of_invoices_that_end_while_they_are_paid_each_is_paid_once_in_time_or_not_at_all(ani, budi, biller):
    end = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    text = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    moments = [-500, *range(-50, 50, 10), 100]
    paid = {}
    for moment, invoice in [(moment, biller.bill("1000.00", expires_at=text)) for moment in moments]:
        wait_until(lambda moment=moment: datetime.now(timezone.utc) >= end + timedelta(milliseconds=moment), "its moment comes")
        both = at_once([lambda one=one, invoice=invoice: pay(one, invoice) for one in (ani, budi)])
        assert {answer.code for answer in both if answer.status != 201} <= {"invoice_paid", "invoice_expired"}, both
        paid[moment] = [answer.json for answer in both if answer.status == 201]
        assert len(paid[moment]) <= 1, both
        assert all(payment["completed_at"] < text for payment in paid[moment]), both
    assert len(paid[-500]) == 1 and not paid[100]
    moved = 1_000 * sum(map(len, paid.values()))
    assert biller.balance()["total"] == f"{moved}.00"
    balances = [one.balance() for one in (ani, budi)]
    assert sum(float(balance["available"]) for balance in balances) == 2_000_000 - moved
    assert [balance["held"] for balance in balances] == ["0.00"] * 2


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
