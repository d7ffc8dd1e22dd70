"""Lists: pages, cursors, filters."""

import base64

import pytest


@pytest.fixture
def busy(bank):
    """A wallet with a history of every sort."""
    wallet, other = bank.open_with("100.00"), bank.open()
    for number in range(1, 6):
        assert bank.transfer(wallet, other, f"{number}.00").status == 201
    assert bank.transfer(wallet, other, "900.00").status == 402
    assert bank.transfer(other, wallet, "2.00").status == 201
    assert bank.top_up(wallet, "7.00", method="visa").status == 201
    return wallet, other


def rows(bank, query):
    return list(bank.client.all(f"/v1/transactions?{query}"))


def amounts(bank, query):
    return [row["amount"] for row in rows(bank, query)]


@pytest.mark.parametrize("path", ["/v1/transactions?wallet_id={}", "/v1/wallets/{}/entries?", "/v1/sagas?wallet_id={}"])
@pytest.mark.parametrize("limit", [1, 3, 200])
def test_pages_put_together_are_the_whole_list(bank, busy, path, limit):
    path = path.format(busy[0])
    whole = bank.client.get(f"{path}&limit=200").json
    assert whole["next_cursor"] is None
    assert len(whole["data"]) >= 7
    assert without_ages(bank.client.all(path, limit=limit)) == without_ages(whole["data"])


def without_ages(rows):
    """Two answers were given at two moments."""
    return [{name: value for name, value in row.items() if name not in ("age_ms", "age_in_state_ms")} for row in rows]


def test_a_page_has_50_rows_unless_said_otherwise(bank):
    wallet = bank.open_with("100.00")
    other = bank.open()
    items = [{"idempotency_key": bank.key(), "source_wallet_id": wallet, "destination_wallet_id": other, "amount": 1,
              "currency": "IDR"} for _ in range(55)]
    assert bank.client.post("/v1/transfers/bulk", {"items": items}).status == 200
    page = bank.client.get(f"/v1/transactions?wallet_id={wallet}").json
    assert len(page["data"]) == 50 and page["next_cursor"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1.5", "99999999999"])
def test_a_limit_is_a_number_from_1_to_200(client, limit):
    answer = client.get(f"/v1/wallets?limit={limit}")
    assert (answer.status, answer.code) == (400, "invalid_parameter")


def test_a_cursor_belongs_to_its_list_and_filters(bank, busy):
    page = bank.client.get(f"/v1/transactions?wallet_id={busy[0]}&kind=transfer&limit=1").json
    cursor = page["next_cursor"]
    base64.urlsafe_b64decode(cursor)
    same = bank.client.get(f"/v1/transactions?kind=transfer&limit=2&wallet_id={busy[0]}&cursor={cursor}")
    assert same.status == 200
    for path in (f"/v1/transactions?wallet_id={busy[0]}&cursor={cursor}", f"/v1/transactions?cursor={cursor}",
                 f"/v1/transactions?wallet_id={busy[1]}&kind=transfer&cursor={cursor}",
                 f"/v1/wallets?cursor={cursor}", f"/v1/wallets/{busy[0]}/entries?cursor={cursor}",
                 f"/v1/sagas?wallet_id={busy[0]}&cursor={cursor}"):
        answer = bank.client.get(path)
        assert (answer.status, answer.code) == (400, "cursor_mismatch"), path


@pytest.mark.parametrize("cursor", ["x", "", "A" * 44, "!" * 44, "1" * 4000])
def test_a_cursor_that_is_none_is_refused(client, cursor):
    answer = client.get(f"/v1/wallets?cursor={cursor}")
    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_transactions_are_found_by_what_they_are(bank, busy):
    wallet, other = busy
    mine = f"wallet_id={wallet}"
    assert amounts(bank, mine) == ["7.00", "2.00", "900.00", "5.00", "4.00", "3.00", "2.00", "1.00", "100.00"]
    assert amounts(bank, f"{mine}&kind=topup") == ["7.00", "100.00"]
    assert amounts(bank, f"{mine}&status=declined") == ["900.00"]
    assert amounts(bank, f"{mine}&status=pending") == []
    assert amounts(bank, f"{mine}&status=completed&kind=transfer") == ["2.00", "5.00", "4.00", "3.00", "2.00", "1.00"]
    assert amounts(bank, f"{mine}&method=visa") == ["7.00"]
    assert amounts(bank, f"{mine}&min_amount=4.00&max_amount=7") == ["7.00", "5.00", "4.00"]
    assert amounts(bank, f"wallet_id={other}&kind=transfer&status=completed")[0] == "2.00"


def test_transactions_are_found_by_time(bank, busy):
    every = rows(bank, f"wallet_id={busy[0]}")
    middle = every[4]["created_at"]
    newer = rows(bank, f"wallet_id={busy[0]}&from={middle}")
    older = rows(bank, f"wallet_id={busy[0]}&to={middle}")
    assert all(row["created_at"] >= middle for row in newer) and every[0] in newer
    assert all(row["created_at"] <= middle for row in older) and every[-1] in older
    assert rows(bank, f"wallet_id={busy[0]}&from=2099-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["kind=gift", "status=odd", "method=cash", "from=now", "to=2026-11-20", "wallet_id=5",
                                   "min_amount=-1", "max_amount=1.234"])
def test_a_filter_that_makes_no_sense_is_refused(client, query):
    assert client.get(f"/v1/transactions?{query}").status == 400


def test_a_transfer_is_a_saga_with_a_timeline(bank, busy):
    transfer = bank.transfer(busy[0], busy[1], "1.00").json
    saga = bank.client.get(f"/v1/sagas/{transfer['id']}").json
    assert saga["id"] == transfer["id"]
    assert saga["state"] == "settled" and saga["amount"] == "1.00"
    assert (saga["source_wallet_id"], saga["destination_wallet_id"]) == busy
    timeline = bank.client.get(f"/v1/sagas/{transfer['id']}/timeline").json
    assert timeline["id"] == transfer["id"]
    records = [step for step in timeline["data"] if "postings" in step]
    assert [step["step"] for step in records] == ["transfer"]
    for step in records:
        assert sum(float(posting["amount"]) for posting in step["postings"]) == 0
    listed = bank.client.get(f"/v1/sagas?wallet_id={busy[0]}&state=settled&limit=1").json["data"]
    assert without_ages([saga | listed[0]]) == without_ages([saga])


def test_a_top_up_is_no_saga(bank):
    top_up = bank.top_up(bank.open(), "1.00").json
    assert bank.client.get(f"/v1/sagas/{top_up['id']}").status == 404
    assert bank.client.get(f"/v1/sagas/{top_up['id']}/timeline").status == 404


@pytest.mark.parametrize("text", ["%ED%A0%80", "%FF", "%C0%AF", "%E2%82", "%F4%90%80%80", "%00", "%F0%9F%92%B8", "%E0%80%80"])
def test_a_search_for_what_is_no_text_finds_nothing(bank, text):
    bank.open()
    answer = bank.client.get(f"/v1/wallets?search={text}")
    assert answer.status in (200, 400), answer
    assert answer.status == 400 or answer.json["data"] == []
