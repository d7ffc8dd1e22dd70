"""Those who listen to events: by list, by stream, and a Kafka cluster in a process of its own. Each keeps what it was told and
survives a server that dies: it comes back with its place. `check_complete` holds what they heard against the journal."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from processes import ROOT, Lost, NotSent, psql, wait_until

KAFKA_DOUBLE = Path(os.environ.get("KAFKA_DOUBLE", ROOT / "build/dev/kafka_double"))
PAUSE_S = 0.02


class Heard:
    """Events by id, and the wallets' seqs in the order in which they were heard for the first time."""

    def __init__(self):
        self.ids = set()
        self.repeated = 0
        self.faults = []
        self._last = {}

    def take(self, event):
        if event["id"] in self.ids:
            self.repeated += 1
            return
        self.ids.add(event["id"])
        if event["wallet_seq"] is None:
            return
        last = self._last.get(event["wallet_id"], 0)
        if event["wallet_seq"] != last + 1 and len(self.faults) < 10:
            self.faults.append(f"{event['wallet_id']}: {event['wallet_seq']} after {last} ({event['id']})")
        self._last[event["wallet_id"]] = event["wallet_seq"]

    def __len__(self):
        return len(self.ids)


class _Thread:
    def __init__(self):
        self.heard = Heard()
        self.is_over = threading.Event()
        self.fault = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self.is_over.set()
        self._thread.join(timeout=30)

    def _run(self):
        while not self.is_over.is_set():
            try:
                self.follow()
            except (NotSent, Lost, OSError, http.client.HTTPException):
                time.sleep(PAUSE_S)  # the server is away
            except Exception as fault:  # noqa: BLE001 - shown by whoever waits
                self.fault = fault
                return


class ListReader(_Thread):
    """Asks GET /v1/events again and again."""

    def __init__(self, dompetd, query=""):
        super().__init__()
        self._dompetd = dompetd
        self._query = query
        self._cursor = None

    def follow(self):
        client = self._dompetd.client(timeout_s=10)
        while not self.is_over.is_set():
            cursor = f"&cursor={self._cursor}" if self._cursor else ""
            answer = client.get(f"/v1/events?limit=200{self._query}{cursor}")
            if answer.status == 503:
                time.sleep(PAUSE_S)
                continue
            assert answer.status == 200, answer
            for event in answer.json["data"]:
                self.heard.take(event)
            self._cursor = answer.json["next_cursor"]
            if not answer.json["has_more"]:
                time.sleep(PAUSE_S)


def blocks(response):
    """The blocks of server-sent events as they come: (field, value) pairs, comments left out."""
    fields = []
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        if line:
            if not line.startswith(":"):
                fields.append(tuple(line.split(": ", 1)))
            continue
        if fields:
            yield dict(fields)
        fields = []


class StreamReader(_Thread):
    """Listens to /v1/events/stream and comes back with the last id that it got."""

    def __init__(self, dompetd, query="from=beginning", headers=None):
        super().__init__()
        self._dompetd = dompetd
        self._query = query
        self._headers = headers
        self.last_id = None

    def follow(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._dompetd.port, timeout=10)
        headers = dict(self._headers or self._dompetd.authorization())
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", f"/v1/events/stream?{self._query}", headers=headers)
        response = connection.getresponse()
        if response.status == 503:
            time.sleep(PAUSE_S)
            return
        assert response.status == 200, (response.status, response.read())
        for block in blocks(response):
            if "data" in block:
                self.heard.take(json.loads(block["data"]))
            if "id" in block:
                self.last_id = block["id"]
            if self.is_over.is_set():
                break
        connection.close()


class Kafka:
    """A mock cluster that outlives the servers, with a reader of the topic."""

    topic = "dompet.events"

    def __init__(self, directory):
        Path(directory).mkdir(exist_ok=True)
        self.file = Path(directory) / "topic"
        self.process = subprocess.Popen([KAFKA_DOUBLE, self.topic, self.file], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.brokers = re.match(r"brokers (\S+)", self.process.stdout.readline())[1]

    def say(self, word):
        """`down` or `up`."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def messages(self):
        """Of whole lines: (partition, key, event)."""
        if not self.file.exists():
            return
        with open(self.file, encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):  # the last one may be on its way
                    partition, _, key, value = line.split("\t", 3)
                    yield int(partition), key, json.loads(value)

    def heard(self):
        heard = Heard()
        for _, _, event in self.messages():
            heard.take(event)
        return heard

    def count(self):
        """Of messages, some may be there twice."""
        if not self.file.exists():
            return 0
        with open(self.file, "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # it may be frozen
            self.process.stdin.close()
            self.process.wait(timeout=30)


def ids_of_journal(databases):
    """Of every event that must be told: one for each leg, and one for what has none but is news of its wallet."""
    ids = set()
    for database in databases:
        rows = psql(database, "SELECT shard || '-' || shard_seq || '-' || leg FROM (SELECT j.*, generate_series(0,"
                              " CASE WHEN peer_seq IS NOT NULL AND kind = 3 THEN 1 ELSE 0 END) AS leg FROM journal j"
                              " WHERE kind NOT IN (7, 16) AND shard IN (SELECT s.shard FROM shard s, ledger l"
                              " WHERE s.database_id = l.database_id)) AS j")
        ids |= {id for [id] in rows}
    return ids


def check_complete(heard, databases):
    assert not heard.faults, heard.faults
    missing = ids_of_journal(databases) - heard.ids
    assert not missing, f"{len(missing)} events were never told, such as {sorted(missing)[:5]}"


def wait_until_complete(listener, databases, deadline_s=60):
    """What a thread heard, once it has all of them."""
    expected = len(ids_of_journal(databases))

    def has_all():
        assert listener.fault is None, listener.fault
        return len(listener.heard) >= expected
    wait_until(has_all, lambda: f"{len(listener.heard)} of {expected} events", deadline_s)
    check_complete(listener.heard, databases)
