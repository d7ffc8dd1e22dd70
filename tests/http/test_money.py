"""Top-ups and transfers: what is accepted, what is declined, and how it is answered."""

import json
import uuid

import pytest

GOOD_AMOUNTS = [
    ("IDR", "125000.00", "125000.00"), ("IDR", "125000.5", "125000.50"), ("IDR", "125000", "125000.00"),
    ("IDR", 125000, "125000.00"), ("IDR", "0.01", "0.01"), ("JPY", "7", "7"), ("JPY", 7, "7"),
    ("KWD", "1.234", "1.234"), ("KWD", 1, "1.000"), ("USD", "007.10", "7.10"),
]
BAD_AMOUNTS = [
    ("IDR", "1.001"), ("IDR", "0"), ("IDR", "0.00"), ("IDR", 0), ("IDR", -1), ("IDR", "-1"), ("IDR", "+1"), ("IDR", 1.5),
    ("IDR", 1.0), ("IDR", "1e3"), ("IDR", ""), ("IDR", " 1"), ("IDR", "1."), ("IDR", ".5"), ("IDR", "1,000.00"),
    ("IDR", "NaN"), ("IDR", "0x10"), ("IDR", True), ("IDR", []), ("IDR", {}), ("IDR", "92233720368547758.08"),
    ("IDR", 92233720368547759), ("IDR", 10**30), ("JPY", "1.0"), ("KWD", "1.2345"), ("IDR", "\u0661"),
]


@pytest.mark.parametrize("currency, amount, shown", GOOD_AMOUNTS)
def test_an_amount_is_a_decimal_text_or_whole_major_units(bank, currency, amount, shown):
    answer = bank.top_up(bank.open(currency), amount, currency)
    assert answer.status == 201, answer
    assert answer.json["amount"] == shown


@pytest.mark.parametrize("currency, amount", BAD_AMOUNTS)
def test_anything_else_is_no_amount(bank, currency, amount):
    wallet = bank.open(currency)
    answer = bank.top_up(wallet, amount, currency)
    assert (answer.status, answer.code) == (400, "invalid_amount"), answer
    assert answer.json["errors"][0]["field"] == "amount"


def test_exponents_are_no_amounts_however_whole(bank):
    wallet = bank.open()
    body = json.dumps({"wallet_id": wallet, "amount": "?", "currency": "IDR", "method": "bri"}).replace('"?"', "1e3")
    answer = bank.client.post("/v1/topups", body.encode(), key=bank.key())
    assert answer.code == "invalid_amount"


def test_a_top_up_is_answered_with_its_transaction(bank):
    wallet = bank.open()
    answer = bank.top_up(wallet, "50000.00", method="gopay")
    assert answer.status == 201
    top_up = answer.json
    assert answer.headers["location"] == f"/v1/transactions/{top_up['id']}"
    assert top_up == {"id": top_up["id"], "kind": "topup", "status": "completed", "amount": "50000.00", "currency": "IDR",
                      "source_wallet_id": None, "destination_wallet_id": wallet, "method": "gopay", "description": None,
                      "metadata": {}, "decline": None, "created_at": top_up["created_at"],
                      "completed_at": top_up["completed_at"]}
    assert top_up["completed_at"] >= top_up["created_at"]
    assert bank.client.get(answer.headers["location"]).json == top_up
    assert bank.available(wallet) == "50000.00"


def test_there_are_21_top_up_methods(bank):
    methods = [row["method"] for row in bank.client.get("/v1/topups/methods").json["data"]]
    assert len(set(methods)) == 21
    wallet = bank.open()
    for method in methods:
        assert bank.top_up(wallet, "1.00", method=method).status == 201
    assert bank.top_up(wallet, "1.00", method="cash").code == "unknown_method"


def test_a_transfer_moves_the_money(bank):
    source, destination = bank.open_with("100.00"), bank.open()
    metadata = {"order": 17, "tags": ["a", "b"], "price": 1.10, "deep": {"x": None}}
    answer = bank.transfer(source, destination, "30.00", description="lunch \u2615 \"now\"\n", metadata=metadata)
    assert answer.status == 201
    transfer = answer.json
    assert transfer["kind"] == "transfer" and transfer["status"] == "completed"
    assert transfer["source_wallet_id"] == source and transfer["destination_wallet_id"] == destination
    assert transfer["description"] == "lunch \u2615 \"now\"\n"
    assert transfer["metadata"] == metadata
    assert "method" not in transfer
    assert (bank.available(source), bank.available(destination)) == ("70.00", "30.00")
    assert bank.client.get(f"/v1/transactions/{transfer['id']}").json == transfer


def test_numbers_in_metadata_stay_as_they_were_written(bank):
    body = '{"source_wallet_id":"%s","destination_wallet_id":"%s","amount":1,"currency":"IDR","metadata":{"n":1.10,"m":1e2}}'
    answer = bank.client.post("/v1/transfers", (body % (bank.open_with(5), bank.open())).encode(), key=bank.key())
    assert b'"metadata":{"m":1e2,"n":1.10}' in answer.body


@pytest.mark.parametrize("more, field", [
    ({"description": "x" * 501}, "description"), ({"description": 5}, "description"), ({"metadata": []}, "metadata"),
    ({"metadata": {"x": "y" * 4096}}, "metadata"), ({"metadata": "{}"}, "metadata"),
])
def test_description_and_metadata_are_bounded(bank, more, field):
    answer = bank.transfer(bank.open(), bank.open(), 1, **more)
    assert (answer.status, answer.code) == (400, "invalid_field")
    assert answer.json["errors"][0]["field"] == field


def declined(answer, status, code):
    assert (answer.status, answer.code) == (status, code), answer
    problem = answer.json
    assert problem["transaction_id"]
    assert problem["instance"] == f"/v1/transactions/{problem['transaction_id']}"
    assert problem["retryable"] is False
    return problem["transaction_id"]


def test_more_than_the_balance_is_declined(bank):
    source, destination = bank.open_with("10.00"), bank.open()
    transaction = declined(bank.transfer(source, destination, "10.01"), 402, "insufficient_funds")
    seen = bank.client.get(f"/v1/transactions/{transaction}").json
    assert seen["status"] == "declined"
    assert seen["decline"]["code"] == "insufficient_funds"
    assert (bank.available(source), bank.available(destination)) == ("10.00", "0.00")


@pytest.mark.parametrize("currency, least, less", [("NOK", "50.00", "49.99"), ("CHF", "2.50", "2.49")])
def test_the_least_top_up_is_its_currencys_own(bank, currency, least, less):
    wallet = bank.open(currency)
    answer = bank.top_up(wallet, less, currency)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "amount_too_small")
    assert least in answer.json["errors"][0]["detail"]
    assert bank.top_up(wallet, least, currency).status == 201
    assert bank.top_up(bank.open("SEK"), "0.01", "SEK").status == 201


def test_a_credit_limit_lets_the_balance_fall_below_zero(bank):
    source, destination = bank.open(limits={"credit_limit": "5.00"}), bank.open()
    assert bank.transfer(source, destination, "5.00").status == 201
    assert bank.available(source) == "-5.00"
    declined(bank.transfer(source, destination, "0.01"), 402, "insufficient_funds")


def test_limits_of_payer_and_receiver(bank):
    source = bank.open_with("100.00", limits={"per_transaction": "20.00"})
    destination = bank.open(limits={"maximum_balance": "30.00"})
    declined(bank.transfer(source, destination, "20.01"), 402, "transaction_limit_exceeded")
    assert bank.transfer(source, destination, "20.00").status == 201
    declined(bank.transfer(source, destination, "10.01"), 402, "maximum_balance_exceeded")
    assert (bank.available(source), bank.available(destination)) == ("80.00", "20.00")


def test_currencies_and_wallets_must_agree(bank):
    rupiah, dollars = bank.open_with("10.00"), bank.open("USD")
    declined(bank.transfer(rupiah, dollars, "1.00"), 409, "currency_mismatch")
    declined(bank.transfer(rupiah, rupiah, "1.00"), 409, "same_wallet")
    answer = bank.transfer(rupiah, str(uuid.uuid4()), "1.00")
    assert (answer.status, answer.code) == (404, "wallet_not_found")
    answer = bank.transfer(str(uuid.uuid4()), rupiah, "1.00")
    assert (answer.status, answer.code) == (404, "wallet_not_found")
    assert bank.available(rupiah) == "10.00"


def test_the_trial_balance_is_balanced(bank):
    bank.transfer(bank.open_with("10.00"), bank.open(), "1.00")
    sheet = bank.client.get("/v1/ledger/trial-balance").json
    assert sheet["is_balanced"] is True
    assert all(float(row["total"]) == 0 for row in sheet["sums"])
    assert any(row["account"] == "external:bri:IDR" for row in sheet["data"])
    assert any(row["account"] == "wallets:IDR" for row in sheet["data"])
