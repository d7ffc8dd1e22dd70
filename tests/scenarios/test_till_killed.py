"""Payments, refunds and payouts while the process dies at random moments."""

import os
import random

from test_bank_killed import kill_and_start, seed
from till import Till

KILLS = int(os.environ.get("DOMPET_TILL_KILLS", "12"))


def live_through_kills(dompetd, rng):
    till = Till(dompetd, seed=rng.random())
    till.open_doors(clients=4)
    kills = 0
    while kills < KILLS:
        till.trade_on(rng.randint(5, 60))
        kills += kill_and_start(dompetd, rng)
    till.trade_on(20)
    till.close_doors()
    till.audit()


def test_what_was_captured_refunded_and_paid_out_is_exactly_what_was_answered_whenever_the_process_dies(dompetd):
    live_through_kills(dompetd, random.Random(seed()))


def test_the_same_holds_when_each_step_is_committed_by_itself(make_dompetd):
    live_through_kills(make_dompetd(engine_fast_path="false").start(), random.Random(seed()))
