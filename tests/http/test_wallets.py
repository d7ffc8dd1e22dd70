"""Wallets: open, read, change, freeze, close, statement."""

import csv
import io
import uuid

import pytest

from processes import wait_until


def no_limits(**but):
    """A wallet's limits as they are answered, when there are none but these."""
    return {"per_transaction": None, "per_day": None, "per_week": None, "per_month": None, "by_kind": {},
            "maximum_balance": None, "credit_limit": "0.00"} | but


def test_a_new_wallet_is_empty(client):
    answer = client.post("/v1/wallets", {"name": "Dompet Ani", "currency": "JPY"})
    assert answer.status == 201
    wallet = answer.json
    assert answer.headers["location"] == f"/v1/wallets/{wallet['id']}"
    assert wallet == {"id": wallet["id"], "user_id": wallet["user_id"], "name": "Dompet Ani", "currency": "JPY",
                      "status": "active", "balance": {"available": "0", "held": "0", "total": "0"},
                      "limits": no_limits(credit_limit="0"), "spent": {"day": "0", "week": "0", "month": "0"},
                      "version": 1, "created_at": wallet["created_at"]}
    assert client.get(f"/v1/wallets/{wallet['id']}").json == wallet


@pytest.mark.parametrize("read", ["default", "strict", "stale"])
def test_a_wallet_can_be_read_in_three_ways(bank, read):
    wallet = bank.open_with("10.00")
    answer = bank.client.get(f"/v1/wallets/{wallet}?read={read}")
    assert answer.status == 200
    assert answer.json["balance"]["available"] == "10.00"


def test_a_wallet_can_be_read_as_of_a_moment(bank):
    wallet = bank.open_with("10.00")
    then = bank.client.get(f"/v1/wallets/{wallet}/entries").json["data"][0]["at"]
    wait_until(lambda: bank.top_up(wallet, "5.00").json["completed_at"] > then, "the clock went on")
    past = bank.client.get(f"/v1/wallets/{wallet}?as_of={then}").json
    assert past["balance"]["available"] == "10.00"
    assert past["as_of"] == then
    assert bank.client.get(f"/v1/wallets/{wallet}?as_of=2001-01-01T00:00:00Z").status == 404


@pytest.mark.parametrize("query", ["read=fast", "as_of=yesterday", "as_of=2026-13-01T00:00:00Z"])
def test_a_read_that_makes_no_sense_is_refused(bank, query):
    answer = bank.client.get(f"/v1/wallets/{bank.open()}?{query}")
    assert (answer.status, answer.code) == (400, "invalid_parameter")


def test_name_and_limits_can_be_changed(bank):
    wallet = bank.open()
    patch = {"name": "Budi", "limits": {"per_transaction": "100.5", "maximum_balance": 5000}}
    answer = bank.client.request("PATCH", f"/v1/wallets/{wallet}", patch)
    assert answer.status == 200
    assert answer.json["name"] == "Budi"
    assert answer.json["limits"] == no_limits(per_transaction="100.50", maximum_balance="5000.00")
    answer = bank.client.request("PATCH", f"/v1/wallets/{wallet}", {"limits": {"per_transaction": None}})
    assert answer.json["limits"] == no_limits(maximum_balance="5000.00")
    assert answer.json["name"] == "Budi"


@pytest.mark.parametrize("patch, code", [
    ({}, "missing_field"), ({"name": ""}, "invalid_field"), ({"name": "x" * 101}, "invalid_field"),
    ({"status": "frozen"}, "unknown_field"), ({"limits": {"per_year": 1}}, "unknown_field"),
    ({"limits": {"per_transaction": "0.00"}}, "invalid_amount"), ({"limits": {"credit_limit": "-1"}}, "invalid_amount"),
    ({"limits": {"maximum_balance": "1.001"}}, "invalid_amount"), ({"limits": 5}, "invalid_field"),
    ({"limits": {"by_kind": {"topup": {}}}}, "unknown_field"), ({"limits": {"per_day": "-1"}}, "invalid_amount"),
    ({"limits": {"by_kind": {"transfer": 5}}}, "invalid_field"),
    ({"name": "a\nb"}, "invalid_field"),
])
def test_a_change_that_makes_no_sense_is_refused(bank, patch, code):
    answer = bank.client.request("PATCH", f"/v1/wallets/{bank.open()}", patch)
    assert (answer.status, answer.code) == (400, code)


def test_names_are_counted_in_characters(bank):
    name = "\u00e9" * 100
    assert bank.wallet(bank.open(name=name))["name"] == name


def test_a_frozen_wallet_moves_no_money_until_it_is_unfrozen(bank):
    wallet, other = bank.open_with("10.00"), bank.open()
    assert bank.client.post(f"/v1/wallets/{wallet}/freeze").json["status"] == "frozen"
    assert bank.transfer(wallet, other, "1.00").code == "wallet_frozen"
    assert bank.client.post(f"/v1/wallets/{wallet}/unfreeze", {}).json["status"] == "active"
    assert bank.transfer(wallet, other, "1.00").status == 201


def test_only_an_empty_wallet_can_be_closed(bank):
    wallet, other = bank.open_with("10.00"), bank.open()
    answer = bank.client.post(f"/v1/wallets/{wallet}/close")
    assert (answer.status, answer.code) == (409, "wallet_not_empty")
    bank.transfer(wallet, other, "10.00")
    assert bank.client.post(f"/v1/wallets/{wallet}/close").json["status"] == "closed"
    assert bank.client.post(f"/v1/wallets/{wallet}/freeze").code == "wallet_closed"
    assert bank.top_up(wallet, "1.00").code == "wallet_closed"


@pytest.mark.parametrize("method, path", [("POST", "freeze"), ("POST", "unfreeze"), ("POST", "close"), ("GET", "entries")])
def test_a_wallet_that_is_not_there_is_404(client, method, path):
    answer = client.request(method, f"/v1/wallets/{uuid.uuid4()}/{path}")
    assert (answer.status, answer.code) == (404, "wallet_not_found")


def test_the_statement_tells_every_entry_newest_first(bank):
    wallet, other = bank.open_with("10.00"), bank.open()
    transfer = bank.transfer(wallet, other, "2.50").json
    entries = bank.client.get(f"/v1/wallets/{wallet}/entries").json["data"]
    assert [entry["seq"] for entry in entries] == list(range(len(entries), 0, -1))
    assert entries[-1]["kind"] == "opened"
    newest = entries[0]
    assert newest["transaction_id"] == transfer["id"]
    assert newest["counterparty_wallet_id"] == other
    assert newest["balance_after"] == "7.50"
    assert newest["held_after"] == "0.00"
    assert len(newest["hash"]) == 64
    from decimal import Decimal
    assert sum(Decimal(entry["amount"]) for entry in entries) == Decimal("7.50")
    top_up = next(entry for entry in entries if entry["kind"] == "credited")
    assert top_up["amount"] == "10.00" and top_up["counterparty_wallet_id"] is None


def test_the_statement_can_be_had_as_csv(bank):
    wallet = bank.open()
    for _ in range(3):
        bank.top_up(wallet, "1.00")
    answer = bank.client.get(f"/v1/wallets/{wallet}/entries?limit=3", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    as_json = bank.client.get(f"/v1/wallets/{wallet}/entries?limit=3").json["data"]
    assert answer.headers["content-disposition"] == f'attachment; filename="wallet-{wallet}.csv"'
    assert rows == [{name: "" if value is None else str(value) for name, value in entry.items()} for entry in as_json]
    link = answer.headers["link"]
    assert link.endswith('rel="next"')
    rest = bank.client.get(link[1:link.index(">")], headers={"Accept": "text/csv"})
    assert len(list(csv.DictReader(io.StringIO(rest.body.decode())))) == 1
    assert "link" not in rest.headers


def test_a_statement_says_in_which_currency_how_and_what_for(bank):
    wallet, other = bank.open_with("1500", "JPY"), bank.open("JPY")
    told = 'lunch, "warm"'
    assert bank.transfer(wallet, other, "500", "JPY", description=told).status == 201
    assert bank.transfer(wallet, other, "600", "JPY", description="=1+1").status == 201
    entries = bank.client.get(f"/v1/wallets/{wallet}/entries").json["data"]
    assert [(entry["currency"], entry["method"], entry["description"]) for entry in entries] == [
        ("JPY", None, "=1+1"), ("JPY", None, told), ("JPY", "bri", None), ("JPY", None, None)]
    rows, _ = as_csv(bank, f"/v1/wallets/{wallet}/entries")
    assert [(row["currency"], row["method"], row["description"]) for row in rows] == [
        ("JPY", "", "'=1+1"), ("JPY", "", told), ("JPY", "bri", ""), ("JPY", "", "")]
    assert bank.client.get(f"/v1/wallets/{wallet}/entries").headers.get("content-disposition") is None


def as_csv(bank, path):
    answer = bank.client.get(path, headers={"Accept": "text/csv"})
    assert answer.status == 200, answer
    return list(csv.DictReader(io.StringIO(answer.body.decode()))), answer.headers.get("link")


def test_a_statement_of_a_period_is_complete_and_has_nothing_else(bank):
    wallet = bank.open()
    for _ in range(6):
        bank.top_up(wallet, "1.00")
    path = f"/v1/wallets/{wallet}/entries"
    entries = bank.client.get(path).json["data"]
    times = [entry["at"] for entry in entries]
    begin, end = times[4], times[1]
    expected = [str(entry["seq"]) for entry in entries if begin <= entry["at"] < end]
    period = f"{path}?from={begin}&to={end}"
    assert [str(entry["seq"]) for entry in bank.client.get(period).json["data"]] == expected
    rows, link = as_csv(bank, period)
    assert [row["seq"] for row in rows] == expected and link is None
    pages, page = [], f"{period}&limit=1"
    while page:
        rows, link = as_csv(bank, page)
        pages += rows
        page = link and link[1:link.index(">")]
    assert [row["seq"] for row in pages] == expected
    assert as_csv(bank, f"{path}?to=2020-01-01T00:00:00Z")[0] == []
    assert as_csv(bank, f"{path}?from=2099-01-01T00:00:00Z")[0] == []


def test_a_csv_statement_is_bounded(bank):
    wallet = bank.open()
    for limit, status in ((10_000, 200), (10_001, 400)):
        assert bank.client.get(f"/v1/wallets/{wallet}/entries?limit={limit}",
                               headers={"Accept": "text/csv"}).status == status
    assert bank.client.get(f"/v1/wallets/{wallet}/entries?limit=201").status == 400


def test_wallets_are_listed_newest_first_and_found_by_name(bank):
    mark = uuid.uuid4().hex
    opened = [bank.open(name=f"{mark} {number}") for number in range(5)]
    listed = list(bank.client.all(f"/v1/wallets?search={mark}", limit=2))
    assert [wallet["id"] for wallet in listed] == opened[::-1]
    assert listed[0] == bank.wallet(opened[-1])
