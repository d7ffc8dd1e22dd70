"""The audit of the bank test finds what it is there to find: a checker that never fails is not trusted (protocol 7.1)."""

import copy
import dataclasses

import pytest

from bank import Bank, transfer_body
from history import NOT_APPLIED, OK, Read
from processes import psql


@pytest.fixture
def bank(dompetd, tmp_path):
    bank = Bank(dompetd, tmp_path / "history.jsonl", wallets=4)
    bank.open_doors(clients=4)
    bank.trade_on(60)
    bank.close_doors()
    bank.audit()
    return bank


def an_acknowledged(bank):
    return bank.history.with_outcome(OK)[0]


def lost(bank):
    """A client was told that something is done which is not."""
    told = copy.copy(an_acknowledged(bank))
    told.key = "never-sent"
    bank.history.operations.append(told)


def applied_after_all(bank):
    an_acknowledged(bank).outcome = NOT_APPLIED


def doubled(bank):
    """The effect of one key is there twice."""
    operation = an_acknowledged(bank)
    assert bank.dompetd.client().post(operation.path, operation.body, "another key").status == 201


def behind_their_backs(bank):
    """Money moved that no client asked for, while an answer is replayed."""
    operation = an_acknowledged(bank)
    operation.key, operation.body = "not-the-key", transfer_body(operation.destination, operation.source, 1, "not-the-key")


def other_answer(bank):
    operation = an_acknowledged(bank)
    operation.answer = copy.copy(operation.answer)
    operation.answer.body += b" "


def other_content(bank):
    operation = an_acknowledged(bank)
    operation.minor += 1


def dirty_read(bank):
    """Somebody saw a state that never was."""
    read = bank.history.reads[0]
    bank.history.reads.append(dataclasses.replace(read, available=read.available + 1))


def read_of_the_future(bank):
    bank.history.reads.append(Read(bank.wallets[0], 1_000_000, 5, 0, 0.0))


def stale_read(bank):
    """Somebody saw a state from before an acknowledged transfer, after it."""
    early = min(bank.history.reads, key=lambda read: read.version)
    late = max(operation.ended for operation in bank.history.with_outcome(OK))
    bank.history.reads.append(dataclasses.replace(early, began=late + 1))


def lost_in_the_ledger(bank):
    """The rows of an acknowledged transfer are gone, as after a commit that was not durable."""
    identity = an_acknowledged(bank).answer.json["id"]
    psql(bank.dompetd.database, f"DELETE FROM journal WHERE id = '{identity}'", superuser=True)


@pytest.mark.parametrize("fault", [lost, applied_after_all, doubled, behind_their_backs, other_answer, other_content, dirty_read,
                                   read_of_the_future, stale_read, lost_in_the_ledger], ids=lambda fault: fault.__name__)
def test_the_audit_finds(bank, fault):
    fault(bank)
    with pytest.raises(AssertionError):
        bank.audit()
