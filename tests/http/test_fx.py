"""Several currencies: rates, quotes, and money that arrives in another currency than it left."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from conftest import Bank
from held import transaction
from market import Customer, Shop
from people import PASSWORD, add_person
from processes import dompetctl, psql, wait_until

OLD = "2020-01-01T00:00:00Z"


def key():
    return str(uuid.uuid4())


def set_rates(client, *rates):
    """("USD", "IDR", bid, ask) and perhaps its time."""
    names = ("base", "quote", "bid", "ask", "at")
    answer = client.request("PUT", "/v1/fx/rates", {"rates": [dict(zip(names, rate)) for rate in rates]})
    assert answer.status == 200, answer
    return answer


@pytest.fixture(autouse=True)
def rates(client):
    set_rates(client, ("USD", "IDR", "15200.555", "15250"), ("SGD", "IDR", "11500", "11600"))


class Traveller:
    """A customer with dollars."""

    def __init__(self, server, client, amount="1000.00"):
        self.person = add_person(server, client)
        self.client = self.person.client
        self.bank = Bank(self.client)
        self.dollars = self.bank.open_with(amount, "USD")

    def quote(self, amount, to="IDR", source="USD"):
        return self.client.post("/v1/fx/quotes", {"from": source, "to": to, "amount": amount})

    def send(self, destination, amount, quote=None, key=None, by=None, **more):
        """`by`: another of his connections."""
        more |= {"quote_id": quote} if quote else {}
        bank = self.bank if by is None else Bank(by)
        return bank.transfer(self.dollars, destination, amount, "USD", key=key, **more)


@pytest.fixture
def traveller(server, client):
    traveller = Traveller(server, client)
    yield traveller
    traveller.client.close()


def positions(client):
    answer = client.get("/v1/fx/positions?currency=IDR")
    assert answer.status == 200, answer
    return {row["currency"]: Decimal(row["position"]) for row in answer.json["data"]}


def test_an_amount_comes_to_what_the_rate_says_and_the_rounding_is_shown(traveller):
    answer = traveller.client.get("/v1/fx/convert?from=USD&to=IDR&amount=0.01")
    assert answer.status == 200, answer
    shown = answer.json
    assert (shown["rate"], shown["converted_amount"], shown["rounding"]) == ("15200.555", "152.00", "0.00555")
    assert (shown["amount"], shown["through"]) == ("0.01", None)


def test_the_other_way_round_the_house_sells_at_its_ask(traveller):
    shown = traveller.client.get("/v1/fx/convert?from=IDR&to=USD&amount=15250000").json
    assert shown["rate"] == "0.0000655737704918032786"
    assert shown["converted_amount"] == "999.99" and shown["rounding"].startswith("0.00999")


def test_two_currencies_without_a_rate_meet_through_a_third(traveller):
    shown = traveller.client.get("/v1/fx/convert?from=USD&to=SGD&amount=100").json
    assert shown["through"] == "IDR"
    assert Decimal(shown["converted_amount"]) <= Decimal(100) * Decimal("15200.555") / Decimal(11600)


def test_what_nobody_has_a_rate_for_is_not_converted(traveller):
    answer = traveller.client.get("/v1/fx/convert?from=USD&to=KWD&amount=1")
    assert (answer.status, answer.code) == (404, "rate_not_found")
    assert traveller.quote("1.00", to="KWD").code == "rate_not_found"


def test_nobody_is_paid_by_a_rate_that_is_too_old(client, traveller):
    set_rates(client, ("CHF", "SEK", "11.5", "11.6", OLD))
    answer = traveller.client.get("/v1/fx/convert?from=CHF&to=SEK&amount=1")
    assert (answer.status, answer.code) == (409, "rate_too_old") and answer.json["retryable"]
    row = client.get("/v1/fx/rates?base=CHF&quote=SEK").json["data"][0]
    assert not row["is_usable"]


@pytest.mark.parametrize("rate", [
    {"bid": "0"}, {"bid": "-1"}, {"bid": "1e3"}, {"bid": 15200.5}, {"bid": "1.0000000000000000001"}, {"bid": "16000"},
    {"quote": "USD"}, {"base": "XXX"}, {"at": "2999-01-01T00:00:00Z"}, {"at": "yesterday"}, {"mid": "15225"}])
def test_what_is_no_rate_is_refused_and_nothing_of_it_is_set(client, rate):
    before = client.get("/v1/fx/rates").json
    good = {"base": "USD", "quote": "IDR", "bid": "15300", "ask": "15400"}
    answer = client.request("PUT", "/v1/fx/rates", {"rates": [good | {"base": "EUR"}, good | rate]})
    assert answer.status == 400, answer
    assert client.get("/v1/fx/rates").json == before


def test_every_rate_that_was_set_is_remembered_with_who_set_it(client):
    set_rates(client, ("NOK", "DKK", "0.65", "0.66"))
    set_rates(client, ("NOK", "DKK", "0.67", "0.68"))
    rows = client.get("/v1/fx/rates/history?base=NOK&quote=DKK&limit=1").json
    assert rows["data"][0]["bid"] == "0.67" and rows["data"][0]["who"]
    older = client.get(f"/v1/fx/rates/history?base=NOK&quote=DKK&limit=1&cursor={rows['next_cursor']}").json
    assert older["data"][0]["bid"] == "0.65"

    def audited():
        [audit] = client.get("/v1/audit?target=/v1/fx/rates&limit=1").json["data"]
        return audit["what"] == "PUT /v1/fx/rates" and audit["evidence"]["rates"][0]["base"] == "NOK"
    wait_until(audited, "the audit has it")


def test_a_rate_of_yesterday_does_not_replace_one_of_today(client):
    set_rates(client, ("NOK", "SEK", "1.01", "1.02"))
    set_rates(client, ("NOK", "SEK", "0.91", "0.92", OLD))
    assert client.get("/v1/fx/rates?base=NOK&quote=SEK").json["data"][0]["bid"] == "1.01"


def test_a_transfer_by_quote_leaves_in_dollars_and_arrives_in_rupiah(client, traveller, ani):
    before = positions(client)
    quote = traveller.quote("10.01").json
    assert (quote["converted_amount"], quote["rounding"], quote["status"]) == ("152157.55", "0.00555", "open")
    answer = traveller.send(ani.wallet, "10.01", quote["id"])
    assert answer.status == 201, answer
    assert (answer.json["amount"], answer.json["currency"]) == ("10.01", "USD")
    assert answer.json["fx"] == {"quote_id": quote["id"], "rate": "15200.555", "rate_at": quote["rate_at"],
                                 "destination_amount": "152157.55", "destination_currency": "IDR", "rounding": "0.00555"}
    assert traveller.bank.available(traveller.dollars) == "989.99"
    assert ani.balance()["available"] == "1152157.55"
    assert traveller.client.get(f"/v1/transactions/{answer.json['id']}").json == answer.json
    assert traveller.client.get(f"/v1/fx/quotes/{quote['id']}").json["status"] == "used"
    after = positions(client)
    assert after["USD"] - before.get("USD", 0) == Decimal("10.01")
    assert after["IDR"] - before.get("IDR", 0) == Decimal("-152157.55")


def test_each_wallet_has_its_side_in_its_own_statement_and_statistics(traveller, ani):
    quote = traveller.quote("10.00").json["id"]
    assert traveller.send(ani.wallet, "10.00", quote).status == 201
    out = traveller.client.get(f"/v1/wallets/{traveller.dollars}/entries").json["data"][0]
    into = ani.client.get(f"/v1/wallets/{ani.wallet}/entries").json["data"][0]
    assert (out["amount"], into["amount"]) == ("-10.00", "152005.55")
    answer = ani.client.get(f"/v1/statistics?wallet_id={ani.wallet}&currency=IDR")
    assert answer.status == 200 and "152005.55" in answer.body.decode()


def test_without_a_quote_two_currencies_do_not_meet(traveller, ani):
    answer = traveller.send(ani.wallet, "10.00")
    assert (answer.status, answer.code) == (409, "currency_mismatch")
    assert "quote" in answer.json["detail"]


def test_a_quote_is_good_for_one_request(traveller, ani):
    quote = traveller.quote("10.00").json["id"]
    first = traveller.send(ani.wallet, "10.00", quote, key="a journey")
    again = traveller.send(ani.wallet, "10.00", quote, key="a journey")
    assert first.status == 201 and again.body == first.body and again.is_replay
    other = traveller.send(ani.wallet, "10.00", quote)
    assert (other.status, other.code) == (409, "quote_used")
    assert traveller.bank.available(traveller.dollars) == "990.00"
    reused = traveller.send(ani.wallet, "10.00", traveller.quote("10.00").json["id"], key="a journey")
    assert reused.code == "idempotency_key_reused"


def test_a_request_is_answered_again_after_its_quote_is_over_and_a_new_one_is_not(traveller, ani, database):
    used, unused = (traveller.quote("10.00").json["id"] for _ in range(2))
    first = traveller.send(ani.wallet, "10.00", used, key="in time")
    assert first.status == 201
    an_hour_ago = "made_at = made_at - interval '1 hour', expires_at = expires_at - interval '1 hour'"
    psql(database, f"UPDATE fx_quote SET {an_hour_ago} WHERE id IN ('{used}', '{unused}')")
    again = traveller.send(ani.wallet, "10.00", used, key="in time")
    assert again.status == 201 and again.body == first.body and again.is_replay
    late = traveller.send(ani.wallet, "10.00", unused)
    assert (late.status, late.code) == (409, "quote_expired")
    assert traveller.bank.available(traveller.dollars) == "990.00"


def test_of_two_requests_that_use_one_quote_at_once_one_has_it(traveller, ani, server):
    other = server.client(login=(traveller.person.email, PASSWORD))
    kept = Decimal("1000.00")
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            quote = traveller.quote("10.00").json["id"]
            said = list(threads.map(lambda client: traveller.send(ani.wallet, "10.00", quote, by=client),
                                    (traveller.client, other)))
            assert sorted((one.status, one.code) for one in said) == [(201, None), (409, "quote_used")]
            kept -= 10
    assert traveller.bank.available(traveller.dollars) == str(kept)
    other.close()


def test_a_request_that_is_still_on_its_way_is_not_refused_because_its_quote_is_over(traveller, ani, server, database):
    other = server.client(login=(traveller.person.email, PASSWORD))
    quote = traveller.quote("10.00").json["id"]
    with ThreadPoolExecutor(2) as threads:
        with transaction(database.replace("//dompet@", "//postgres@"), "LOCK TABLE journal IN ACCESS EXCLUSIVE MODE"):
            first = threads.submit(traveller.send, ani.wallet, "10.00", quote, "slow")
            used = f"SELECT count(used_by) FROM fx_quote WHERE id = '{quote}'"
            wait_until(lambda: psql(database, used) == [["1"]], "the quote is its")
            an_hour_ago = "made_at = made_at - interval '1 hour', expires_at = expires_at - interval '1 hour'"
            psql(database, f"UPDATE fx_quote SET {an_hour_ago} WHERE id = '{quote}'")
            second = threads.submit(traveller.send, ani.wallet, "10.00", quote, "slow", other)
        first, second = first.result(), second.result()
    assert first.status == 201, first
    # It waited for the first, or was not let in; a final no would have been a lie.
    assert second.status in (201, 503), second
    again = traveller.send(ani.wallet, "10.00", quote, "slow")
    assert again.body == first.body and again.is_replay
    assert traveller.bank.available(traveller.dollars) == "990.00"
    other.close()


def test_a_quote_is_good_for_its_amount_and_its_owner_only(server, client, traveller, ani):
    quote = traveller.quote("10.00").json["id"]
    answer = traveller.send(ani.wallet, "10.01", quote)
    assert (answer.status, answer.code) == (400, "quote_mismatch")
    stranger = Traveller(server, client)
    answer = stranger.send(ani.wallet, "10.00", quote)
    assert (answer.status, answer.code) == (404, "quote_not_found")
    assert stranger.client.get(f"/v1/fx/quotes/{quote}").code == "quote_not_found"
    assert traveller.send(ani.wallet, "10.00", quote).status == 201
    stranger.client.close()


def test_a_quote_into_another_currency_than_the_wallets_is_declined(traveller, bank):
    singapore = bank.open("SGD")
    answer = traveller.send(singapore, "10.00", traveller.quote("10.00").json["id"])
    assert (answer.status, answer.code) == (409, "currency_mismatch")
    assert traveller.bank.available(traveller.dollars) == "1000.00"
    crossed = traveller.send(singapore, "10.00", traveller.quote("10.00", to="SGD").json["id"])
    assert crossed.status == 201 and bank.available(singapore) == crossed.json["fx"]["destination_amount"]


def test_a_friend_by_his_name_gets_it_in_the_quotes_currency(traveller, ani):
    body = {"source_wallet_id": traveller.dollars, "destination": {"username": ani.person.user["username"]},
            "amount": "10.00", "currency": "USD", "quote_id": traveller.quote("10.00").json["id"]}
    answer = traveller.client.post("/v1/transfers", body, key=key())
    assert answer.status == 201 and answer.json["destination_wallet_id"] == ani.wallet, answer
    assert ani.balance()["available"] == "1152005.55"


def test_what_comes_to_less_than_the_smallest_unit_gets_no_quote(server, client, ani):
    answer = ani.client.post("/v1/fx/quotes", {"from": "IDR", "to": "USD", "amount": "1.00"})
    assert (answer.status, answer.code) == (409, "converts_to_nothing")


def pay(traveller, shop, amount, **more):
    body = {"merchant_id": shop.id, "wallet_id": traveller.dollars, "amount": amount, "currency": "USD",
            "quote_id": traveller.quote(amount).json["id"]} | more
    return traveller.client.post("/v1/payments", body, key=key())


def test_a_payment_in_dollars_pays_a_shop_in_rupiah_and_goes_back_to_the_last_unit(traveller, shop):
    paid = pay(traveller, shop, "10.01")
    assert paid.status == 201, paid
    assert (paid.json["status"], paid.json["fx"]["destination_amount"]) == ("completed", "152157.55")
    assert shop.balance()["available"] == "152157.55"
    part = shop.refund(paid.json["id"], "3.33")
    assert part.status == 201, part
    assert (part.json["amount"], part.json["currency"]) == ("50617.84", "IDR")
    assert (part.json["fx"]["destination_amount"], part.json["fx"]["destination_currency"]) == ("3.33", "USD")
    assert shop.refund(paid.json["id"], "6.69").code == "refund_exceeded"
    assert shop.refund(paid.json["id"]).status == 201
    assert shop.balance()["available"] == "0.00"
    assert traveller.bank.available(traveller.dollars) == "1000.00"
    seen = traveller.client.get(f"/v1/transactions/{paid.json['id']}").json
    assert (seen["captured_amount"], seen["refunded_amount"]) == ("10.01", "10.01")


def test_captures_of_a_converted_payment_go_by_its_rate(traveller, shop):
    payment = pay(traveller, shop, "10.00", capture="manual").json["id"]
    assert shop.act(payment, "increment", {"amount": "1.00"}).code == "payment_converted"
    converted = lambda answer: [answer.json["fx"][name] for name in  # noqa: E731
                                ("destination_amount", "captured_destination_amount", "rounding")]
    begun = traveller.client.get(f"/v1/transactions/{payment}")
    assert converted(begun) == ["152005.55", "0.00", "0"]
    part = shop.act(payment, "capture", {"amount": "3.33"})
    assert part.status == 200 and shop.balance()["available"] == "50617.84"
    assert converted(part) == ["152005.55", "50617.84", "0.00815"]
    done = shop.act(payment, "capture", {"amount": "3.34", "final": True}, key="the last one")
    assert done.status == 200, done
    assert shop.balance()["available"] == "101387.69"
    assert converted(done) == ["152005.55", "101387.69", "0.01185"]
    again = shop.act(payment, "capture", {"amount": "3.34", "final": True}, key="the last one")
    assert again.body == done.body and again.is_replay
    assert traveller.client.get(f"/v1/transactions/{payment}").json["fx"] == done.json["fx"]
    assert traveller.bank.wallet(traveller.dollars)["balance"] == {"available": "993.33", "held": "0.00", "total": "993.33"}


def test_a_till_quotes_for_itself_when_it_charges_a_foreign_card(server, client):
    shop = Shop(server, client, scopes=("payments:write", "fx:read", "fx:quote"))
    guest = Customer(server, client, amount=None)
    assert guest.top_up("1000000.00").status == 201
    singapore = shop.owner.open_wallet("SGD")
    merchant = shop.owner.add_merchant(wallet=singapore)["id"]
    assert client.post(f"/v1/merchants/{merchant}/status", {"status": "active"}).status == 200
    made = shop.owner.client.post(f"/v1/merchants/{merchant}/api-keys",
                                  {"name": "till", "scopes": ["payments:write", "fx:read", "fx:quote"]})
    headers = {"X-Api-Key": made.json["key"]}
    quote = shop.client.post("/v1/fx/quotes", {"from": "IDR", "to": "SGD", "amount": "116000.00"}, headers=headers)
    assert quote.status == 201, quote
    body = {"card": guest.shown_card(), "amount": "116000.00", "currency": "IDR", "quote_id": quote.json["id"]}
    paid = shop.client.post("/v1/payments", body, key=key(), headers=headers)
    assert paid.status == 201, paid
    assert Bank(shop.owner.client).available(singapore) == paid.json["fx"]["destination_amount"]
    shop.close()
    guest.close()


def test_positions_say_what_they_are_worth_and_where_nobody_knows(client, bank):
    shown = client.get("/v1/fx/positions?currency=USD").json
    by_currency = {row["currency"]: row for row in shown["data"]}
    for row in by_currency.values():
        side = {1: "long", 0: "flat", -1: "short"}[(Decimal(row["position"]) > 0) - (Decimal(row["position"]) < 0)]
        assert row["side"] == side
    if "USD" in by_currency:
        assert by_currency["USD"]["value"] == by_currency["USD"]["position"]
    nowhere = client.get("/v1/fx/positions?currency=KWD").json
    assert nowhere["total_value"] is None or not nowhere["data"]


def test_the_books_of_every_currency_are_sound(client, database):
    balance = client.get("/v1/ledger/trial-balance").json
    assert balance["is_balanced"]
    assert any(row["account"] == "fx:USD" for row in balance["data"])
    dompetctl("verify", "--database", database)
