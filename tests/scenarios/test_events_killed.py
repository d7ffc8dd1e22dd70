"""Everybody who listens, while the server dies again and again. A made-up past is told from its beginning while money moves.

DOMPET_EVENTS_RECORDS=700000 DOMPET_EVENTS_KILLS=20 is the long one: more than a million events."""

import os
import random
import time

from bank import Bank
from listeners import Kafka, ListReader, StreamReader, check_complete, ids_of_journal, wait_until_complete
from processes import dompetctl, wait_until
from test_bank_killed import seed

RECORDS = int(os.environ.get("DOMPET_EVENTS_RECORDS", "6000"))
KILLS = int(os.environ.get("DOMPET_EVENTS_KILLS", "4"))
DEADLINE_S = 60 + RECORDS // 200


def kill_while_they_listen(dompetd, listeners, rng, expected):
    """Each time when the slowest thread has got a part of it more."""
    for kill in range(1, KILLS + 1):
        part = expected * kill // (KILLS + 2)

        def has_part():
            assert all(listener.fault is None for listener in listeners), [listener.fault for listener in listeners]
            return min(len(listener.heard) for listener in listeners) >= part
        wait_until(has_part, lambda: f"{[len(listener.heard) for listener in listeners]} of {part}", DEADLINE_S)
        time.sleep(rng.random() * 0.2)  # anywhere within a page
        dompetd.kill()
        dompetd.start()


def test_no_event_is_lost_and_each_wallets_order_holds_whenever_the_server_dies(make_dompetd, database, tmp_path):
    rng = random.Random(seed())
    wallets = max(100, RECORDS // 20)
    dompetctl("generate-journal", "--database", database, "--wallets", str(wallets), "--events", str(RECORDS), timeout=600)
    kafka = Kafka(tmp_path)
    dompetd = make_dompetd(kafka_brokers=kafka.brokers, kafka_from_the_beginning="true", events_work_percent=100).start()
    bank = Bank(dompetd, tmp_path / "history", wallets=6, pause_s=0.01)
    listeners = [ListReader(dompetd).start(), StreamReader(dompetd).start()]
    began = time.monotonic()
    bank.open_doors(clients=2)
    kill_while_they_listen(dompetd, listeners, rng, len(ids_of_journal([database])))
    bank.close_doors()
    for listener in listeners:
        wait_until_complete(listener, [database], DEADLINE_S)
        listener.stop()
    expected = ids_of_journal([database])
    wait_until(lambda: kafka.count() >= len(expected), lambda: f"{kafka.count()} of {len(expected)} messages", DEADLINE_S)
    wait_until(lambda: dompetd.metric("dompet_events_lag") == 0, "all is produced", DEADLINE_S)
    heard = kafka.heard()
    check_complete(heard, [database])
    for name, told in (("list", listeners[0].heard), ("stream", listeners[1].heard), ("kafka", heard)):
        print(f"{name}: {len(told)} events, {told.repeated} of them again")
    print(f"{len(expected)} events, {KILLS} kills, {time.monotonic() - began:.0f} s")
    kafka.end()
