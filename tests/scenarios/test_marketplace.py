"""Orders of a marketplace that are paid here: looked up before, told after the money and never otherwise, whoever dies when."""

import time
import uuid

import pytest

from accounts import Person
from bank import open_wallet, top_up
from marketplace_double import Marketplace
from processes import Lost, dompetctl, psql, wait_until
from test_invoice_paid_once import at_the_same_moment

PRICE = "125000.00"


def minor(text):
    return int(text.replace(".", ""))


class Till:
    """A dompetd that pays the orders of a marketplace, a payer with money, and the merchant that is paid."""

    def __init__(self, make_dompetd, marketplace, **settings):
        self.marketplace = marketplace
        self.dompetd = make_dompetd(**settings).start()
        client = self.client()
        self.merchants_wallet, self.wallet = open_wallet(client, "Sawit"), open_wallet(client, "Ayu")
        assert top_up(client, self.wallet, minor("1000000.00"), "initial").status == 201
        owner = Person(self.dompetd, "sawit")
        psql(self.dompetd.database, "INSERT INTO merchant (id, user_id, wallet_id, name, status) VALUES "
             f"('{uuid.uuid4()}', '{owner.id}', '{self.merchants_wallet}', 'Sawit', 'active')")
        [[self.merchant]] = psql(self.dompetd.database, "SELECT id FROM merchant")
        self.dompetd.stop()
        self.dompetd.settings |= marketplace.setting(self.merchant)
        self.dompetd.start()

    def client(self):
        return self.dompetd.client()

    def pay(self, order, key, amount=None, **more):
        body = {"wallet_id": self.wallet, "va_number": order["nomorVA"], "amount": amount or f"{order['totalHarga']}.00",
                "currency": "IDR"} | more
        return self.client().post("/v1/payments", body, key=key)

    def pay_into_a_crash(self, order, key):
        try:
            self.pay(order, key)
        except Lost:
            pass
        assert self.dompetd.wait_until_dead() == -9

    def notices(self, state=""):
        return list(self.client().all("/v1/marketplace-notices" + (f"?state={state}" if state else "")))

    def look(self, order):
        return self.client().get(f"/v1/virtual-accounts/{order['nomorVA']}")

    def metric(self, name):
        return self.dompetd.metric(name)

    def balance(self, wallet):
        return self.client().get(f"/v1/wallets/{wallet}").json["balance"]["total"]

    def is_told(self, order):
        return self.marketplace.status_of(order) == "PAID"

    def check_moved(self, amount):
        assert self.balance(self.merchants_wallet) == amount
        assert minor(self.balance(self.wallet)) == minor("1000000.00") - minor(amount)
        dompetctl("verify", "--database", self.dompetd.database)


@pytest.fixture
def marketplace():
    made = Marketplace().start()
    yield made
    made.end()


@pytest.fixture(params=["in one record", "step by step"])
def till(request, make_dompetd, marketplace):
    slow = {"engine_fast_path": "false", "engine_resend_first_ms": 20} if request.param == "step by step" else {}
    return Till(make_dompetd, marketplace, **slow)


def test_an_order_is_looked_up_paid_and_told_once_signed_and_with_a_name(till, marketplace):
    order = marketplace.order()
    answer = till.pay(order, "k")
    assert (answer.status, answer.json["status"], answer.json["va_number"]) == (201, "completed", order["nomorVA"]), answer
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    [notice] = wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert (notice["transaction_id"], notice["attempts"], notice["last_error"]) == (answer.json["id"], 1, None)
    [heard] = marketplace.heard()
    assert heard["is_signed"] and heard["variables"] == {"vaNumber": order["nomorVA"], "status": "PAID"}
    assert heard["headers"]["idempotency-key"] == heard["headers"]["webhook-id"] == notice["id"]
    again = till.pay(order, "k")
    assert (again.status, again.body, again.is_replay) == (201, answer.body, True)
    assert till.pay(order, "another").code == "invoice_paid"
    till.check_moved(PRICE)
    assert len(marketplace.heard()) == 1


def test_a_payment_that_is_declined_is_never_told(till, marketplace):
    order = marketplace.order(quantity=9)
    answer = till.pay(order, "k")
    assert (answer.status, answer.code) == (402, "insufficient_funds")
    wait_until(lambda: till.notices() == [], "nothing is to be told")
    assert till.pay(order, "wrong", amount="1.00").code == "amount_mismatch"
    assert till.pay({"nomorVA": "DS-88000000000000", "totalHarga": 1}, "unknown").code == "invoice_not_found"
    assert marketplace.heard() == [] and marketplace.status_of(order) == "UNPAID"
    till.check_moved("0.00")


def test_a_merchants_wallet_that_is_frozen_takes_nothing_and_nobody_is_told(till, marketplace):
    order = marketplace.order()
    assert till.client().post(f"/v1/wallets/{till.merchants_wallet}/freeze").status == 200
    assert till.pay(order, "k").code == "wallet_frozen"
    wait_until(lambda: till.notices() == [], "nothing is to be told")
    assert till.client().post(f"/v1/wallets/{till.merchants_wallet}/unfreeze").status == 200
    assert till.pay(order, "again").status == 201
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    till.check_moved(PRICE)


def test_a_process_that_is_killed_between_money_and_notice_tells_after_its_next_start(till, marketplace):
    order = marketplace.order()
    till.dompetd.stop()
    till.dompetd.start(failpoint="lane.after_commit:crash")
    till.pay_into_a_crash(order, "k")
    assert marketplace.heard() == []
    till.dompetd.start()
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert till.pay(order, "k").status == 201
    till.check_moved(PRICE)


def test_a_process_that_is_killed_before_the_money_tells_nothing_and_the_order_can_be_paid(till, marketplace):
    order = marketplace.order()
    till.dompetd.stop()
    till.dompetd.start(failpoint="lane.before_send:crash")
    till.pay_into_a_crash(order, "k")
    till.dompetd.start()
    assert [notice["state"] for notice in till.notices()] == ["paying"]
    assert till.pay(order, "another").code == "invoice_under_way"
    assert marketplace.heard() == []
    assert till.pay(order, "k").status == 201
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    till.check_moved(PRICE)


def test_a_process_that_is_killed_after_it_told_tells_again_under_the_same_name(till, marketplace):
    order = marketplace.order()
    till.dompetd.stop()
    till.dompetd.start(failpoint="bills.told:crash")
    try:
        till.pay(order, "k")
    except Lost:
        pass
    assert till.dompetd.wait_until_dead() == -9
    till.dompetd.start()
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert len({heard["headers"]["webhook-id"] for heard in marketplace.heard()}) == 1
    assert len(marketplace.heard()) == 2
    till.check_moved(PRICE)


def test_a_marketplace_that_is_dead_is_told_when_it_lives_again(till, marketplace):
    order = marketplace.order()
    marketplace.behave(lost_answers=2)
    assert till.pay(order, "k").status == 201
    [notice] = wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert notice["attempts"] == 3 and len(marketplace.heard()) >= 3
    second = marketplace.order()
    # It answers the look-up, and then it is gone.
    marketplace.behave(refusals=1_000_000)
    assert till.pay(second, "second").status == 201
    [refused] = wait_until(lambda: [one for one in till.notices("refused") if one["attempts"] >= 3], "it is tried again and again")
    assert refused["last_error"] == "It did not take the status." and refused["next_attempt_at"]
    assert till.notices("due") == []
    wait_until(lambda: till.metric("dompet_marketplace_notices_refused") == 1, "the figures show it", 20)
    assert till.metric("dompet_marketplace_notices_waiting") == 1
    assert till.metric('dompet_marketplace_notices_total{answer="refused"}') >= 3
    marketplace.behave(is_dead=True)
    wait_until(lambda: till.notices("refused")[0]["last_error"] == "It answered status 503.", "it does not answer any more")
    marketplace.behave(is_dead=False, refusals=0)
    wait_until(lambda: till.is_told(second), "the marketplace is told")
    wait_until(lambda: len(till.notices("delivered")) == 2, "the notice is delivered")
    assert till.pay(second, "again").code == "invoice_paid"
    till.check_moved("250000.00")


def test_a_marketplace_that_does_not_answer_a_look_up_costs_nobody_else_anything(till, marketplace):
    order = marketplace.order()
    marketplace.behave(is_dead=True)
    answer = till.pay(order, "dead")
    assert (answer.status, answer.code, answer.json["applied"]) == (503, "marketplace_unavailable", "no")
    marketplace.behave(is_dead=False, delay_s=3)
    begin = time.monotonic()
    answer = till.pay(order, "slow")
    assert (answer.status, answer.code, answer.json["applied"]) == (503, "marketplace_unavailable", "no")
    assert time.monotonic() - begin < 2.9
    marketplace.behave(delay_s=0)
    assert till.pay(order, "slow").status == 201
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    till.check_moved(PRICE)


def test_an_order_that_is_not_known_to_be_unpaid_is_not_paid(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    order = marketplace.order()
    for says in [{"status": "CANCELLED"}, {"paymentStatus": "REFUNDED"}, {"status": None, "paymentStatus": None}, {"status": 5},
                 {"status": "pending"}] * 3:  # more often than numbers may be guessed
        marketplace.behave(says=says)
        answer = till.pay(order, "k")
        assert (answer.status, answer.code) == (409, "order_not_unpaid"), (says, answer)
        assert till.look(order).json["status"] == "closed", says
    assert till.notices() == []
    marketplace.behave(says={})
    assert till.look(order).json["status"] == "open"
    assert till.pay(order, "k").status == 201
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    till.check_moved(PRICE)


def test_an_order_that_the_marketplace_calls_paid_is_paid_whatever_else_it_says(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    order = marketplace.order()
    marketplace.behave(says={"paymentStatus": "PAID"})
    assert till.pay(order, "k").code == "invoice_paid"
    assert till.look(order).json["status"] == "paid"


def test_every_marketplace_has_its_own_words_for_what_is_unpaid(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    till.dompetd.stop()
    till.dompetd.start(marketplaces_unpaid_statuses="sawit=BARU,MENUNGGU another=PENDING,UNPAID")
    order = marketplace.order()
    assert till.pay(order, "k").code == "order_not_unpaid"
    marketplace.behave(says={"status": "BARU", "paymentStatus": "MENUNGGU"})
    assert till.pay(order, "k").status == 201


def test_a_payer_sees_an_order_before_and_after_he_paid_it(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    order = marketplace.order()
    shown = {"va_number": order["nomorVA"], "status": "open", "amount": PRICE, "currency": "IDR", "description": None,
             "merchant_name": "Sawit", "expires_at": None}
    assert till.look(order).json == shown
    marketplace.behave(refusals=1_000_000)
    assert till.pay(order, "k").status == 201
    # The marketplace does not know it yet.
    wait_until(lambda: till.look(order).json == shown | {"status": "paid"}, "it is known here")
    assert marketplace.status_of(order) == "UNPAID"
    graph = till.client().post("/graphql", {"query": f'{{ getOrderByVA(vaNumber: "{order["nomorVA"]}") {{ totalHarga paymentStatus }} }}'})
    assert graph.json["data"]["getOrderByVA"] == {"totalHarga": 125000, "paymentStatus": "PAID"}
    unknown = till.look({"nomorVA": "DS-88000000000000"})
    assert (unknown.status, unknown.code) == (404, "invoice_not_found")
    marketplace.behave(is_dead=True)
    answer = till.look(order)
    assert (answer.status, answer.code) == (503, "marketplace_unavailable")


NONSENSE = [{"answer": "<html>Not Found</html>"}, {"answer": '{"data": {"getOrderByVA": {"totalHar'}, {"answer": '{"data": [1, 2]}'},
            {"answer": '{"data": {"getOrderByVA": [1]}}'}, {"answer": "[" * 30_000}, {"says": {"totalHarga": "\ud800"}},
            {"says": {"totalHarga": "a lot"}}, {"says": {"totalHarga": -125_000}}, {"says": {"totalHarga": 125_000.001}},
            {"answer": '{"data": {"getOrderByVA": {"totalHarga": 1e999, "status": "PENDING"}}}'}, {"padding": 10_000_000}]
SENSE = {"answer": "", "padding": 0, "says": {}}


def test_a_marketplace_that_answers_nonsense_costs_nobody_anything(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    order = marketplace.order()
    for behaviour in NONSENSE:  # more often than numbers may be guessed
        marketplace.behave(**SENSE | behaviour)
        answer = till.pay(order, "k")
        assert (answer.status, answer.code, answer.json["applied"]) == (503, "marketplace_unavailable", "no"), (behaviour, answer)
        assert till.look(order).code == "marketplace_unavailable", behaviour
    assert till.notices() == []
    marketplace.behave(**SENSE)
    assert till.pay(order, "k").status == 201
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    till.check_moved(PRICE)


def test_a_marketplace_that_answers_a_notice_with_nonsense_is_told_again(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    till.dompetd.stop()
    till.dompetd.start(marketplaces_retry_first_ms=3_600_000, marketplaces_retry_most_ms=3_600_000)
    order = marketplace.order()
    marketplace.behave(refusals=1)
    assert till.pay(order, "k").status == 201
    [notice] = wait_until(lambda: till.notices("refused"), "it was refused once")
    reason = notice["last_error"]
    for behaviour in ({"answer": "<html>"}, {"padding": 10_000_000}):
        marketplace.behave(**SENSE | behaviour)
        assert till.client().post(f"/v1/marketplace-notices/{notice['id']}/retry").status == 200
        wait_until(lambda: till.notices("refused")[0]["last_error"] != reason, "it was told again")
        reason = till.notices("refused")[0]["last_error"]
    marketplace.behave(**SENSE)
    assert till.client().post(f"/v1/marketplace-notices/{notice['id']}/retry").status == 200
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert len({heard["headers"]["webhook-id"] for heard in marketplace.heard()}) == 1
    till.check_moved(PRICE)


def test_of_two_who_pay_an_order_at_the_same_moment_one_does(till, marketplace):
    order = marketplace.order()
    client = till.client()
    budi = open_wallet(client, "Budi")
    assert top_up(client, budi, minor("1000000.00"), "of budi").status == 201
    answers = at_the_same_moment([lambda: till.pay(order, "a"), lambda: till.pay(order, "b", wallet_id=budi)])
    assert sorted(answer.status for answer in answers) == [201, 409], answers
    assert {answer.code for answer in answers if answer.status == 409} <= {"invoice_under_way", "invoice_paid"}
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert till.balance(till.merchants_wallet) == PRICE
    assert minor(till.balance(till.wallet)) + minor(till.balance(budi)) == minor("2000000.00") - minor(PRICE)
    assert [client.get(f"/v1/wallets/{wallet}").json["balance"]["held"] for wallet in (till.wallet, budi)] == ["0.00"] * 2
    assert len(marketplace.heard()) == 1
    dompetctl("verify", "--database", till.dompetd.database)


def test_who_is_to_be_told_is_told_at_once_when_an_operator_says_so(make_dompetd, marketplace):
    till = Till(make_dompetd, marketplace)
    till.dompetd.stop()
    till.dompetd.start(marketplaces_retry_first_ms=3_600_000, marketplaces_retry_most_ms=3_600_000)
    order = marketplace.order()
    marketplace.behave(refusals=1)
    assert till.pay(order, "k").status == 201
    [due] = wait_until(lambda: till.notices("refused"), "it was tried once")
    assert due["last_error"] and not till.is_told(order)
    assert till.client().post(f"/v1/marketplace-notices/{due['id']}/retry").status == 200
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    wait_until(lambda: till.notices("delivered"), "the notice is delivered")
    assert till.client().post(f"/v1/marketplace-notices/{due['id']}/retry").code == "notice_not_due"
    assert till.client().post(f"/v1/marketplace-notices/{uuid.uuid4()}/retry").code == "notice_not_found"


def set_rules(client, *rules):
    version = client.get("/v1/risk/rules").json["version"]
    assert client.request("PUT", "/v1/risk/rules", {"version": version, "rules": list(rules)}).status == 200


def approve(till, payment):
    officer = Person(till.dompetd, "dewi", ["approver"]).client()
    answer = officer.post(f"/v1/risk/assessments/{payment.json['id']}/approve", {"note": "it was she"})
    assert answer.status == 200, answer


REVIEWED = {"id": "all", "name": "all", "kind": "amount_above", "score": 50, "action": "review", "currency": "IDR",
            "amount": "1.00", "kinds": ["payment"]}


def test_an_order_whose_payment_is_under_review_stays_that_payments_whatever_comes_under_its_key(till):
    order = till.marketplace.order()
    set_rules(till.client(), REVIEWED)
    answer = till.pay(order, "k")
    assert (answer.status, answer.json["status"]) == (202, "pending"), answer
    assert till.pay(order, "k", description="another request").code == "idempotency_key_reused"
    assert till.pay(order, "another").code == "invoice_under_way"
    assert [notice["state"] for notice in till.notices()] == ["paying"]
    approve(till, answer)
    wait_until(lambda: till.is_told(order), "the marketplace is told")
    set_rules(till.client())
    till.check_moved(PRICE)


def test_an_invoice_whose_payment_is_under_review_is_not_cancelled_and_is_paid_when_an_officer_says_so(till):
    client = till.client()
    invoice = client.post("/v1/invoices", {"merchant_id": till.merchant, "amount": PRICE, "currency": "IDR"}).json
    set_rules(client, REVIEWED)
    body = {"wallet_id": till.wallet, "va_number": invoice["va_number"], "amount": PRICE, "currency": "IDR"}
    answer = client.post("/v1/payments", body, key="k")
    assert (answer.status, answer.json["status"]) == (202, "pending"), answer
    assert client.post("/v1/payments", body | {"description": "another"}, key="k").code == "idempotency_key_reused"
    assert client.post(f"/v1/invoices/{invoice['id']}/cancel").code == "invoice_under_way"
    approve(till, answer)
    wait_until(lambda: client.get(f"/v1/invoices/{invoice['id']}").json["status"] == "paid", "the invoice is paid")
    set_rules(client)
    till.check_moved(PRICE)
