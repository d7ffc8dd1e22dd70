"""Somebody with the database's highest rights breaks the ledger: it is found, and only what is broken stands still
(protocol 6, F31). A checker that never finds anything proves nothing."""

import pytest

from history import NOT_APPLIED, verdict
from processes import dompetctl, psql
from scene import Scene


@pytest.fixture
def scene(dompetd):
    scene = Scene(dompetd)
    for number in range(5):
        assert scene.send(f"there-{number}").status == 201
        assert scene.send(f"others-{number}", source=scene.citra, destination=scene.dewi).status == 201
    dompetctl("verify", "--database", dompetd.database)
    return scene


def damage(scene, statement):
    psql(scene.dompetd.database, statement.format(ayu=scene.ayu, budi=scene.budi), superuser=True)


THIRD_OF_AYU = "wallet = '{ayu}' AND wallet_seq = 3"


@pytest.mark.parametrize("statement", [
    f"UPDATE journal SET payload = decode(repeat('00', length(payload)), 'hex') WHERE {THIRD_OF_AYU}",
    f"UPDATE journal SET payload = set_byte(payload, length(payload) - 1, get_byte(payload, length(payload) - 1) # 1)"
    f" WHERE {THIRD_OF_AYU}",
    f"UPDATE journal SET amount = amount + 1 WHERE {THIRD_OF_AYU}",
    f"DELETE FROM journal WHERE {THIRD_OF_AYU}",
    "UPDATE journal SET peer = '{ayu}' WHERE wallet = '{ayu}' AND wallet_seq = 4",
    "UPDATE system_total SET total = total + 1 WHERE ctid = (SELECT min(ctid) FROM system_total)",
    "UPDATE wallet SET status = 'closed' WHERE id = '{ayu}'",
    "UPDATE wallet SET currency = 840 WHERE id = '{ayu}'",
    "INSERT INTO snapshot (wallet, seq, state) VALUES ('{ayu}', 2, decode('00112233', 'hex'))",
    "INSERT INTO decision (id, shard, outcome, wallet, amount, currency, decided_at)"
    " SELECT gen_random_uuid(), 0, 1, '{budi}', 5, 360, now()",
    "INSERT INTO transit (shard, peer_shard, currency, out_total, in_total) VALUES (1, 2, 360, 5, 0)",
])
def test_a_broken_row_is_found_by_verify_and_named(scene, statement):
    damage(scene, statement)
    found = dompetctl("verify", "--database", scene.dompetd.database, check=False)
    assert found.returncode == 2, found.stdout + found.stderr
    assert "BROKEN" in found.stdout and "first:" in found.stdout, found.stdout
    named = [line for line in found.stdout.splitlines() if "first:" in line]
    assert all(any(mark in line for mark in (scene.ayu, scene.budi, "shard", "decision", "IDR")) for line in named), named


@pytest.mark.parametrize("statement", [
    f"UPDATE journal SET payload = decode(repeat('00', length(payload)), 'hex') WHERE {THIRD_OF_AYU}",
    f"DELETE FROM journal WHERE {THIRD_OF_AYU}",
])
def test_a_wallet_that_cannot_be_replayed_is_quarantined_and_others_do_not_notice(scene, statement):
    scene.dompetd.stop()
    damage(scene, statement)
    scene.dompetd.start()
    client = scene.dompetd.client()
    for _ in range(3):
        assert client.get(f"/v1/wallets/{scene.ayu}").status == 503
    for key, source, destination in (("from", scene.ayu, scene.citra), ("to", scene.citra, scene.ayu)):
        answer = scene.send(key, source=source, destination=destination)
        assert verdict(answer) == NOT_APPLIED, answer
    assert scene.dompetd.metric("dompet_engine_quarantined_wallets") == 1
    assert scene.send("others", source=scene.citra, destination=scene.dewi).status == 201
    assert scene.send("and-back", source=scene.dewi, destination=scene.citra).status == 201
    assert client.get("/readyz").status == 200


def test_a_bad_snapshot_is_passed_over_and_the_wallet_lives_from_its_journal(scene):
    scene.dompetd.stop()
    damage(scene, "INSERT INTO snapshot (wallet, seq, state) VALUES ('{ayu}', 4, decode('00112233', 'hex'))")
    scene.dompetd.start()
    assert scene.balance(scene.ayu) == 10_000 - 5 * 250
    assert scene.send("more").status == 201
