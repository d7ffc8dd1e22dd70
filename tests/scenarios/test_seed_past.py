"""A made-up past (`dompetctl seed --past`): dated when it happened, decided by the wallets, and made once."""

import datetime
import re
import signal
import subprocess

import pytest
from bank import open_wallet
from processes import DOMPETCTL, clean_environment, dompetctl, psql, wait_until

SMALL = ("--months", "2", "--movements", "2000", "--people", "30", "--merchants", "4")
ROWS = ("app_user", "user_role", "card", "merchant", "merchant_document", "audit", "role")
STAFF = ("viewer", "operator", "approver", "support", "accountant")


@pytest.fixture
def wish(tmp_path):
    """What is asked for, with the key file that servers of the test have."""
    return (*SMALL, "--key-file", str(tmp_path / "dompet.keys"))


@pytest.fixture
def seed(wish):
    def past_of(database, check=True):
        return dompetctl("seed", "--past", database, *wish, check=check)

    return past_of


def journal(database):
    return psql(database, "SELECT id, kind, at FROM journal ORDER BY at, id, kind")


def rows(database):
    """Every row beside the ledger, secrets included."""
    return {table: psql(database, f"SELECT t::text FROM {table} t ORDER BY 1") for table in ROWS}


def password_in(said):
    return re.search(r"people log in as demo1@example\.com to demo30@example\.com, password (\S+) ", said)[1]


def is_right_by_luhn(number):
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2]]
    return (sum(doubled) + sum(map(int, number[-1::-2]))) % 10 == 0


def test_everything_in_the_past_is_dated_when_it_was_asked_for(database, make_dompetd, seed):
    said = seed(database).stdout
    movements = int(re.search(r"^(\d+) movements of 30 people and 4 merchants", said, re.M)[1])
    assert 1500 < movements < 3000, said
    counted = {name: int(count) for name, count in re.findall(r"^ +([a-z-]+) +(\d+)$", said, re.M)}
    assert all(counted[name] > 0 for name in ("top-ups", "transfers", "payments", "refunds", "declined", "failed-payouts")), said
    late, first, last = psql(database, """
        SELECT max(abs(extract(epoch FROM at) * 1000 - ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint))::int,
               min(at)::date, max(at)::date FROM journal WHERE kind <> 1""")[0]
    assert int(late) < 10_000, "what is on record says when it was asked for, to a few seconds"
    days = (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days
    assert 55 < days < 65 and datetime.date.fromisoformat(last) < datetime.datetime.now(datetime.timezone.utc).date()
    assert len(psql(database, "SELECT DISTINCT at::date FROM journal")) == days + 1, "something happened on every day"
    assert "the ledger is sound" in dompetctl("verify", "--database", database).stdout
    # A node serves it, and what happens now comes after it.
    client = make_dompetd().start().client()
    wallets = list(client.all("/v1/wallets"))
    assert len(wallets) == 38 and all(wallet["created_at"] < last + "T24" for wallet in wallets)
    assert client.get("/v1/ledger/trial-balance").status == 200
    client.close()


def test_whoever_is_named_in_the_past_is_there(database, make_dompetd, seed):
    said = seed(database).stdout
    assert "36 users, 32 cards, 8 merchants and 15 documents were made" in said
    dompetd = make_dompetd().start()
    client = dompetd.client()
    people = {row["id"]: row for row in client.all("/v1/users") if row["username"].startswith("demo") and row["roles"] == ["customer"]}
    cards = {row["id"]: row for row in client.all("/v1/cards")}
    merchants = {row["id"]: row for row in client.all("/v1/merchants")}
    wallets = {row["id"]: row for row in client.all("/v1/wallets")}
    for thing in (*cards.values(), *merchants.values()):
        assert wallets[thing["wallet_id"]]["user_id"] == thing["user_id"], "it is paid from and to its owner's own wallet"
    statuses = sorted(row["status"] for row in merchants.values())
    assert statuses == ["active"] * 4 + ["inactive", "pending", "rejected"]
    documents = [(merchants[row["merchant_id"]]["status"], row["status"]) for row in client.all("/v1/merchant-documents")]
    assert {("active", "approved"), ("pending", "pending"), ("rejected", "rejected")} <= set(documents) and len(documents) == 14
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    assert len(people) == 30 and all(user["email_verified"] for user in people.values())
    for made in (*people.values(), *cards.values(), *merchants.values()):
        assert made["created_at"] < today, "it was made in the past"
    assert all(card["expires_on"] > today for card in cards.values())
    # Every card and merchant that a movement names is one of them, and it was there by then.
    named = [row for row in client.all("/v1/transactions?kind=payment") if row["card_id"] is not None]
    assert named
    for payment in named:
        assert payment["created_at"] >= cards[payment["card_id"]]["created_at"]
        assert merchants[payment["merchant_id"]]["status"] == "active"
    client.close()
    check_login_of(dompetd, "demo7@example.com", password_in(said))


def check_login_of(dompetd, email, password):
    """He finds what is his, and nothing else; his card's number can be opened with the servers' own key."""
    customer = dompetd.client(login=(email, password))
    assert customer.get("/v1/auth/me").json["roles"] == ["customer"]
    card, = customer.all("/v1/cards")
    number = customer.post(f"/v1/cards/{card['id']}/reveal", {}).json["number"]
    assert len(number) == 16 and is_right_by_luhn(number) and number[-4:] == card["number_masked"][-4:]
    assert card["wallet_id"] in [row["id"] for row in customer.all("/v1/wallets")]
    assert next(customer.all(f"/v1/transactions?wallet_id={card['wallet_id']}"), None), "his movements are his to see"
    customer.close()


def test_withdrawals_of_the_past_are_found_like_those_of_today(database, make_dompetd, seed):
    seed(database)
    client = make_dompetd().start().client()
    withdrawals = list(client.all("/v1/transactions?kind=withdrawal"))
    assert withdrawals and list(client.all("/v1/transactions?method=bank_transfer")) == withdrawals
    assert {"completed", "failed"} <= {row["status"] for row in withdrawals}, "banks refuse some payouts"
    known = {f"external:{row['method']}" for row in client.get("/v1/topups/methods").json["data"]} | {"external:bank_transfer"}
    accounts = [row["account"] for row in client.get("/v1/ledger/trial-balance").json["data"]]
    outside = {account.rpartition(":")[0] for account in accounts if account.startswith("external:")}
    assert "external:bank_transfer" in outside and outside <= known, "no account that the routes could not have made"
    client.close()


def test_the_past_has_something_of_everything(database, make_dompetd, seed):
    said = seed(database).stdout
    dompetd = make_dompetd().start()
    client = dompetd.client()
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    for things in ("users", "cards", "merchants", "merchant-documents"):
        thrown_away, = client.all(f"/v1/{things}?state=trashed")
        assert thrown_away["created_at"] < thrown_away["deleted_at"] < today, things
        assert thrown_away["id"] not in [row["id"] for row in client.all(f"/v1/{things}")]
    assert {card["type"] for card in client.all("/v1/cards")} == {"debit", "prepaid", "credit"}
    wallets = {row["id"]: row for row in client.all("/v1/wallets")}
    assert [row["status"] for row in wallets.values()].count("frozen") == 1
    assert any(row["limits"]["per_transaction"] for row in wallets.values())
    credit = [card for card in client.all("/v1/cards") if card["type"] == "credit"]
    assert all(wallets[card["wallet_id"]]["limits"]["credit_limit"] == "5000000.00" for card in credit)
    dollars = [row for row in wallets.values() if row["currency"] == "USD"]
    kinds = {row["kind"] for wallet in dollars for row in client.all(f"/v1/transactions?wallet_id={wallet['id']}")}
    assert len(dollars) == 4 and kinds == {"topup", "transfer", "withdrawal"}
    frozen, = client.all("/v1/cards?status=frozen")
    for card in (frozen, *client.all("/v1/cards?state=trashed")):
        entries = client.get(f"/v1/wallets/{card['wallet_id']}/entries").json["data"]
        assert entries[0]["kind"] == "card_blocked", "its wallet's journal blocks it, whatever is asked"
    assert "accountant" in [row["name"] for row in client.all("/v1/roles")]
    client.close()
    for role in STAFF:
        staff = dompetd.client(login=(f"demo-{role}@example.com", password_in(said)))
        assert staff.get("/v1/auth/me").json["roles"] == [role]
        staff.close()


def test_a_past_that_is_made_again_changes_nothing(database, seed):
    seed(database)
    made, others = journal(database), rows(database)
    assert "0 users, 0 cards, 0 merchants and 0 documents" in (again := seed(database).stdout)
    assert "password" not in again
    assert journal(database) == made and rows(database) == others


def test_a_past_that_was_cut_off_is_finished(database, postgres, seed, wish):
    cut_off = subprocess.Popen([DOMPETCTL, "seed", "--past", database, *wish], env=clean_environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: int(psql(database, "SELECT count(*) FROM journal")[0][0]) > 200, "some of it is made")
    cut_off.send_signal(signal.SIGKILL)
    assert cut_off.wait() == -signal.SIGKILL, "it was still under way"
    seed(database)
    whole = postgres.fresh("whole_past")
    dompetctl("migrate", "up", "--database", whole)
    seed(whole)
    for ids in ("journal", *ROWS[2:5]):
        of_both = [psql(each, f"SELECT DISTINCT id FROM {ids} ORDER BY id") for each in (database, whole)]
        assert of_both[0] == of_both[1], f"equal seeds, equal pasts: {ids}"
    assert "the ledger is sound" in dompetctl("verify", "--database", database).stdout


def test_a_ledger_that_is_used_gets_no_past(database, make_dompetd, seed):
    dompetd = make_dompetd().start()
    client = dompetd.client()
    open_wallet(client, "Ani")
    client.close()
    dompetd.stop()
    refused = seed(database, check=False)
    assert refused.returncode == 1 and "holds other records already" in refused.stderr
    assert len(journal(database)) == 1
    assert psql(database, "SELECT count(*) FROM card") == [["0"]]


def test_people_who_would_take_somebodys_name_are_not_made(database, make_dompetd, seed):
    dompetd = make_dompetd().start()
    client = dompetd.client()
    taken = client.post("/v1/users", {"username": "demo3", "first_name": "Tri", "last_name": "Asli", "email": "tri@example.com",
                                      "password": "correct horse"})
    assert taken.status == 201, taken
    client.close()
    dompetd.stop()
    refused = seed(database, check=False)
    assert refused.returncode == 1 and "another one has the same username" in refused.stderr
    assert journal(database) == []


def test_the_small_demo_has_somebody_to_log_in_as(make_dompetd):
    dompetd = make_dompetd().start()
    url = f"http://127.0.0.1:{dompetd.port}"
    said = dompetctl("seed", "--small", "--url", url).stdout
    password, card, wallet, merchant = re.search(
        r"demo login: +demo@example\.com, password (\S+) .*\n +card (\S+), wallet (\S+), merchant (\S+)$", said, re.M).groups()
    customer = dompetd.client(login=("demo@example.com", password))
    assert [(row["number_masked"], row["wallet_id"]) for row in customer.all("/v1/cards")] == [(card, wallet)]
    assert [(row["id"], row["status"]) for row in customer.all("/v1/merchants")] == [(merchant, "active")]
    # Half a million, and what a quarter of his hundred dollars came to.
    assert customer.get(f"/v1/wallets/{wallet}").json["balance"]["available"] == "880625.00"
    dollars = [row for row in customer.all("/v1/wallets") if row["currency"] == "USD"]
    assert [row["balance"]["available"] for row in dollars] == ["75.00"]
    again = dompetctl("seed", "--small", "--url", url).stdout
    assert f"card {card}, wallet {wallet}, merchant {merchant}" in again and password not in again
    assert len(list(customer.all("/v1/cards"))) == len(list(customer.all("/v1/merchants"))) == 1
    assert customer.get(f"/v1/wallets/{wallet}").json["balance"]["available"] == "880625.00"
    assert len(list(customer.all("/v1/wallets"))) == 2
    customer.close()
