"""The commit lane cannot get on: reads go on, money waits or is refused, nothing is doubled (protocol 5.8, 5.12)."""

import subprocess
import threading

from bank import Bank
from history import NOT_APPLIED, UNKNOWN, verdict
from processes import clean_environment, psql, wait_until
from scene import Scene

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'dompet/%/lane' AND wait_event_type = 'Lock'"


class FenceHeld:
    """Another session keeps the row that every commit must share."""

    def __init__(self, database):
        self._database = database

    def __enter__(self):
        self._session = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", self._database], env=clean_environment(),
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._session.stdin.write("BEGIN;\nSELECT count(*) FROM (SELECT FROM lane_fence FOR UPDATE) AS held;\n")
        self._session.stdin.flush()
        assert self._session.stdout.readline().strip() != "0"

    def __exit__(self, *_):
        self._session.stdin.close()
        self._session.wait(30)
        self._session.stdout.close()


def test_while_a_commit_waits_reads_are_answered_and_then_it_goes_on(make_dompetd):
    scene = Scene(make_dompetd(database_lock_timeout_ms=60_000, database_answer_timeout_ms=60_000).start())
    answers = []
    with FenceHeld(scene.dompetd.database):
        waiting = threading.Thread(target=lambda: answers.append(scene.send("k")))
        waiting.start()
        wait_until(lambda: psql(scene.dompetd.database, WAITS) == [["1"]], "the commit waits")
        for wallet in scene.wallets:
            assert scene.balance(wallet) == 10_000
        client = scene.dompetd.client()
        assert client.get(f"/v1/wallets/{scene.ayu}/entries").status == 200
        assert client.get("/v1/transactions").status == 200
        assert not answers
    waiting.join(60)
    assert answers[0].status == 201, answers
    scene.check_moved(250)


def test_a_commit_that_waits_too_long_for_a_lock_is_given_up_and_no_wallet_is_blamed(make_dompetd):
    scene = Scene(make_dompetd(database_lock_timeout_ms=200).start())
    with FenceHeld(scene.dompetd.database):
        for number in range(3):
            assert verdict(scene.send(f"k{number}")) in (NOT_APPLIED, UNKNOWN)
    scene.dompetd.wait_until_ready()
    assert scene.dompetd.metric("dompet_engine_quarantined_wallets") == 0
    for number in range(3):
        assert scene.settle(f"k{number}").status == 201
    scene.check_moved(750)


def test_a_lane_that_is_blocked_again_and_again_under_load_doubles_nothing(make_dompetd, tmp_path):
    dompetd = make_dompetd(database_lock_timeout_ms=200).start()
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=8)
    bank.open_doors(clients=8)
    for _ in range(5):
        bank.trade_on(40)
        before = dompetd.metric("dompet_engine_lane_resets_total")
        with FenceHeld(dompetd.database):
            wait_until(lambda: dompetd.metric("dompet_engine_lane_resets_total") > before, "the lane gave up")
    bank.trade_on(40)
    bank.close_doors()
    bank.audit()
