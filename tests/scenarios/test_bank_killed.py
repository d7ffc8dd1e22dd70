"""The bank test: the process dies at random moments while clients move money (protocol 6, F1 and F3; 7.1)."""

import os
import random
import threading

from bank import Bank

KILLS = 40


def seed():
    return int(os.environ.get("DOMPET_SCENARIO_SEED") or random.SystemRandom().randrange(1 << 32))


def kill_and_start(dompetd, rng):
    dompetd.kill()
    # A third of the time it dies again while it starts, somewhere between the first instruction and serving.
    kills = 1
    while rng.random() < 0.33:
        dompetd.launch()
        threading.Event().wait(rng.uniform(0, 0.4))  # where in the start it dies, not how long something takes
        dompetd.kill()
        kills += 1
    dompetd.start()
    return kills


def test_a_process_killed_at_any_moment_has_lost_nothing_that_it_acknowledged_and_doubled_nothing(dompetd, tmp_path):
    rng = random.Random(seed())
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=rng.randint(8, 20), seed=rng.random())
    bank.open_doors(clients=8)
    kills = 0
    while kills < KILLS:
        bank.trade_on(rng.randint(1, 250))
        kills += kill_and_start(dompetd, rng)
    bank.trade_on(50)
    bank.close_doors()
    print(f"{kills} kills, {bank.trial_balances} trial balances")
    assert bank.trial_balances > 0 and bank.history.reads
    bank.audit()


def test_transfers_by_single_steps_survive_kills_as_well(make_dompetd, tmp_path):
    rng = random.Random(seed())
    dompetd = make_dompetd(engine_fast_path="false").start()
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=8, seed=rng.random())
    bank.open_doors(clients=8)
    kills = 0
    while kills < 6:
        bank.trade_on(rng.randint(1, 60))
        kills += kill_and_start(dompetd, rng)
    bank.trade_on(20)
    bank.close_doors()
    bank.audit()
