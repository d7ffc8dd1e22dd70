"""A file of payments, made by `dompetctl generate` and sent by `dompetctl load --csv`: each payment is done once."""

import collections
import csv
import json
import re
import subprocess
from decimal import Decimal

import pytest

from processes import ADMIN, DOMPETCTL, clean_environment, dompetctl, wait_until

HEADER = ["id", "currency", "amount", "source_account", "destination_account"]


def generate(path, *options):
    dompetctl("generate", "--out", path, *options)
    with open(path, newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def load(dompetd, path, *options, check=True):
    done = dompetctl("load", "--csv", path, "--url", f"http://127.0.0.1:{dompetd.port}", "--json", "-", *options, check=check)
    return json.loads(done.stdout)["rows"] if check else done


def balances(dompetd):
    """{(account, currency): what its wallet holds}."""
    client = dompetd.client()
    held = {(row["name"], row["currency"]): Decimal(row["balance"]["total"]) for row in client.all("/v1/wallets")}
    client.close()
    return held


def received(rows):
    sums = collections.Counter()
    for row in rows:
        sums[row["destination_account"], row["currency"]] += Decimal(row["amount"])
    return dict(sums)


def without_payers(held):
    """A payer was given exactly what the file takes from it."""
    assert all(amount == 0 for (name, _), amount in held.items() if name.startswith("ACC_SRC")), held
    return {account: amount for account, amount in held.items() if not account[0].startswith("ACC_SRC")}


def test_a_made_up_file_has_the_asked_rows_currencies_and_accounts(tmp_path):
    rows = generate(tmp_path / "payments.csv", "--rows", "5000", "--accounts", "7")
    assert list(rows[0]) == HEADER
    assert [row["id"] for row in rows] == [f"PAY-{number:06}" for number in range(1, 5001)]
    assert {row["currency"] for row in rows} == {"USD", "IDR", "SGD", "EUR"}
    assert {row["source_account"] for row in rows} == {f"ACC_SRC_{number:04}" for number in range(1, 8)}
    assert {row["destination_account"] for row in rows} == {f"ACC_DST_{number:04}" for number in range(1, 8)}
    assert all(re.fullmatch(r"\d+\.\d\d", row["amount"]) for row in rows)
    amounts = [Decimal(row["amount"]) for row in rows]
    assert 10 <= min(amounts) < 20 and 1000 < max(amounts) <= 1010
    yen = generate(tmp_path / "yen.csv", "--rows", "50", "--currencies", "JPY")
    assert all(re.fullmatch(r"\d+", row["amount"]) for row in yen), "yen have no decimals"


def test_equal_seeds_make_equal_files(tmp_path):
    first = generate(tmp_path / "a.csv", "--rows", "500", "--seed", "7")
    assert generate(tmp_path / "b.csv", "--rows", "500", "--seed", "7") == first
    assert generate(tmp_path / "c.csv", "--rows", "500", "--seed", "8") != first
    assert generate(tmp_path / "d.csv", "--rows", "200", "--seed", "7") == first[:200]


def test_every_payment_of_a_file_is_done_once_however_often_it_is_loaded(tmp_path, dompetd):
    path = tmp_path / "payments.csv"
    rows = generate(path, "--rows", "600", "--accounts", "20")
    result = load(dompetd, path, "--rate", "2000")
    assert (result["all"], result["completed"]) == (600, 600), result
    held = balances(dompetd)
    assert without_payers(held) == received(rows)
    assert load(dompetd, path, "--rate", "2000")["completed"] == 600, "answered from what is stored"
    assert balances(dompetd) == held, "no wallet is opened and no money moves again"


def test_a_corrected_payment_is_refused_under_the_same_batch_and_done_under_another(tmp_path, dompetd):
    path = tmp_path / "payments.csv"
    generate(path, "--rows", "3", "--currencies", "USD", "--accounts", "1")
    load(dompetd, path)
    path.write_text(re.sub(r"(PAY-000002,USD,)[\d.]+", r"\g<1>1.00", path.read_text()))
    done = load(dompetd, path, check=False)
    assert done.returncode == 2
    result = json.loads(done.stdout)["rows"]
    assert (result["completed"], result["failed"]) == (2, 1)
    assert result["refused"] == [{"line": 3, "id": "PAY-000002", "status": 422, "code": "idempotency_key_reused"}]
    assert load(dompetd, path, "--batch", "corrected")["completed"] == 3


@pytest.mark.parametrize("line, fault", [
    ("PAY-9,USD,1.00,a", "five fields"),
    ("PAY-9,USD,1.00,a,b,c", "five fields"),
    (",USD,1.00,a,b", "id"),
    ("PAY-1,USD,1.00,a,b", "stood in a line before"),
    ("PAY-9,XXQ,1.00,a,b", "XXQ is no currency"),
    ("PAY-9,USD,1.001,a,b", "more decimals"),
    ("PAY-9,USD,-1,a,b", "is not"),
    ("PAY-9,USD,0,a,b", "not above zero"),
    ("PAY-9,USD,1.00,a,a", "pays itself"),
    ("", "five fields"),
])
def test_a_bad_row_is_named_by_its_line_before_anything_is_sent(tmp_path, line, fault):
    path = tmp_path / "payments.csv"
    path.write_text("\n".join([",".join(HEADER), "PAY-1,USD,1.00,a,b", line, "PAY-3,USD,2.00,a,b"]) + "\n")
    done = dompetctl("load", "--csv", path, "--url", "http://127.0.0.1:1", check=False)
    assert done.returncode == 1
    assert "nothing was sent" in done.stderr and "line 3: " in done.stderr and fault in done.stderr, done.stderr
    assert "line 2" not in done.stderr and "line 4" not in done.stderr, done.stderr


def test_no_payment_is_lost_or_doubled_when_the_server_is_killed_meanwhile(tmp_path, dompetd):
    path = tmp_path / "payments.csv"
    rows = generate(path, "--rows", "3000", "--accounts", "10", "--currencies", "USD,IDR")
    load(dompetd, path, "--prepare-only", check=False)
    loading = subprocess.Popen([DOMPETCTL, "load", "--csv", path, "--rate", "1000", "--json", "-", "--url",
                                f"http://127.0.0.1:{dompetd.port}"], env=clean_environment(**ADMIN), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: any(amount > 0 for (name, _), amount in balances(dompetd).items() if name.startswith("ACC_DST")),
               "some payments are done")
    dompetd.kill()
    assert loading.poll() is None, "it was killed in the middle"
    dompetd.start()
    out, err = loading.communicate(timeout=120)
    assert loading.returncode == 0, err
    result = json.loads(out)
    assert result["rows"]["completed"] == 3000 and result["counts"]["connection_errors"] > 0, result
    assert without_payers(balances(dompetd)) == received(rows)
