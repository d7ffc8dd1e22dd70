"""Statistics: what moved, when, and how much. The sums themselves, month by month, are proved in tests/postgres."""

import re
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from market import Customer, Shop
from people import add_person
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


def test_the_months_of_a_year_add_up_to_the_year(statistics, moved):
    year, _ = this_month()
    for kind in ("topup", "transfer"):
        months = statistics.ask(kind=kind, group_by="month", year=year, wallet_id=moved[0])["data"]
        whole = statistics.ask(kind=kind, group_by="year", year=year, wallet_id=moved[0])["data"][-1]
        assert sum(row["count"] for row in months) == whole["count"]
        assert sum(Decimal(row["amount"]) for row in months) == Decimal(whole["amount"])


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


def test_by_status_counts_unless_amounts_are_asked_for_and_then_tells_both(statistics, moved):
    year, month = this_month()
    question = {"kind": "transfer", "group_by": "month,status", "year": year, "month": month, "wallet_id": moved[0]}
    counts = statistics.ask(**question)
    assert counts["measure"] == "count"
    assert [row["count"] for row in counts["data"][-2:]] == [2, 1] and "amount" not in counts["data"][0]
    for measure in ("amount", "failed_amount"):
        answer = statistics.ask(measure=measure, **question)
        told = [(row["status"], row["count"], row["amount"], row["failed_amount"]) for row in answer["data"][-2:]]
        assert told == [("completed", 2, "320.00", "0.00"), ("failed", 1, "0.00", "99999.00")]
        assert answer["totals"] == [{"currency": "IDR", "count": 3, "amount": "320.00", "failed_amount": "99999.00"}]
    assert statistics.ask(group_by="status")["measure"] == "count"


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
    seen_as = ({}, {"direction": "in"}, {"direction": "out"})  # others convert from and to the currency
    counted = [statistics.of_month(kind="transfer", currency="SGD", **direction) for direction in seen_as]
    assert bank.transfer(wallet, other, "7.00", "SGD").status == 201
    for direction, before in zip(seen_as, counted):
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
    {"measure": "balance", "direction": "in"}, {"measure": "balance", "group_by": "status"},
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


# --- whose statistics somebody sees ---

@pytest.fixture
def ani(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


@pytest.fixture
def budi(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


def test_a_customer_sees_statistics_of_what_is_his_and_of_nothing_else(bank, ani, budi):
    card, merchant = ani.add_card(), ani.add_merchant()
    bank.top_up(card["wallet_id"], "10.00")
    questions = {"wallet_not_found": f"wallet_id={card['wallet_id']}", "card_not_found": f"card_id={card['id']}",
                 "merchant_not_found": f"merchant_id={merchant['id']}"}
    for code, question in questions.items():
        assert Statistics(ani.client).client.get(f"/v1/statistics?{question}").status == 200
        refused = budi.client.get(f"/v1/statistics?{question}")
        assert (refused.status, refused.code) == (404, code)
        unknown = budi.client.get(f"/v1/statistics?{question[:-4]}0000")
        assert (unknown.status, unknown.code) == (refused.status, refused.code)
    assert (budi.client.get(f"/v1/cards/{card['id']}/dashboard").status,
            ani.client.get(f"/v1/cards/{card['id']}/dashboard").status) == (404, 200)


def test_without_a_filter_a_customer_sees_his_wallets_together_and_nothing_twice(bank, ani, budi):
    year, _ = this_month()
    assert Statistics(ani.client).ask(group_by="year", year=year)["data"] == []
    one, other, foreign = ani.open_wallet(), ani.open_wallet(), budi.open_wallet()
    bank.top_up(one, "100.00")
    assert bank.transfer(one, other, "40.00").status == 201
    assert bank.transfer(one, foreign, "10.00").status == 201
    assert bank.transfer(foreign, other, "2.00").status == 201
    mine = Statistics(ani.client)
    assert mine.of_month(kind="transfer")["amount"] == "50.00"
    assert mine.of_month(kind="transfer", direction="in")["amount"] == "42.00"
    assert mine.of_month(kind="topup")["amount"] == "100.00"
    assert mine.of_month(measure="balance")["balance"] == "92.00"


def test_statistics_need_a_login(server):
    nobody = server.client(login=None)
    for path in ("/v1/statistics", "/v1/dashboard"):
        assert nobody.get(path).status == 401
    nobody.close()


def test_a_customers_dashboard_is_of_all_his_wallets_with_sent_and_received_apart(bank, ani, budi):
    one, other, foreign = ani.open_wallet(), ani.open_wallet(), budi.open_wallet()
    dollars = ani.open_wallet("USD")
    bank.top_up(one, "100.00"), bank.top_up(dollars, "3.00", "USD")
    assert bank.transfer(one, other, "40.00").status == 201
    assert bank.transfer(one, foreign, "10.00").status == 201
    mine = ani.client.get("/v1/dashboard").json
    assert (mine["scope"], mine["wallets"]) == ("wallets", 3)
    rupiah, dollar = sorted(mine["data"], key=lambda row: row["currency"])
    assert rupiah["balance"] == "90.00" and dollar["balance"] == "3.00"
    assert rupiah["topups"] == {"count": 1, "amount": "100.00"}
    assert rupiah["transfers_sent"] == {"count": 2, "amount": "50.00"}
    assert rupiah["transfers_received"] == {"count": 1, "amount": "40.00"}
    assert budi.client.get("/v1/dashboard").json["data"][0]["transfers_received"]["amount"] == "10.00"


def test_a_cards_dashboard_is_of_its_wallet(bank, client, ani):
    card = ani.add_card()
    empty = ani.client.get(f"/v1/cards/{card['id']}/dashboard").json
    assert (empty["card_id"], empty["wallet_id"]) == (card["id"], card["wallet_id"])
    assert empty["data"][0]["balance"] == "0.00"
    bank.top_up(card["wallet_id"], "25.00")
    for asked in (ani.client, client):
        row, = asked.get(f"/v1/cards/{card['id']}/dashboard").json["data"]
        assert (row["balance"], row["topups"], row["payments"]["count"]) == ("25.00", {"count": 1, "amount": "25.00"}, 0)


def test_a_stranger_leaves_no_trace_in_my_statistics(bank, ani, budi):
    wallet, his = ani.open_wallet(), budi.open_wallet()
    body = {"source_wallet_id": wallet, "destination_wallet_id": his, "amount": "1.00", "currency": "IDR"}
    assert budi.client.post("/v1/transfers", body, key=bank.key()).status == 404
    assert Statistics(ani.client).of_month(measure="failed_amount", wallet_id=wallet)["count"] == 0
    assert ani.client.post("/v1/transfers", body, key=bank.key()).status == 402
    assert Statistics(ani.client).of_month(measure="failed_amount", wallet_id=wallet)["count"] == 1


DOCUMENTED = re.findall(r"`((?:measure|kind)=[^`]*group_by=[^`]*)`", (ROOT / "docs/statistics.md").read_text())


def test_every_documented_question_is_answered(bank, ani, client):
    assert len(DOCUMENTED) == 104
    card, merchant = ani.add_card(), ani.add_merchant()
    bank.top_up(card["wallet_id"], "25.00"), bank.top_up(merchant["wallet_id"], "5.00")
    for question in DOCUMENTED:
        path = "/v1/statistics?" + question.replace("{card}", card["id"]).replace("{merchant}", merchant["id"])
        answer = client.get(path)
        assert answer.status == 200, (path, answer)
        periods = len({row["period"] for row in answer.json["data"]})
        wanted = 2 if "month=11" in question else 5 if "group_by=year" in question else 12
        assert periods == wanted or ("method" in question and periods == 0), path


# --- payments ---

@pytest.fixture
def citra(server, client):
    customer = Customer(server, client)
    yield customer
    customer.close()


@pytest.fixture
def shop(server, client):
    shop = Shop(server, client, scopes=("payments:write", "refunds:write", "transactions:read", "statistics:read"))
    yield shop
    shop.close()


def test_a_payment_counts_when_and_as_much_as_it_is_captured(statistics, citra, shop):
    payment = shop.authorize(citra, "100.00")
    mine = Statistics(citra.client)

    def paid():
        row = mine.of_month(kind="payment", card_id=citra.card["id"])
        return row["count"], row["amount"]
    assert paid() == (0, "0.00")
    assert shop.act(payment, "capture", {"amount": "30.00"}).status == 200
    assert paid() == (1, "30.00")
    assert shop.act(payment, "capture", {"amount": "20.00"}).status == 200
    assert shop.act(payment, "void").status == 200
    assert paid() == (2, "50.00")
    assert mine.of_month(measure="failed_amount", kind="payment", wallet_id=citra.wallet)["count"] == 0
    taken = statistics.of_month(kind="payment", direction="in", merchant_id=shop.id)
    assert (taken["count"], taken["amount"]) == (2, "50.00")


def test_a_refund_is_a_kind_of_its_own_and_takes_nothing_off_the_payment(citra, shop):
    payment = shop.charge(citra, "80.00").json["id"]
    assert shop.refund(payment, "30.00").status == 201
    mine = Statistics(citra.client)
    card = citra.card["id"]
    assert mine.of_month(kind="payment", card_id=card)["amount"] == "80.00"
    assert mine.of_month(kind="refund", card_id=card)["amount"] == "30.00"
    assert mine.of_month(measure="balance", card_id=card)["balance"] == citra.balance()["total"]
    row, = citra.client.get(f"/v1/cards/{card}/dashboard").json["data"]
    assert (row["balance"], row["payments"]["amount"], row["refunds_received"]["amount"]) == (
        citra.balance()["total"], "80.00", "30.00")


def test_another_card_of_the_wallet_has_its_own_payments_and_the_wallets_balance(citra, shop):
    other = citra.person.add_card(wallet_id=citra.wallet)
    assert shop.charge(citra, "80.00").status == 201
    row, = citra.client.get(f"/v1/cards/{other['id']}/dashboard").json["data"]
    assert (row["payments"]["amount"], row["balance"]) == ("0.00", citra.balance()["total"])


def test_a_merchants_key_sees_that_merchant_and_nothing_else(citra, shop):
    assert shop.charge(citra, "12.00").status == 201
    assert shop.charge(citra, "99999999.00").status == 402
    year, month = this_month()
    answer = shop.get(f"/v1/statistics?kind=payment&direction=in&year={year}&month={month}")
    assert answer.status == 200, answer
    assert answer.json["merchant_id"] == shop.id
    assert answer.json["data"][-1]["amount"] == "12.00"
    failed = shop.get(f"/v1/statistics?measure=failed_amount&kind=payment&year={year}&month={month}")
    assert (failed.json["data"][-1]["count"], failed.json["data"][-1]["failed_amount"]) == (1, "99999999.00")
    assert shop.get(f"/v1/statistics?wallet_id={shop.wallet}").status == 200
    private = shop.owner.open_wallet()
    for foreign in (f"wallet_id={private}", f"wallet_id={citra.wallet}", f"card_id={citra.card['id']}"):
        assert shop.get(f"/v1/statistics?{foreign}").status == 404
    assert shop.get("/v1/dashboard").json["wallets"] == 1


def test_a_withdrawal_counts_when_it_is_paid(citra):
    answer = citra.withdraw("40.00")
    assert answer.status in (201, 202), answer
    path = f"/v1/transactions/{answer.json['id']}"
    wait_until(lambda: citra.client.get(path).json["status"] == "completed", "the withdrawal is paid")
    row = Statistics(citra.client).of_month(kind="withdrawal", wallet_id=citra.wallet)
    assert (row["count"], row["amount"]) == (1, "40.00")
