"""An operator's day with dompetctl: a transfer hangs, is found, understood, paused, cancelled, and explained afterwards."""

import http.client
import json
import os
import pty
import re
import subprocess
import uuid

import pytest

from bank import open_wallet, top_up, transfer_body
from processes import ADMIN, DOMPETCTL, clean_environment, dompetctl, free_port, psql, wait_until

NOBODY = "01934810-0000-7000-8000-000000000000"
SLOW_PATH = {"engine_fast_path": "false", "engine_transfer_expiry_s": 600}


class Desk:
    """A Dompet in which Ayu's transfers to Budi hang, since his wallet cannot be read."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        client = dompetd.client()
        self.ayu, self.budi = open_wallet(client, "Ayu"), open_wallet(client, "Budi")
        assert top_up(client, self.ayu, 100_000, "initial").status == 201
        client.close()
        dompetd.stop()
        psql(dompetd.database, "UPDATE journal SET payload = decode('00', 'hex') WHERE wallet_seq = 1 AND kind <> 4 AND "
             f"wallet = '{self.budi}'", superuser=True)
        dompetd.start()

    def run(self, *arguments, check=True):
        return dompetctl(*arguments, "--url", f"http://127.0.0.1:{self.dompetd.port}", check=check)

    def ask(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def pay(self, minor):
        """Its answer would come after seconds: it is found in the list instead."""
        known = {row["id"] for row in self.ask("saga", "list")["data"]}
        connection = http.client.HTTPConnection("127.0.0.1", self.dompetd.port, timeout=20)
        connection.request("POST", "/v1/transfers", json.dumps(transfer_body(self.ayu, self.budi, minor, "k")),
                           {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()),
                            **self.dompetd.authorization()})
        new = wait_until(lambda: {row["id"] for row in self.ask("saga", "list")["data"]} - known, "it is on record")
        connection.close()
        return new.pop()


@pytest.fixture
def desk(make_dompetd):
    return Desk(make_dompetd(**SLOW_PATH).start())


def test_a_hanging_transfer_is_found_understood_paused_and_cancelled(desk):
    saga = desk.pay(250)
    wait_until(lambda: saga in desk.run("saga", "list", "--state", "stuck").stdout, "it is listed as stuck")
    table = desk.run("saga", "list", "--state", "open", "--min-attempts", "2").stdout
    assert re.search(rf"{saga} +reserved +2\.50 IDR +\d+ > \d+ .* dompet +Destination shard \d+ on node dompet answers "
                     "BUSY", table), table
    why = desk.run("saga", "why", saga).stdout
    assert "answers BUSY to CREDIT since" in why and "has no decision about it" in why
    assert "is not a permission" in desk.run("saga", "proof", saga).stdout

    assert desk.run("saga", "pause", saga, "--reason", "looking into it", "--who", "dewi").stdout.startswith("pause: ")
    assert "Paused by administrator for dewi" in desk.run("saga", "show", saga).stdout
    desk.run("saga", "note", saga, "the wallet is damaged", "--label", "night shift", "--who", "dewi")
    assert saga in desk.run("saga", "list", "--label", "night shift").stdout
    assert "the wallet is damaged" in desk.run("saga", "note", saga).stdout
    desk.run("saga", "resume", saga, "--reason", "going on")
    desk.run("saga", "retry", saga, "--reason", "once more")

    assert "only with its word" in desk.run("saga", "cancel", saga, "--reason", "the customer called").stdout
    wait_until(lambda: desk.ask("saga", "show", saga)["state"] == "released", "the money is back")
    assert "Yes, and it was" in desk.run("saga", "proof", saga).stdout
    timeline = desk.run("saga", "timeline", saga).stdout
    places = [timeline.index(word) for word in ("RESERVED", "dewi ordered: pause", "ordered: cancel", "CANCELLING",
                                                "REFUSED", "RELEASED")]
    assert places == sorted(places), timeline
    assert "1000.00 + 0.00  997.50 + 2.50" in re.sub(" +", " ", timeline).replace(" 997", "  997"), timeline
    bundle = desk.ask("saga", "export", saga)
    assert [record["kind"] for record in bundle["records"]] == [5, 8, 7, 10]

    final = desk.run("saga", "cancel", saga, "--reason", "again", check=False)
    assert final.returncode == 1 and "saga_is_final" in final.stderr


def test_many_are_ordered_at_once_after_a_dry_run(desk):
    sagas = [desk.pay(minor) for minor in (100, 200, 300)]
    dry = desk.run("saga", "bulk", "cancel", "--max-amount", "2.00").stdout
    assert dry.startswith("2 open transfers match:\n  3.00 IDR\n") and "Nothing was done" in dry
    done = desk.run("saga", "bulk", "cancel", "--max-amount", "2.00", "--execute", "--reason", "a test", "--rate", "200")
    assert done.stdout.startswith("2 of 2 orders were taken, 0 refused.")
    wait_until(lambda: {row["state"] for row in desk.ask("saga", "list", "--max-amount", "2.00")["data"]} == {"released"},
               "both are released")
    assert desk.ask("saga", "show", sagas[2])["state"] == "reserved"


def test_lists_are_exported_and_counted(desk, tmp_path):
    sagas = {desk.pay(100), desk.pay(200)}
    file = tmp_path / "sagas.csv"
    desk.run("saga", "export", "--format", "csv", "--state", "open", "-o", str(file))
    assert {line.split(",")[0] for line in file.read_text().splitlines()[1:]} == sagas
    counts = desk.run("saga", "counts").stdout
    assert re.search(r"^reserved +2$", counts, re.M), counts
    nowhere = desk.run("saga", "export", "-o", str(tmp_path / "no" / "file"), check=False)
    assert nowhere.returncode == 1 and "--output" in nowhere.stderr


def test_the_cluster_is_shown_and_refuses_what_cannot_be(desk):
    status = desk.run("cluster", "status").stdout
    assert status.startswith("as node dompet sees it") and re.search(r"dompet +up +self .* 64 .* 0-63", status), status
    assert len(desk.ask("cluster", "status")["shards"]) == 64
    assert "0 shards are with nodes that have too many" in desk.run("cluster", "rebalance").stdout
    for arguments, word in ((("move", "3", "nobody"), "node_not_found"), (("drain", "nobody"), "node_not_found"),
                            (("move", "64", "dompet"), "shard_not_found"), (("move", "3", "dompet"), "already")):
        done = desk.run("cluster", *arguments, check=False)
        assert done.returncode == 1 and word in done.stderr, done.stderr


def test_watching_draws_again_and_again(desk):
    done = desk.run("cluster", "status", "--watch", "--watch-count", "2")
    assert done.stdout.count("as node dompet sees it") == 2
    assert "\033" not in done.stdout


def test_colour_is_for_terminals_only(desk):
    saga = desk.pay(100)
    assert "\033" not in desk.run("saga", "list").stdout
    master, slave = pty.openpty()
    subprocess.run([DOMPETCTL, "saga", "list"], stdin=subprocess.DEVNULL, stdout=slave, timeout=60, check=True,
                   env=clean_environment(**ADMIN, DOMPET_URL=f"http://127.0.0.1:{desk.dompetd.port}"))
    os.close(slave)
    seen = os.read(master, 65_536).decode()
    os.close(master)
    assert saga in seen and "\033[33mreserved\033[0m" in seen


def test_every_failure_is_a_sentence_and_a_code():
    nobody = f"http://127.0.0.1:{free_port()}"
    done = dompetctl("saga", "counts", "--url", nobody, check=False)
    assert done.returncode == 1 and "--url" in done.stderr and nobody in done.stderr
    assert dompetctl("saga", "list", "--url", "nonsense", check=False).returncode == 1
    for arguments in (("saga",), ("saga", "show"), ("saga", "list", "--limit", "0"), ("saga", "cancel", NOBODY),
                      ("saga", "bulk", "release"), ("saga", "bulk", "retry", "--execute"), ("cluster", "move", "x", "a"),
                      ("saga", "list", "--odd")):
        done = dompetctl(*arguments, check=False)
        assert done.returncode == 2 and done.stderr, (arguments, done.returncode, done.stderr)


def test_what_is_not_there_is_said(desk):
    for command in ("show", "timeline", "why", "proof", "export"):
        done = desk.run("saga", command, NOBODY, check=False)
        assert done.returncode == 1 and "saga_not_found" in done.stderr, command
    assert desk.run("saga", "list", "--state", "stuck").stdout == "No transfer matches.\n"
    done = desk.run("saga", "list", "--state", "odd", check=False)
    assert done.returncode == 1 and "One of reserved" in done.stderr
