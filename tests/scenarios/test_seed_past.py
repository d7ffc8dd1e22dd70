"""A made-up past (`dompetctl seed --past`): dated when it happened, decided by the wallets, and made once."""

import datetime
import re
import signal
import subprocess

from bank import open_wallet
from processes import DOMPETCTL, clean_environment, dompetctl, psql, wait_until

SMALL = ("--months", "2", "--movements", "2000", "--people", "30", "--merchants", "4")


def seed(database, *options, check=True):
    return dompetctl("seed", "--past", database, *SMALL, *options, check=check)


def journal(database):
    return psql(database, "SELECT id, kind, at FROM journal ORDER BY at, id, kind")


def test_everything_in_the_past_is_dated_when_it_was_asked_for(database, make_dompetd):
    said = seed(database).stdout
    movements = int(re.match(r"(\d+) movements of 30 people and 4 merchants", said)[1])
    assert 1500 < movements < 3000, said
    counted = {name: int(count) for name, count in re.findall(r"^ +([a-z-]+) +(\d+)$", said, re.M)}
    assert all(counted[name] > 0 for name in ("top-ups", "transfers", "payments", "refunds", "declined")), said
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
    assert len(wallets) == 34 and all(wallet["created_at"] < last + "T24" for wallet in wallets)
    assert client.get("/v1/ledger/trial-balance").status == 200
    client.close()


def test_a_past_that_is_made_again_changes_nothing(database):
    seed(database)
    made = journal(database)
    seed(database)
    assert journal(database) == made


def test_a_past_that_was_cut_off_is_finished(database, postgres):
    cut_off = subprocess.Popen([DOMPETCTL, "seed", "--past", database, *SMALL], env=clean_environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: int(psql(database, "SELECT count(*) FROM journal")[0][0]) > 200, "some of it is made")
    cut_off.send_signal(signal.SIGKILL)
    assert cut_off.wait() == -signal.SIGKILL, "it was still under way"
    seed(database)
    whole = postgres.fresh("whole_past")
    dompetctl("migrate", "up", "--database", whole)
    seed(whole)
    assert {row[0] for row in journal(database)} == {row[0] for row in journal(whole)}, "equal seeds, equal pasts"
    assert "the ledger is sound" in dompetctl("verify", "--database", database).stdout


def test_a_ledger_that_is_used_gets_no_past(database, make_dompetd):
    dompetd = make_dompetd().start()
    client = dompetd.client()
    open_wallet(client, "Ani")
    client.close()
    dompetd.stop()
    refused = seed(database, check=False)
    assert refused.returncode == 1 and "holds other records already" in refused.stderr
    assert len(journal(database)) == 1
