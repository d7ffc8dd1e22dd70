"""PostgreSQL stops, crashes, loses its sessions (protocol 6: F12, F13)."""

import os
import signal
from contextlib import contextmanager

from director import Fault
from processes import psql

OF_LANES = "FROM pg_stat_activity WHERE application_name LIKE 'dompet/%/lane%'"


@contextmanager
def stopped_at_once(stage):
    stage.hits_all()
    stage.cluster.postgres.stop("immediate")
    try:
        client = stage.cluster.client()
        stage.wait(lambda: not any(node.is_ready() for node in stage.cluster.nodes), "no node says that it is ready")
        client.close()
    finally:
        stage.cluster.postgres.start()
    yield


@contextmanager
def lanes_terminated(stage):
    stage.hits_all()
    for _ in range(5):
        psql(stage.cluster.database, f"SELECT pg_terminate_backend(pid) {OF_LANES}", superuser=True)
        stage.trade_on(20)
    yield


@contextmanager
def backend_killed(stage):
    """PostgreSQL then throws everybody out and recovers, as after a crash."""
    stage.hits_all()
    pids = psql(stage.cluster.database, f"SELECT pid {OF_LANES}", superuser=True)
    os.kill(int(stage.rng.choice(pids)[0]), signal.SIGKILL)
    yield


FAULTS = [
    Fault("F12", "PostgreSQL stops as in a crash, and starts", stopped_at_once),
    Fault("F13", "lanes' sessions are terminated again and again", lanes_terminated),
    Fault("F13 crash", "a lane's backend is killed with -9", backend_killed, in_short=False),
]
