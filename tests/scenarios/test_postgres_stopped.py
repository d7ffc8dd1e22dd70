"""The database goes away under load (protocol 6, F12 and F13)."""

import os
import random
import signal

import pytest

from bank import Bank, text_of, transfer_body
from history import OK, verdict
from processes import psql, wait_until

LANE_PIDS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'dompet/%/lane'"


@pytest.fixture
def bank(dompetd, tmp_path):
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=10, seed=random.SystemRandom().randrange(1 << 32))
    bank.open_doors(clients=8)
    return bank


def test_while_the_database_is_gone_money_is_refused_and_afterwards_everything_goes_on(postgres, dompetd, bank):
    client = dompetd.client()
    for _ in range(4):
        bank.trade_on(100)
        postgres.stop("immediate")
        wait_until(lambda: client.get("/readyz").status == 503, "readiness is false")
        assert client.get("/healthz").status == 200
        refused = client.post("/v1/transfers", transfer_body(*bank.wallets[:2], 1), "while-it-is-gone")
        assert refused.status == 503, refused
        assert refused.json["applied"] in ("no", "unknown"), refused
        assert "retry-after" in refused.headers, refused
        postgres.start()
        dompetd.wait_until_ready()
    bank.trade_on(100)
    bank.close_doors()
    bank.audit()


def test_a_database_that_is_gone_for_a_moment_while_the_server_starts_is_waited_for_or_named(postgres, make_dompetd,
                                                                                            database):
    dompetd = make_dompetd()
    postgres.stop("immediate")
    dompetd.launch()
    code = dompetd.wait_until_dead()
    assert code == 1
    assert "database" in dompetd.logs().lower() or "postgresql" in dompetd.logs().lower()
    postgres.start()
    dompetd.start()


def test_a_lane_whose_session_is_terminated_again_and_again_resolves_each_unknown_outcome(dompetd, bank):
    for _ in range(12):
        bank.trade_on(40)
        before = dompetd.metric("dompet_engine_lane_resets_total")
        psql(dompetd.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE application_name LIKE 'dompet/%/lane'", superuser=True)
        wait_until(lambda: dompetd.metric("dompet_engine_lane_resets_total") > before, "the lane noticed")
        dompetd.wait_until_ready()
    bank.trade_on(40)
    bank.close_doors()
    bank.audit()
    assert dompetd.metric("dompet_engine_integrity_alarms_total") == 0


def test_a_backend_killed_with_9_restarts_the_database_and_the_server_finds_its_way_back(dompetd, bank):
    for _ in range(3):
        bank.trade_on(60)
        before = dompetd.metric("dompet_engine_lane_resets_total")
        os.kill(int(psql(dompetd.database, LANE_PIDS)[0][0]), signal.SIGKILL)
        wait_until(lambda: dompetd.metric("dompet_engine_lane_resets_total") > before, "the lane noticed")
        dompetd.wait_until_ready()
    bank.trade_on(60)
    bank.close_doors()
    bank.audit()


def test_sessions_that_only_read_may_be_terminated_and_no_transfer_notices(dompetd, bank):
    for _ in range(5):
        bank.trade_on(30)
        psql(dompetd.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE application_name LIKE 'dompet/%/reader'", superuser=True)
    assert dompetd.metric("dompet_engine_lane_resets_total") == 0
    bank.close_doors()
    bank.audit()


def test_a_stopped_backend_delays_its_lane_and_nothing_is_doubled(make_dompetd, tmp_path):
    """The answer does not come within the lane's patience: unknown, a new session takes over (5.3.4)."""
    dompetd = make_dompetd(database_answer_timeout_ms=500, database_lock_timeout_ms=300).start()
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=8)
    bank.open_doors(clients=8)
    bank.trade_on(50)
    before = dompetd.metric("dompet_engine_lane_resets_total")
    frozen = int(psql(dompetd.database, LANE_PIDS)[0][0])
    os.kill(frozen, signal.SIGSTOP)
    try:
        wait_until(lambda: dompetd.metric("dompet_engine_lane_resets_total") > before, "the lane gave the session up")
    finally:
        os.kill(frozen, signal.SIGCONT)
    dompetd.wait_until_ready()
    bank.trade_on(50)
    bank.close_doors()
    bank.audit()


def test_after_the_database_came_back_an_unanswered_key_tells_what_happened(postgres, dompetd, bank):
    bank.close_doors()
    source, destination = bank.wallets[:2]
    body = transfer_body(source, destination, 7, "over the outage")
    postgres.stop("immediate")
    answer = dompetd.client().post("/v1/transfers", body, "over-the-outage")
    assert answer.status == 503, answer
    postgres.start()
    dompetd.wait_until_ready()
    client = dompetd.client()
    settled = wait_until(lambda: (again := client.post("/v1/transfers", body, "over-the-outage")).status == 201 and again,
                         "the transfer is done")
    assert verdict(settled) == OK
    assert settled.json["amount"] == text_of(7)
    again = client.post("/v1/transfers", body, "over-the-outage")
    assert again.is_replay and again.body == settled.body
    bank.audit()
