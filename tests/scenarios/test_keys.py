"""An idempotency key belongs to one request and has one effect (protocol 5.7; 6, F25)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bank import open_wallet, top_up, transfer_body
from history import DECLINED, IN_PROGRESS, OK, verdict
from scene import STARTING_MINOR, Scene


@pytest.fixture
def scene(dompetd):
    return Scene(dompetd)


def at_once(calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(call) for call in calls]
        return [future.result() for future in futures]


@pytest.mark.parametrize("path", ["one record", "single steps"])
def test_fifty_posts_of_one_key_at_once_have_one_effect_and_equal_answers(make_dompetd, path):
    scene = Scene(make_dompetd(engine_fast_path="true" if path == "one record" else "false").start())
    for number in range(5):
        answers = at_once([lambda key=f"k{number}": scene.send(key)] * 50)
        assert {verdict(answer) for answer in answers} <= {OK, IN_PROGRESS}, answers
        done = [answer for answer in answers if answer.status == 201]
        assert done and len({answer.body for answer in done}) == 1
        assert sum(not answer.is_replay for answer in done) <= 1
    scene.check_moved(5 * 250)


def test_fifty_posts_of_one_key_that_is_declined_are_declined_once_for_all(scene):
    answers = at_once([lambda: scene.send("k", minor=1_000_000)] * 50)
    assert {verdict(answer) for answer in answers} <= {DECLINED, IN_PROGRESS}
    assert len({answer.body for answer in answers if answer.status == 402}) == 1
    assert top_up(scene.dompetd.client(), scene.ayu, 2_000_000, "plenty").status == 201
    again = scene.send("k", minor=1_000_000)
    assert again.status == 402 and again.is_replay, again


def test_a_key_with_another_body_is_refused_and_has_no_effect(scene):
    assert scene.send("k").status == 201
    other_amount = scene.send("k", minor=251)
    other_destination = scene.send("k", destination=scene.citra)
    other_route = top_up(scene.dompetd.client(), scene.ayu, 250, "k")
    for answer in (other_amount, other_destination, other_route):
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), answer
    scene.check_moved(250)


def test_a_key_with_another_source_wallet_is_refused_also_after_a_restart(scene):
    assert scene.send("k").status == 201
    for _ in range(2):
        for source in (scene.budi, scene.citra, scene.dewi):
            answer = scene.send("k", source=source, destination=scene.ayu)
            assert (answer.status, answer.code) == (422, "idempotency_key_reused"), answer
        assert scene.dompetd.metric("dompet_engine_lane_resets_total") == 0
        scene.dompetd.kill()
        scene.dompetd.start()
    scene.check_moved(250)


def test_when_two_requests_race_for_a_key_one_of_them_gets_it(dompetd):
    """They name other source wallets, so that other shards decide: PostgreSQL's unique index is the arbiter."""
    client = dompetd.client()
    wallets = [open_wallet(client, f"wallet {number}") for number in range(6)]
    for wallet in wallets:
        assert top_up(client, wallet, STARTING_MINOR, f"initial-{wallet}").status == 201

    def send(source, key):
        body = transfer_body(source, wallets[(wallets.index(source) + 1) % len(wallets)], 10, key)
        while True:
            answer = dompetd.client().post("/v1/transfers", body, key)
            if answer.status in (201, 422):
                return answer
            assert answer.status in (409, 503), answer

    for round_ in range(20):
        answers = at_once([lambda source=source, key=f"race-{round_}": send(source, key) for source in wallets])
        assert sorted(answer.status for answer in answers) == [201] + [422] * (len(wallets) - 1)
    moved = list(client.all("/v1/transactions?kind=transfer"))
    assert len(moved) == 20
    assert dompetd.metric("dompet_engine_quarantined_wallets") == 0


def test_a_key_in_quotes_is_the_same_key(scene):
    client = scene.dompetd.client()
    body = transfer_body(scene.ayu, scene.budi, 250)
    first, again = (client.post("/v1/transfers", body, key) for key in ("k", '"k"'))
    assert first.status == 201 and again.is_replay and again.body == first.body
    scene.check_moved(250)
