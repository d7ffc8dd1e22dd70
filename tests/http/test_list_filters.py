"""The filters of GET /v1/transactions: by card, merchant, user, sender and receiver, currency; each keeps its pages."""

from datetime import datetime, timezone

import pytest

from market import Customer, Shop
from processes import wait_until

PATH = "/v1/transactions"
NOBODY = "01934810-0000-7000-8000-000000000000"


@pytest.fixture
def ani(server, client):
    customer = Customer(server, client, "1000.00")
    yield customer
    customer.close()


@pytest.fixture
def budi(server, client):
    customer = Customer(server, client, "500.00")
    yield customer
    customer.close()


@pytest.fixture
def shop(server, client):
    shop = Shop(server, client, scopes=("payments:write", "refunds:write", "transactions:read", "statistics:read"))
    yield shop
    shop.close()


def ids(rows):
    return [row["id"] for row in rows]


def found(client, query, **more):
    """The ids, and the same whatever the page's size."""
    whole = ids(client.all(f"{PATH}?{query}", limit=200, **more))
    assert len(set(whole)) == len(whole)
    for limit in (1, 2, 5):
        assert ids(client.all(f"{PATH}?{query}", limit=limit, **more)) == whole, (query, limit)
    return whole


def withdrawn(customer, amount):
    withdrawal = customer.withdraw(amount).json["id"]
    wait_until(lambda: customer.client.get(f"{PATH}/{withdrawal}").json["status"] == "completed", "the withdrawal is paid")
    return withdrawal


@pytest.fixture
def moved(ani, budi, shop):
    """One of everything of Ani's card, and what her wallet does by other cards or none."""
    other_card = ani.person.add_card(wallet_id=ani.wallet)
    things = {
        "topup": ani.top_up("10.00").json["id"],
        "sent": ani.transfer(budi.wallet, "20.00").json["id"],
        "received": budi.transfer(ani.wallet, "30.00").json["id"],
        "withdrawal": withdrawn(ani, "40.00"),
        "payment": shop.charge(ani, "50.00").json["id"],
        "other_card": shop.charge(ani, "51.00", card=ani.shown_card(
            **{name: other_card[name] for name in ("number", "cvv")})).json["id"],
        "without_card": ani.pay(shop.id, "52.00").json["id"],
    }
    things["refund"] = shop.refund(things["payment"], "5.00").json["id"]
    assert ani.transfer(budi.wallet, "99999.00").status == 402
    return things


# --- cards and merchants ---


def test_a_card_has_its_payments_and_everything_else_of_its_wallet(client, ani, moved):
    card = ani.card["id"]
    for caller in (client, ani.client):
        listed = found(caller, f"card_id={card}&status=completed")
        assert listed[:6] == [moved[name] for name in ("refund", "payment", "withdrawal", "received", "sent", "topup")]
        assert len(listed) == 7  # and the money that she began with
        assert found(caller, f"card_id={card}&kind=transfer&status=completed") == [moved["received"], moved["sent"]]
        assert found(caller, f"card_id={card}&kind=withdrawal") == [moved["withdrawal"]]
        assert moved["topup"] in found(caller, f"card_id={card}&kind=topup")
    assert moved["other_card"] not in found(client, f"card_id={card}")


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("kind", ["topup", "transfer", "withdrawal", "payment", "refund"])
@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_list_by_card_has_as_many_rows_as_the_statistics_count(client, ani, moved, kind, direction, status):
    now = datetime.now(timezone.utc)
    question = f"card_id={ani.card['id']}&kind={kind}&direction={direction}"
    rows = client.get(f"/v1/statistics?{question}&group_by=month,status&year={now.year}&month={now.month}").json["data"]
    counted = sum(row["count"] for row in rows if row["status"] == status)
    statuses = ("completed",) if status == "completed" else ("declined", "cancelled", "failed")
    assert sum(len(found(client, f"{question}&status={name}")) for name in statuses) == counted


def test_staff_finds_a_merchants_transactions_in_its_wallet(client, ani, budi, shop, moved):
    transfer = ani.transfer(shop.wallet, "3.00").json["id"]
    expected = [transfer, moved["refund"], moved["without_card"], moved["other_card"], moved["payment"]]
    assert found(client, f"merchant_id={shop.id}") == expected
    assert found(shop.owner.client, f"merchant_id={shop.id}") == expected
    assert found(client, f"merchant_id={shop.id}&kind=payment") == expected[2:]
    assert found(client, f"merchant_id={shop.id}&card_id={ani.card['id']}") == [
        transfer, moved["refund"], moved["payment"]]
    # A customer sees what he paid, not what others did.
    shop.charge(budi, "4.00")
    assert found(ani.client, f"merchant_id={shop.id}") == expected[1:]


def test_a_merchants_key_sees_all_of_its_wallet_and_of_a_card_its_payments_only(ani, shop, moved):
    transfer = ani.transfer(shop.wallet, "3.00").json["id"]
    seen = ids(shop.get(PATH).json["data"])
    assert seen == [transfer, moved["refund"], moved["without_card"], moved["other_card"], moved["payment"]]
    of_card = ids(shop.get(f"{PATH}?card_id={ani.card['id']}").json["data"])
    assert of_card == [moved["refund"], moved["payment"]]
    assert ids(shop.get(f"{PATH}?direction=out").json["data"]) == [moved["refund"]]
    assert shop.get(f"{PATH}?user_id={ani.id}").status == 400


@pytest.mark.parametrize("what", ["card", "merchant"])
def test_what_is_not_there_and_what_is_anothers_is_not_found(client, ani, budi, what):
    answer = client.get(f"{PATH}?{what}_id={NOBODY}")
    assert (answer.status, answer.code) == (404, f"{what}_not_found")
    if what == "card":
        answer = budi.client.get(f"{PATH}?card_id={ani.card['id']}")
        assert (answer.status, answer.code) == (404, "card_not_found")
    else:
        assert found(budi.client, f"merchant_id={NOBODY}") == []


# --- users, senders, receivers ---


def test_staff_reads_what_moved_in_all_wallets_of_a_user(client, ani, budi, moved):
    savings = ani.person.open_wallet(name="Tabungan")
    kept = ani.transfer(savings, "7.00").json["id"]
    listed = found(client, f"user_id={ani.id}")
    assert listed[0] == kept and set(moved.values()) < set(listed)
    assert listed == found(ani.client, f"user_id={ani.id}") == found(ani.client, "archived=all")
    declined = found(client, f"user_id={ani.id}&status=declined")
    assert len(declined) == 1 and declined == found(ani.client, "status=declined")
    assert found(client, f"user_id={NOBODY}") == []
    answer = budi.client.get(f"{PATH}?user_id={ani.id}")
    assert answer.status == 400 and answer.json["errors"][0]["field"] == "user_id"
    assert client.get(f"{PATH}?user_id={ani.id}&wallet_id={ani.wallet}").status == 400


def test_transactions_are_listed_by_sender_and_by_receiver(client, ani, budi, moved):
    mine = f"wallet_id={ani.wallet}&kind=transfer&status=completed"
    assert found(client, f"{mine}&direction=out") == [moved["sent"]]
    assert found(client, f"{mine}&direction=in") == [moved["received"]]
    theirs = f"wallet_id={budi.wallet}&kind=transfer"
    assert found(client, f"{theirs}&direction=in") == [moved["sent"]]
    assert found(client, f"{theirs}&direction=out") == [moved["received"]]
    everything = found(client, f"wallet_id={ani.wallet}")
    incoming, outgoing = (found(client, f"wallet_id={ani.wallet}&direction={way}") for way in ("in", "out"))
    assert set(incoming) | set(outgoing) == set(everything) and not set(incoming) & set(outgoing)
    assert moved["refund"] in incoming and moved["withdrawal"] in outgoing


def test_between_two_of_my_wallets_a_transfer_is_sent_and_received(client, ani):
    savings = ani.person.open_wallet(name="Tabungan")
    kept = ani.transfer(savings, "7.00").json["id"]
    for caller, whose in ((client, f"user_id={ani.id}&"), (ani.client, "")):
        for way in ("in", "out"):
            assert found(caller, f"{whose}kind=transfer&direction={way}") == [kept]
        assert found(caller, f"{whose}kind=transfer") == [kept]


def test_a_direction_needs_somebody_to_whom_it_is_one(client, ani):
    answer = client.get(f"{PATH}?direction=in")
    assert answer.status == 400
    error, = answer.json["errors"]
    assert error["field"] == "direction" and "wallet_id" in error["detail"]
    assert client.get(f"{PATH}?direction=within&wallet_id={ani.wallet}").status == 400


# --- currencies ---


@pytest.mark.parametrize("currency, amounts, least, too_fine", [
    ("JPY", ["150", "1500"], "151", "150.5"), ("KWD", ["1.234", "1.235"], "1.235", "1.2345"),
    ("IDR", ["1.50", "1.51"], "1.51", "1.505")])
def test_amounts_are_read_in_the_currencys_digits(bank, currency, amounts, least, too_fine):
    wallet = bank.open(currency)
    small, large = (bank.top_up(wallet, amount, currency).json["id"] for amount in amounts)
    for more in ("", f"&currency={currency}"):
        mine = f"wallet_id={wallet}{more}"
        assert found(bank.client, f"{mine}&min_amount={least}") == [large]
        assert found(bank.client, f"{mine}&max_amount={amounts[0]}") == [small]
        answer = bank.client.get(f"{PATH}?{mine}&min_amount={too_fine}")
        assert (answer.status, answer.json["errors"][0]["code"]) == (400, "invalid_amount")
    assert found(bank.client, f"wallet_id={wallet}&currency=USD") == []
    listed = bank.client.all(f"{PATH}?currency={currency}&kind=topup&min_amount={least}", limit=50)
    assert large in ids(listed)


def test_a_currency_narrows_a_list(ani):
    dollars = ani.person.open_wallet("USD")
    topup = ani.top_up("4.00", wallet_id=dollars, currency="USD").json["id"]
    assert found(ani.client, "currency=USD") == [topup]
    assert topup not in found(ani.client, "currency=IDR")
    assert ani.client.get(f"{PATH}?currency=usd").status == 400


def test_an_amount_of_no_currency_is_refused_with_what_to_do(client, ani):
    for caller, query in ((client, "min_amount=1.00"), (client, f"user_id={ani.id}&max_amount=1.00"),
                          (ani.client, "min_amount=1.00")):
        answer = caller.get(f"{PATH}?{query}")
        assert answer.status == 400
        assert answer.json["errors"][0]["code"] == "invalid_amount" and "currency" in answer.json["errors"][0]["detail"]
    assert found(client, f"card_id={ani.card['id']}&min_amount=1000.00") != []


# --- pages ---


def test_a_cursor_is_bound_to_every_filter(client, ani, moved):
    whole = f"{PATH}?wallet_id={ani.wallet}&direction=out"
    cursor = client.get(f"{whole}&limit=1").json["next_cursor"]
    assert client.get(f"{whole}&cursor={cursor}").status == 200
    for other in (f"{PATH}?wallet_id={ani.wallet}", f"{PATH}?wallet_id={ani.wallet}&direction=in",
                  f"{whole}&currency=IDR", f"{PATH}?user_id={ani.id}&direction=out",
                  f"{PATH}?card_id={ani.card['id']}&direction=out"):
        answer = client.get(f"{other}&cursor={cursor}")
        assert (answer.status, answer.code) == (400, "cursor_mismatch"), other


def test_what_comes_meanwhile_moves_no_page(client, ani):
    for number in range(6):
        assert ani.top_up(f"{number + 1}.00").status == 201
    path = f"{PATH}?card_id={ani.card['id']}&direction=in&currency=IDR&min_amount=1.00"
    first = client.get(f"{path}&limit=3").json
    rest = ids(client.all(path))[3:]
    assert ani.top_up("99.00").status == 201
    following = client.get(f"{path}&limit=200&cursor={first['next_cursor']}").json
    assert ids(following["data"]) == rest and following["next_cursor"] is None
