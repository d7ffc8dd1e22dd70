"""Crashes and lost answers at named places of the lane and the wallets (protocol 5.3.4; 6, F2, F3 and F30)."""

import random
import threading

import pytest

from bank import Bank
from history import DECLINED, NOT_APPLIED, OK, UNKNOWN, verdict
from processes import wait_until
from scene import Scene


@pytest.fixture
def scene(dompetd):
    return Scene(dompetd)


def restart(dompetd, **once):
    dompetd.stop()
    dompetd.start(**once)


def test_a_crash_before_the_commit_is_sent_has_no_effect_and_the_retry_is_the_first(scene):
    restart(scene.dompetd, failpoint="lane.before_send:crash")
    scene.send_into_a_crash("k")
    scene.dompetd.start()
    scene.check_moved(0)
    answer = scene.send("k")
    assert answer.status == 201 and not answer.is_replay, answer
    scene.check_moved(250)


def test_a_crash_after_the_commit_has_its_effect_and_the_retry_gets_the_stored_answer(scene):
    restart(scene.dompetd, failpoint="lane.after_commit:crash")
    scene.send_into_a_crash("k")
    scene.dompetd.start()
    scene.check_moved(250)
    answer = scene.send("k")
    assert answer.status == 201 and answer.is_replay, answer
    scene.check_moved(250)


def test_a_decline_that_nobody_heard_of_stays_a_decline(scene):
    restart(scene.dompetd, failpoint="lane.after_commit:crash")
    scene.send_into_a_crash("k", minor=1_000_000)
    scene.dompetd.start()
    answer = scene.send("k", minor=1_000_000)
    assert answer.status == 402 and answer.code == "insufficient_funds" and answer.is_replay, answer
    scene.check_moved(0)


def test_when_the_answer_to_a_commit_is_lost_the_client_hears_what_really_happened(scene):
    restart(scene.dompetd, failpoint="lane.during_commit:trip")
    answer = scene.send("k")
    assert verdict(answer) in (OK, NOT_APPLIED), answer
    scene.check_moved(250 if answer.status == 201 else 0)
    assert scene.dompetd.metric("dompet_engine_unknown_commits_total") == 1
    assert scene.dompetd.metric("dompet_engine_lane_resets_total") == 1
    again = scene.settle("k")
    assert again.status == 201
    assert again.is_replay == (answer.status == 201)
    scene.check_moved(250)


def test_crashes_and_lost_answers_of_the_lane_under_load_lose_nothing_and_double_nothing(dompetd, tmp_path):
    rng = random.Random(random.SystemRandom().randrange(1 << 32))
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=10, seed=rng.random())
    bank.open_doors(clients=8)
    for place in ("before_send", "after_commit") * 3:
        bank.trade_on(20)
        dompetd.kill()
        dompetd.launch(failpoint=f"lane.{place}:crash:{rng.randint(1, 60)}")
        assert dompetd.wait_until_dead() == -9
        dompetd.start(failpoint=f"lane.during_commit:trip:{rng.randint(1, 40)}")
        wait_until(lambda: not bank.is_well or dompetd.metric("dompet_engine_unknown_commits_total") == 1,
                   "an answer was lost")
    bank.trade_on(40)
    bank.close_doors()
    bank.audit()


# An actor that crashes takes the message with it: its client waits for the deadline, so make it short.
IMPATIENT = {"http_answer_deadline_ms": 1000, "http_key_memory_ms": 1000}


@pytest.fixture
def impatient_scene(make_dompetd):
    return Scene(make_dompetd(**IMPATIENT).start())


@pytest.mark.parametrize("place", ["wallet.begin", "wallet.finish"])
def test_a_wallet_whose_actor_crashes_comes_back_and_others_do_not_notice(impatient_scene, place):
    scene = impatient_scene
    restart(scene.dompetd, failpoint=f"{place}:trip")
    answer = scene.send("k")
    assert verdict(answer) in (NOT_APPLIED, UNKNOWN), answer
    assert scene.send("other", source=scene.citra, destination=scene.dewi).status == 201
    assert scene.send("and-back", source=scene.dewi, destination=scene.citra).status == 201
    assert scene.settle("k").status == 201
    scene.check_moved(250)
    assert scene.dompetd.metric("dompet_engine_wallet_crashes_total") == 1
    assert scene.dompetd.metric("dompet_engine_quarantined_wallets") == 0
    assert scene.dompetd.metric("dompet_engine_lane_resets_total") == 0


@pytest.mark.parametrize("place", ["wallet.begin", "wallet.finish"])
def test_a_wallet_that_crashes_too_often_is_quarantined_alone_until_the_next_start(impatient_scene, place):
    scene = impatient_scene
    broken, sound = (scene.ayu, scene.budi) if place == "wallet.begin" else (scene.budi, scene.ayu)
    restart(scene.dompetd, failpoint=f"{place}:trip", engine_crashes_before_quarantine=0)
    assert verdict(scene.send("k")) in (NOT_APPLIED, UNKNOWN)
    wait_until(lambda: scene.dompetd.metric("dompet_engine_quarantined_wallets") == 1, "the wallet is quarantined")
    for number, (source, destination) in enumerate([(broken, scene.citra), (scene.citra, broken)]):
        refused = scene.send(f"refused-{number}", source=source, destination=destination)
        assert refused.status == 503 and refused.json["applied"] == "no", refused
    assert scene.dompetd.client().get(f"/v1/wallets/{broken}").status == 503
    assert scene.send("there", source=sound, destination=scene.citra).status == 201
    assert scene.send("back", source=scene.citra, destination=sound).status == 201
    restart(scene.dompetd)
    assert scene.settle("k").status == 201
    scene.check_moved(250)


@pytest.mark.parametrize("place", ["wallet.begin", "wallet.finish"])
def test_a_wallet_that_crashes_under_load_costs_nobody_any_money(make_dompetd, tmp_path, place):
    dompetd = make_dompetd(failpoint=f"{place}:trip:{random.randint(20, 200)}", **IMPATIENT).start()
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=8)
    bank.open_doors(clients=8)
    wait_until(lambda: not bank.is_well or dompetd.metric("dompet_engine_wallet_crashes_total") == 1, "a wallet crashed")
    bank.trade_on(100)
    bank.close_doors()
    bank.audit()


def test_fifty_clients_with_one_key_wait_out_a_lost_answer_together(scene):
    restart(scene.dompetd, failpoint="lane.during_commit:trip")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(scene.send("k"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 50
    assert {verdict(answer) for answer in answers} <= {OK, NOT_APPLIED, UNKNOWN, DECLINED}
    done = {answer.body for answer in answers if answer.status == 201}
    assert len(done) <= 1, done
    assert scene.settle("k").status == 201
    scene.check_moved(250)
