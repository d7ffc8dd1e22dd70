"""Money that leaves to a provider: what it says is believed, and nothing else. Its answers come late, twice or never, it
refuses, processes die meanwhile; a withdrawal is paid or given back, never both and never neither."""

import base64
import hashlib
import hmac
import json
import threading
import time

import pytest

from bank import balance_of, open_wallet, top_up
from processes import dompetctl, psql, wait_until

SECRET = "a secret of sixteen characters"
PAID, REFUSED = "completed", "failed"


@pytest.fixture
def make_bank(make_dompetd):
    def make(**settings):
        chosen = {"provider_mode": "simulated", "provider_delay_ms": 50, "provider_callback_secret": SECRET,
                  "engine_resend_first_ms": 200, "engine_resend_most_ms": 400, "engine_attempt_timeout_ms": 400}
        return make_dompetd(**(chosen | settings)).start()
    return make


def rich_wallet(dompetd, minor=100_000):
    client = dompetd.client()
    wallet = open_wallet(client, "Ayu")
    answer = top_up(client, wallet, minor, f"initial-{wallet}")
    assert answer.status in (201, 202), answer
    wait_until(lambda: balance_of(dompetd.client(), wallet) == minor, "the top-up arrives")
    return wallet


def withdraw(dompetd, wallet, key, amount="100.00"):
    return dompetd.client().post("/v1/withdrawals", {
        "wallet_id": wallet, "amount": amount, "currency": "IDR",
        "destination": {"bank_code": "bca", "account_number": "1234567890"}}, key)


def withdrawals(dompetd):
    return [one for (one,) in psql(dompetd.database, "SELECT id FROM saga WHERE kind = 3")]


def end_of(dompetd, transaction_id):
    def ended():
        view = dompetd.client().get(f"/v1/transactions/{transaction_id}").json
        return view["status"] if view["status"] != "pending" else None
    return wait_until(ended, "the withdrawal is over")


def decided(dompetd):
    """What the simulator's book says, by transaction."""
    rows = psql(dompetd.database, "SELECT transaction_id, moved AND NOT went_back FROM simulator_order WHERE kind = 3")
    return {transaction: PAID if moved == "t" else REFUSED for transaction, moved in rows}


def check_books(dompetd, wallet, minor):
    """The wallet has what it had, less what the provider says it paid; nothing is held, and the ledger is sound."""
    paid = sum(outcome == PAID for outcome in decided(dompetd).values())
    view = dompetd.client().get(f"/v1/wallets/{wallet}").json
    assert view["balance"]["held"] == "0.00", view
    assert balance_of(dompetd.client(), wallet) == minor - paid * 10_000
    assert dompetd.metric("dompet_engine_integrity_alarms_total") == 0
    dompetctl("verify", "--database", dompetd.database)


def check_all_ended_as_decided(dompetd, wallet, ids, minor=100_000):
    ends = {transaction: end_of(dompetd, transaction) for transaction in ids}
    assert ends == {transaction: decided(dompetd)[transaction] for transaction in ids}
    check_books(dompetd, wallet, minor)
    return ends


def sign(body, at=None, secret=SECRET, message="msg-1"):
    at = str(int(at if at is not None else time.time()))
    digest = hmac.new(secret.encode(), f"{message}.{at}.{body}".encode(), hashlib.sha256).digest()
    return {"webhook-id": message, "webhook-timestamp": at,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def call_back(dompetd, transaction_id, outcome="completed", headers=None, provider="simulator", **more):
    body = json.dumps({"transaction_id": transaction_id, "outcome": outcome})
    return dompetd.client(login=None).post(f"/v1/providers/{provider}/callbacks", body, headers=headers or sign(body, **more))


def test_a_withdrawal_is_paid_out_once_the_provider_says_so(make_bank):
    dompetd = make_bank()
    wallet = rich_wallet(dompetd)
    answer = withdraw(dompetd, wallet, "k")
    assert answer.status in (201, 202), answer
    assert end_of(dompetd, answer.json["id"]) == PAID
    check_books(dompetd, wallet, 100_000)
    again = withdraw(dompetd, wallet, "k")
    assert again.json["id"] == answer.json["id"]
    assert len(decided(dompetd)) == 1


def test_what_a_provider_refuses_is_not_credited(make_bank):
    dompetd = make_bank(provider_failure_rate=1000)
    client = dompetd.client()
    wallet = open_wallet(client, "Ayu")
    top_up(client, wallet, 100_000, "t")
    transaction, = psql(dompetd.database, "SELECT id FROM saga")[0]
    assert end_of(dompetd, transaction) == REFUSED
    assert balance_of(client, wallet) == 0
    dompetctl("verify", "--database", dompetd.database)


def test_answers_that_are_lost_doubled_or_late_change_nothing(make_bank):
    dompetd = make_bank(provider_lost_answer_rate=400, provider_doubled_callback_rate=500, provider_delay_ms=300)
    wallet = rich_wallet(dompetd)
    for number in range(6):
        assert withdraw(dompetd, wallet, f"k{number}").status in (201, 202)
    check_all_ended_as_decided(dompetd, wallet, withdrawals(dompetd))


def test_a_provider_that_refuses_some_is_believed_about_each(make_bank):
    dompetd = make_bank(provider_failure_rate=500, provider_doubled_callback_rate=300)
    wallet = open_wallet(dompetd.client(), "Ayu")

    def has_money():
        top_up(dompetd.client(), wallet, 100_000, f"t{time.monotonic_ns()}")
        return balance_of(dompetd.client(), wallet) > 0
    wait_until(has_money, "a top-up that is not refused")
    wait_until(lambda: psql(dompetd.database, "SELECT count(*) FROM saga WHERE state IN (1, 2)") == [["0"]], "top-ups end")
    minor = balance_of(dompetd.client(), wallet)
    for number in range(8):
        withdraw(dompetd, wallet, f"k{number}")
    check_all_ended_as_decided(dompetd, wallet, withdrawals(dompetd), minor)


@pytest.mark.parametrize("delay_ms", [0, 1500])
def test_a_payout_that_was_under_way_when_the_process_was_killed_happens_once(make_bank, delay_ms):
    dompetd = make_bank(provider_delay_ms=delay_ms)
    wallet = rich_wallet(dompetd)
    for number in range(4):
        withdraw_without_waiting(dompetd, wallet, f"k{number}")
        dompetd.kill()
        dompetd.start()
    check_all_ended_as_decided(dompetd, wallet, withdrawals(dompetd))


def withdraw_without_waiting(dompetd, wallet, key):
    """Returns once the hold is on record; the answer is not waited for."""
    before = psql(dompetd.database, "SELECT count(*) FROM saga WHERE kind = 3")

    def send():
        try:
            withdraw(dompetd, wallet, key)
        except Exception:  # the process dies meanwhile
            pass
    threading.Thread(target=send, daemon=True).start()
    wait_until(lambda: psql(dompetd.database, "SELECT count(*) FROM saga WHERE kind = 3") != before, "the hold")


def test_callbacks_that_are_forged_old_or_about_nothing_are_refused(make_bank):
    dompetd = make_bank(provider_lost_answer_rate=1000, provider_mode="simulated")
    client = dompetd.client()
    wallet = open_wallet(client, "Ayu")
    begun = top_up(client, wallet, 100_000, "t")
    assert begun.status == 202, begun
    transaction = begun.json["id"]
    body = json.dumps({"transaction_id": transaction, "outcome": "completed"})
    now = time.time()
    forged = [
        ("another secret", sign(body, secret="another secret of some length")),
        ("another body", sign(body.replace("completed", "refused"))),
        ("too old", sign(body, at=now - 301)),
        ("from the future", sign(body, at=now + 320)),
        ("without a signature", {"webhook-id": "m", "webhook-timestamp": str(int(now))}),
        ("without anything", {"x-nothing": "1"}),
    ]
    for what, headers in forged:
        answer = call_back(dompetd, transaction, headers=headers)
        assert (answer.status, answer.code) == (401, "invalid_signature"), (what, answer)
    assert call_back(dompetd, transaction, provider="nobody").status == 404
    assert call_back(dompetd, "0193480f-1c2d-7e3f-8a4b-5c6d7e8f9a0b").status == 404
    assert call_back(dompetd, transaction, outcome="perhaps").status == 400
    assert client.get(f"/v1/transactions/{transaction}").json["status"] == "pending"
    assert balance_of(client, wallet) == 0


def test_a_callback_that_is_replayed_credits_once(make_bank):
    dompetd = make_bank(provider_lost_answer_rate=1000)
    client = dompetd.client()
    wallet = open_wallet(client, "Ayu")
    transaction = top_up(client, wallet, 100_000, "t").json["id"]
    body = json.dumps({"transaction_id": transaction, "outcome": "completed"})
    headers = sign(body)
    for _ in range(3):
        answer = call_back(dompetd, transaction, headers=headers)
        assert answer.status == 200, answer
    assert end_of(dompetd, transaction) == "completed"
    assert call_back(dompetd, transaction, headers=headers).status == 200
    assert balance_of(client, wallet) == 100_000
    dompetctl("verify", "--database", dompetd.database)
