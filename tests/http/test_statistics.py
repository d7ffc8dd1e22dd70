"""Statistics: what moved, when, and how much. The sums themselves, month by month, are proved in tests/postgres."""

import re
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from processes import ROOT, dompetctl, psql, wait_until


def this_month():
    now = datetime.now(timezone.utc)
    return now.year, now.month


def month_name(year, month):
    return f"{year:04}-{month:02}"


class Statistics:
    def __init__(self, client):
        self.client = client

    def ask(self, **parameters):
        answer = self.client.get("/v1/statistics?" + "&".join(f"{name}={value}" for name, value in parameters.items()))
        assert answer.status == 200, answer
        return answer.json

    def of_month(self, month=None, **parameters):
        """The row of this month, or of another one."""
        year, number = this_month()
        rows = self.ask(group_by="month", year=year, **parameters)["data"]
        row, = [row for row in rows if row["period"] == (month or month_name(year, number))]
        return row

    def refusal(self, **parameters):
        answer = self.client.get("/v1/statistics?" + "&".join(f"{name}={value}" for name, value in parameters.items()))
        return answer.status, answer.code


@pytest.fixture
def statistics(client):
    return Statistics(client)


@pytest.fixture
def moved(bank):
    """A wallet with some of everything that can be asked for."""
    wallet, other = bank.open(), bank.open()
    assert bank.top_up(wallet, "1000.00").status == 201
    assert bank.top_up(wallet, "500.00", method="visa").status == 201
    assert bank.transfer(wallet, other, "300.00").status == 201
    assert bank.transfer(other, wallet, "20.00").status == 201
    assert bank.transfer(wallet, other, "99999.00").status == 402
    return wallet, other


def test_a_year_has_twelve_months_and_a_zero_where_nothing_was(statistics, moved):
    wallet, _ = moved
    year, month = this_month()
    answer = statistics.ask(kind="topup", group_by="month", year=year, wallet_id=wallet)
    assert [row["period"] for row in answer["data"]] == [month_name(year, number) for number in range(1, 13)]
    for row in answer["data"]:
        assert "method" not in row and "status" not in row
        expected = (2, "1500.00") if row["period"] == month_name(year, month) else (0, "0.00")
        assert (row["count"], row["amount"], row["currency"]) == (*expected, "IDR")
    assert answer["totals"] == [{"currency": "IDR", "count": 2, "amount": "1500.00"}]
    assert (answer["from"], answer["to"]) == (f"{year}-01-01T00:00:00.000Z", f"{year + 1}-01-01T00:00:00.000Z")
    assert answer["pending_records"] == 0


def test_years_are_five_up_to_the_one_that_was_asked_for(statistics, moved):
    year, _ = this_month()
    answer = statistics.ask(kind="topup", group_by="year", year=year, wallet_id=moved[0])
    assert [row["period"] for row in answer["data"]] == [str(year - before) for before in (4, 3, 2, 1, 0)]
    assert [row["amount"] for row in answer["data"]] == ["0.00"] * 4 + ["1500.00"]


def test_a_month_stands_beside_the_one_before_it(statistics, moved):
    year, month = this_month()
    answer = statistics.ask(kind="topup", group_by="month", year=year, month=month, wallet_id=moved[0])
    before = month_name(year, month - 1) if month > 1 else month_name(year - 1, 12)
    assert [row["period"] for row in answer["data"]] == [before, month_name(year, month)]
    january = statistics.ask(group_by="month", year=2025, month=1, wallet_id=moved[0])
    assert [row["period"] for row in january["data"]] == ["2024-12", "2025-01"]


def test_by_status_a_year_stands_beside_the_one_before_it(statistics, moved):
    year, month = this_month()
    rows = statistics.ask(measure="count", kind="transfer", group_by="status", year=year, wallet_id=moved[0])["data"]
    assert [(row["period"], row["status"], row["count"]) for row in rows] == [
        (str(year - 1), "completed", 0), (str(year - 1), "failed", 0),
        (str(year), "completed", 2), (str(year), "failed", 1)]
    months = statistics.ask(measure="count", kind="transfer", group_by="status", year=year, month=month,
                            wallet_id=moved[0])["data"]
    assert len(months) == 4 and {row["period"] for row in months} >= {month_name(year, month)}


def test_methods_are_told_apart_and_have_zeros_too(statistics, moved):
    year, month = this_month()
    rows = statistics.ask(kind="topup", group_by="month,method", year=year, wallet_id=moved[0])["data"]
    assert len(rows) == 24
    assert {(row["method"], row["amount"]) for row in rows if row["period"] == month_name(year, month)} == {
        ("bri", "1000.00"), ("visa", "500.00")}
    alone = statistics.ask(kind="topup", group_by="method", year=year, month=month, wallet_id=moved[0])["data"]
    assert [(row["period"], row["method"], row["count"]) for row in alone] == [
        (month_name(year, month), "bri", 1), (month_name(year, month), "visa", 1)]


def test_what_failed_is_never_an_amount(statistics, moved):
    wallet, other = moved
    assert statistics.of_month(kind="transfer", direction="out", wallet_id=wallet)["amount"] == "300.00"
    failed = statistics.of_month(measure="failed_amount", kind="transfer", wallet_id=wallet)
    assert (failed["count"], failed["failed_amount"]) == (1, "99999.00")
    assert "amount" not in failed
    assert statistics.of_month(measure="failed_amount", kind="transfer", wallet_id=other)["count"] == 0


def test_sent_and_received_are_told_apart(statistics, moved):
    wallet, other = moved
    assert statistics.of_month(kind="transfer", direction="out", wallet_id=wallet)["amount"] == "300.00"
    assert statistics.of_month(kind="transfer", direction="in", wallet_id=wallet)["amount"] == "20.00"
    assert statistics.of_month(kind="transfer", direction="in", wallet_id=other)["amount"] == "300.00"
    assert statistics.of_month(kind="transfer", wallet_id=wallet)["amount"] == "320.00"


def test_a_transfer_is_not_counted_twice_in_the_whole_ledger(statistics, bank):
    wallet, other = bank.open_with("1000.00", "SGD"), bank.open("SGD")
    before = statistics.of_month(kind="transfer", currency="SGD")
    assert bank.transfer(wallet, other, "7.00", "SGD").status == 201
    for direction in ({}, {"direction": "in"}, {"direction": "out"}):
        after = statistics.of_month(kind="transfer", currency="SGD", **direction)
        assert after["count"] == before["count"] + 1
        assert Decimal(after["amount"]) == Decimal(before["amount"]) + 7


def test_a_balance_is_that_of_the_periods_end_and_nobody_knows_the_future(statistics, bank, moved):
    year, month = this_month()
    wallet, _ = moved
    assert statistics.of_month(measure="balance", wallet_id=wallet)["balance"] == bank.available(wallet) == "1220.00"
    rows = statistics.ask(measure="balance", group_by="month", year=year, wallet_id=wallet)["data"]
    assert [row["balance"] for row in rows] == (
        ["0.00"] * (month - 1) + ["1220.00"] + [None] * (12 - month))
    years = statistics.ask(measure="balance", group_by="year", year=year + 1, wallet_id=wallet)["data"]
    assert [row["balance"] for row in years] == ["0.00"] * 3 + ["1220.00", None]


def test_sums_are_wider_than_32_bits(statistics, bank):
    wallet = bank.open()
    for _ in range(3):
        assert bank.top_up(wallet, "9999999999999.99").status == 201
    assert statistics.of_month(kind="topup", wallet_id=wallet)["amount"] == "29999999999999.97"


def test_currencies_are_never_added_up(statistics, bank):
    bank.open_with("1.00", "USD")
    bank.open_with("1.00", "IDR")
    year, _ = this_month()
    answer = statistics.ask(kind="topup", group_by="month", year=year)
    currencies = {row["currency"] for row in answer["data"]}
    assert {"USD", "IDR"} <= currencies
    assert [row["currency"] for row in answer["totals"]] == list(dict.fromkeys(
        row["currency"] for row in answer["data"]))
    assert len(answer["data"]) == 12 * len(currencies)


@pytest.mark.parametrize("parameters", [
    {"measure": "balance", "kind": "topup"}, {"measure": "balance", "group_by": "method"},
    {"measure": "balance", "direction": "in"}, {"measure": "amount", "group_by": "status"},
    {"month": 13, "year": 2026}, {"year": 0}, {"year": 2026, "month": 1, "group_by": "year"},
    {"kind": "capture"}, {"measure": "everything"}, {"currency": "idr"}, {"group_by": "month,year"},
    {"wallet_id": "x"}, {"state": "active"},
    {"wallet_id": "0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11", "card_id": "0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11"}])
def test_a_question_without_a_meaning_is_refused(statistics, parameters):
    assert statistics.refusal(**parameters)[0] == 400


def test_an_unknown_wallet_has_no_statistics(statistics):
    assert statistics.refusal(wallet_id="0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11") == (404, "wallet_not_found")


def test_the_dashboard_is_what_the_ledger_moved(client, bank, moved):
    def rupiah():
        return next(row for row in client.get("/v1/dashboard").json["data"] if row["currency"] == "IDR")
    before = rupiah()
    assert bank.transfer(*moved, "5.00").status == 201
    assert bank.top_up(moved[0], "7.00").status == 201
    after = rupiah()
    assert after["transfers"]["count"] == before["transfers"]["count"] + 1
    assert Decimal(after["balance"]) == Decimal(before["balance"]) + 7
    assert Decimal(after["topups"]["amount"]) == Decimal(before["topups"]["amount"]) + 7


def test_rebuilt_statistics_are_the_same_and_verify(statistics, server, database, moved):
    year, _ = this_month()
    before = statistics.ask(group_by="month,method", year=year)
    dompetctl("statistics", "rebuild", "--database", database)
    assert statistics.ask(group_by="month,method", year=year)["data"] == before["data"]

    def is_counted():
        return psql(database, "SELECT count(*) FROM shard s WHERE (SELECT max(shard_seq) FROM journal j WHERE j.shard ="
                              " s.shard) > coalesce((SELECT shard_seq FROM movement_mark m WHERE m.shard = s.shard), 0)")
    wait_until(lambda: is_counted()[0][0] == "0", "the statistics to be counted")
    assert statistics.ask(group_by="month,method", year=year)["data"] == before["data"]
    assert "BROKEN" not in dompetctl("verify", "--database", database).stdout
