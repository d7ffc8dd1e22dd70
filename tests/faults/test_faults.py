"""Whatever is done to the cluster, nothing that it acknowledged is lost and nothing is done twice; and it comes back by itself."""

import os
import random

import pytest

from director import Director
from table import FAULTS, missing_for


@pytest.fixture(scope="session")
def director(cluster, tmp_path_factory):
    return Director(cluster, tmp_path_factory.mktemp("histories"))


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.in_short], ids=lambda fault: fault.number.replace(" ", "-"))
def test_nothing_is_lost_and_nothing_is_doubled_when(director, fault):
    reason = missing_for(fault)
    if reason is not None:
        pytest.skip(reason)
    seed = int(os.environ.get("DOMPET_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))
    report = director.perform(fault, seed)
    print(f"seed {seed}: {report}")
    assert not report.findings, "\n".join(map(str, report.findings[:5]))
