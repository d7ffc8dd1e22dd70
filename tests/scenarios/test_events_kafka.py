"""Events produced to Kafka: a mock cluster of librdkafka in a process of its own."""

import signal
import time

import pytest

from listeners import Kafka, check_complete, ids_of_journal
from processes import psql, wait_until
from scene import Scene


@pytest.fixture
def kafka(tmp_path):
    cluster = Kafka(tmp_path)
    yield cluster
    cluster.end()


def wait_for_all(kafka, database):
    wait_until(lambda: kafka.count() >= len(ids_of_journal([database])), lambda: f"{kafka.count()} messages")
    check_complete(kafka.heard(), [database])


def test_every_event_goes_to_the_topic_in_the_order_of_its_wallet_and_under_its_id(make_dompetd, kafka):
    with make_dompetd(kafka_brokers=kafka.brokers).start() as dompetd:
        scene = Scene(dompetd)
        for number in range(20):
            assert scene.send(f"payment {number}").status == 201
        wait_for_all(kafka, dompetd.database)
        partitions = {}
        for partition, key, event in kafka.messages():
            assert key == event["wallet_id"]
            assert partitions.setdefault(key, partition) == partition
        assert kafka.heard().repeated == 0
        told = next(event for _, _, event in kafka.messages() if event["type"] == "transfer.completed")
        client = dompetd.client()
        listed = client.get(f"/v1/events?wallet_id={told['wallet_id']}&limit=200").json["data"]
        assert told in listed
        assert dompetd.metric("dompet_events_delivered_total") >= len(ids_of_journal([dompetd.database]))
        wait_until(lambda: dompetd.metric("dompet_events_lag") == 0, "it has told everything")


def test_brokers_that_are_away_slow_no_money_and_get_everything_when_they_are_back(make_dompetd, kafka):
    with make_dompetd(kafka_brokers=kafka.brokers, kafka_delivery_timeout_ms=500).start() as dompetd:
        scene = Scene(dompetd)
        wait_for_all(kafka, dompetd.database)
        kafka.say("down")
        for number in range(50):
            assert scene.send(f"payment {number}", minor=1).status == 201
        wait_until(lambda: dompetd.metric("dompet_events_failures_total") >= 1, "a page was given up")
        assert scene.send("one more").status == 201
        kafka.say("up")
        wait_for_all(kafka, dompetd.database)


def is_producing(dompetd):
    """Whether a page waits for the brokers: its transaction is open."""
    [[count]] = psql(dompetd.database, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%/events-kafka'"
                                       " AND state = 'idle in transaction'"
                                       " AND state_change < clock_timestamp() - interval '300 ms'")
    return int(count) == 1


def check_serves_and_stops(dompetd, scene):
    for number in range(20):
        assert scene.send(f"unheard payment {number}", minor=1).status == 201
    wait_until(lambda: is_producing(dompetd), "a page waits for the brokers")
    began = time.monotonic()
    assert dompetd.stop() == 0
    assert time.monotonic() - began < 15  # the limit of a stop is 30 s


# Longer than a stop may take.
PATIENT = {"kafka_delivery_timeout_ms": 600_000}


def test_a_server_whose_brokers_were_never_there_serves_and_stops_as_any_other(make_dompetd):
    with make_dompetd(kafka_brokers="127.0.0.1:1", **PATIENT).start() as dompetd:
        check_serves_and_stops(dompetd, Scene(dompetd))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "frozen"])
def test_a_server_whose_brokers_no_longer_answer_stops_as_any_other_and_the_next_one_tells_what_it_owes(
        make_dompetd, kafka, tmp_path, end):
    with make_dompetd(kafka_brokers=kafka.brokers, **PATIENT).start() as dompetd:
        scene = Scene(dompetd)
        wait_for_all(kafka, dompetd.database)
        kafka.process.send_signal(end)
        check_serves_and_stops(dompetd, scene)
        told = kafka.heard()
        if end == signal.SIGSTOP:
            kafka.process.send_signal(signal.SIGCONT)
        else:
            kafka = Kafka(tmp_path / "another")
        dompetd.start(kafka_brokers=kafka.brokers)

        def missing():
            return ids_of_journal([dompetd.database]) - told.ids - kafka.heard().ids
        wait_until(lambda: not missing(), lambda: f"{len(missing())} events were not told")
        kafka.end()
