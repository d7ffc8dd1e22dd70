"""Fixtures of the fault ring: see README.md."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import network  # noqa: E402
from cluster import Cluster  # noqa: E402


@pytest.fixture(scope="session")
def networked():
    """Whether the network of this ring can be broken."""
    if network.why_not() is not None:
        return False
    network.enter()
    return True


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, networked):
    """Three nodes for all faults, one after the other; what one of them leaves behind, the next has to live with."""
    with Cluster(tmp_path_factory.mktemp("cluster"), networked=networked) as cluster:
        yield cluster


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the nodes said, under a test that failed."""
    report = (yield).get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if report.when == "call" and report.failed and cluster is not None:
        for node in cluster.nodes:
            report.sections.append((f"node {node.name}, exits {node.exits}", node.logs()))
        report.sections.append(("PostgreSQL", cluster.postgres.logs()))
