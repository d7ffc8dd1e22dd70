"""Events produced to Kafka: a mock cluster of librdkafka in a process of its own."""

import pytest

from listeners import Kafka, check_complete, ids_of_journal
from processes import wait_until
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


def test_a_server_whose_brokers_were_never_there_serves_and_stops_as_any_other(make_dompetd):
    with make_dompetd(kafka_brokers="127.0.0.1:1", kafka_delivery_timeout_ms=2_000).start() as dompetd:
        scene = Scene(dompetd)
        for number in range(20):
            assert scene.send(f"payment {number}").status == 201
        assert dompetd.stop() == 0
