"""What clients know: every operation, written down before it is sent (protocol 7.1), and what came of it."""

import json
import os
import threading
import time
from dataclasses import dataclass

OK, DECLINED, NOT_APPLIED, UNKNOWN, IN_PROGRESS = "ok", "declined", "not applied", "unknown", "in progress"


class Violation(AssertionError):
    """The server answered what it must never answer."""


def verdict(answer):
    """What an answer to a money request says about its effect."""
    if answer.status in (200, 201):
        return OK
    if answer.status == 202 or answer.code == "in_progress":
        return IN_PROGRESS
    if answer.status in (402, 409) and "transaction_id" in answer.json:
        return DECLINED
    if answer.status == 429:
        return NOT_APPLIED
    if answer.status == 503:
        applied = answer.json.get("applied")
        if applied not in ("no", "unknown") or "retry-after" not in answer.headers:
            raise Violation(f"a 503 on a money route says neither whether nor when: {answer}")
        return NOT_APPLIED if applied == "no" else UNKNOWN
    if answer.status == 500:
        return UNKNOWN
    raise Violation(f"an unexpected answer: {answer}")


@dataclass(frozen=True)
class Read:
    wallet: str
    version: int
    available: int
    held: int
    # Monotonic: when it was asked for.
    began: float


@dataclass
class Operation:
    key: str
    path: str
    body: dict
    minor: int
    # ok and declined are final and answered; not applied must never have an effect; unknown may have one.
    outcome: str = UNKNOWN
    answer: object = None
    attempts: int = 0
    # Monotonic, of this process: from the first attempt to the last word.
    began: float = 0.0
    ended: float = 0.0

    @property
    def source(self):
        return self.body.get("source_wallet_id")

    @property
    def destination(self):
        return self.body.get("destination_wallet_id") or self.body["wallet_id"]


class History:
    """Thread-safe. The file is for people: it tells, also after a crash of the test, what had been sent."""

    def __init__(self, path):
        self._lock = threading.Lock()
        self._file = open(path, "ab")
        self.operations = []
        self.reads = []
        self._acknowledged = 0
        self._changed = threading.Condition(self._lock)

    def _write(self, **line):
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def invoke(self, operation):
        with self._lock:
            operation.began = time.monotonic()
            self.operations.append(operation)
            self._write(event="invoke", key=operation.key, path=operation.path, body=operation.body)

    def finish(self, operation, outcome, answer):
        with self._lock:
            operation.outcome, operation.answer, operation.ended = outcome, answer, time.monotonic()
            self._write(event=outcome, key=operation.key, status=answer.status if answer else None)
            if outcome in (OK, DECLINED):
                self._acknowledged += 1
                self._changed.notify_all()

    def note_read(self, read):
        with self._lock:
            self.reads.append(read)

    @property
    def acknowledged(self):
        with self._lock:
            return self._acknowledged

    def wait_for_acknowledged(self, count, deadline_s, alive=lambda: True):
        """Until so many operations are acknowledged in all; false when `alive` ends first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._acknowledged >= count or not alive(), deadline_s) and alive()

    def with_outcome(self, *outcomes):
        return [operation for operation in self.operations if operation.outcome in outcomes]

    def summary(self):
        counts = {outcome: len(self.with_outcome(outcome)) for outcome in (OK, DECLINED, NOT_APPLIED, UNKNOWN)}
        retried = sum(operation.attempts > 1 for operation in self.operations)
        return f"{counts}, {retried} sent more than once, {len(self.reads)} reads"
