"""A transfer by single steps is cut off at each of them; the next start brings it to its end (protocol 5.5; 6, F32)."""

import pytest

from processes import psql
from scene import Scene

SLOW_PATH = {"engine_fast_path": "false", "engine_transfer_expiry_s": 1, "engine_resend_first_ms": 20,
             "http_answer_deadline_ms": 1000, "http_key_memory_ms": 1000}
STEPS_OF_THE_LANE = [f"lane.{place}:crash:{step}" for place in ("before_send", "after_commit") for step in (1, 2, 3)]


@pytest.fixture
def scene(make_dompetd):
    return Scene(make_dompetd(**SLOW_PATH).start())


def interrupt(scene, failpoint, key="k", **more):
    """With the failpoint the process dies by itself; then it is started without."""
    scene.dompetd.stop()
    scene.dompetd.start(failpoint=failpoint)
    try:
        scene.send(key, **more)
    except Exception:  # noqa: BLE001 whatever the client heard or did not hear
        pass
    assert scene.dompetd.wait_until_dead() == -9
    scene.dompetd.start()


@pytest.mark.parametrize("failpoint", ["saga.send_credit:crash", "saga.settle:crash", *STEPS_OF_THE_LANE])
def test_a_transfer_cut_off_at_any_step_is_completed_by_the_next_start(scene, failpoint):
    interrupt(scene, failpoint)
    nothing_happened = failpoint == "lane.before_send:crash:1"
    scene.check_moved(0 if nothing_happened else 250)
    answer = scene.settle("k")
    assert answer.status == 201, answer
    assert answer.is_replay == (not nothing_happened)
    assert scene.settle("k").body == answer.body
    scene.check_moved(250)


@pytest.mark.parametrize("failpoint", ["saga.send_credit:crash", "saga.release:crash", *STEPS_OF_THE_LANE])
def test_a_transfer_to_a_frozen_wallet_cut_off_at_any_step_is_refused_and_the_money_is_back(scene, failpoint):
    assert scene.dompetd.client().post(f"/v1/wallets/{scene.budi}/freeze").status == 200
    interrupt(scene, failpoint)
    scene.check_moved(0)
    answer = scene.settle("k")
    assert (answer.status, answer.code) == (409, "wallet_frozen"), answer
    assert scene.settle("k").body == answer.body
    scene.check_moved(0)


@pytest.mark.parametrize("failpoint", ["saga.cancel:crash", "saga.send_cancel:crash", "saga.release:crash",
                                       "lane.before_send:crash:2", "lane.after_commit:crash:2",
                                       "lane.before_send:crash:3", "lane.after_commit:crash:3"])
def test_a_transfer_whose_destination_cannot_decide_is_cancelled_whatever_is_cut_off(scene, failpoint):
    with unreadable(scene.dompetd, scene.budi):
        interrupt(scene, failpoint)
        answer = scene.settle("k")
        assert (answer.status, answer.code) == (409, "cancelled"), answer
        scene.dompetd.stop()
    scene.dompetd.start()
    assert scene.settle("k").body == answer.body
    scene.check_moved(0)


def test_a_destination_that_crashes_over_its_decision_decides_later(scene):
    scene.dompetd.stop()
    scene.dompetd.start(failpoint="wallet.decide_credit:trip", engine_transfer_expiry_s=60)
    answer = scene.settle("k")
    assert answer.status == 201, answer
    scene.check_moved(250)
    assert scene.dompetd.metric("dompet_engine_wallet_crashes_total") == 1


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_lost_answer_at_any_step_is_looked_up_and_the_transfer_goes_on(scene, step):
    scene.dompetd.stop()
    scene.dompetd.start(failpoint=f"lane.during_commit:trip:{step}")
    scene.send("k")
    answer = scene.settle("k")
    assert answer.status == 201, answer
    scene.check_moved(250)


class unreadable:  # noqa: N801 reads as a statement
    """A wallet whose first record cannot be read: it is quarantined as soon as somebody asks for it."""

    def __init__(self, dompetd, wallet):
        self._database = dompetd.database
        self._row = f"wallet = '{wallet}' AND wallet_seq = 1 AND kind <> 4"

    def __enter__(self):
        [[self._payload]] = psql(self._database, f"SELECT encode(payload, 'hex') FROM journal WHERE {self._row}")
        self._write("00" * (len(self._payload) // 2))

    def __exit__(self, *_):
        self._write(self._payload)

    def _write(self, payload):
        psql(self._database, f"UPDATE journal SET payload = decode('{payload}', 'hex') WHERE {self._row}", superuser=True)
