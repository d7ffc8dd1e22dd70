"""The database's disk is full (protocol 6, F18 and F19)."""

import os
import subprocess

import pytest

from bank import Bank, text_of, transfer_body
from history import NOT_APPLIED, UNKNOWN, verdict
from processes import Dompetd, PostgreSQL, dompetctl, wait_until

DISK_MB = 192


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def postgres(small_disk):
    server = PostgreSQL(small_disk)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def dompetd(postgres, tmp_path):
    url = postgres.fresh("scenario")
    dompetctl("migrate", "up", "--database", url)
    with Dompetd(tmp_path / "var", url).start() as server:
        yield server
        print(server.logs())


def fill(ballast):
    """Up to the last byte."""
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_when_the_disk_is_full_money_is_refused_and_when_there_is_room_again_it_goes_on(postgres, dompetd, small_disk, tmp_path):
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=8)
    bank.open_doors(clients=8)
    client = dompetd.client()
    process = dompetd.pid
    for round_ in range(2):
        bank.trade_on(100)
        fill(small_disk / "ballast")
        count = 0

        def refused():
            nonlocal count
            count += 1
            body = transfer_body(*bank.wallets[:2], 1, f"full-{round_}-{count}")
            answer = client.post("/v1/transfers", body, body["description"])
            return verdict(answer) in (NOT_APPLIED, UNKNOWN) and answer.json
        wait_until(refused, "money is refused")
        assert client.get("/healthz").status == 200
        (small_disk / "ballast").unlink()
        postgres.start()  # when the journal itself had no room, PostgreSQL has stopped
        dompetd.wait_until_ready()
        bank.trade_on(100)
    assert dompetd.metric("dompet_engine_quarantined_wallets") == 0
    assert dompetd.pid == process
    bank.close_doors()
    bank.audit()
    assert client.get(f"/v1/wallets/{bank.wallets[0]}").json["balance"]["held"] == text_of(0)
