"""Fixtures of the scenario ring: see README.md."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from processes import Dompetd, PostgreSQL, dompetctl  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A server for one module, which may stop and kill it as it likes."""
    server = PostgreSQL(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def database(postgres):
    """An empty, migrated database."""
    postgres.start()
    url = postgres.fresh(f"scenario_{next(_numbers)}")
    dompetctl("migrate", "up", "--database", url)
    return url


@pytest.fixture
def make_dompetd(tmp_path, database):
    """Makes servers on the test's database; what still runs is ended after the test."""
    made = []

    def make(**settings):
        made.append(Dompetd(tmp_path / f"var{len(made)}", database, **settings))
        return made[-1]

    make.made = made
    yield make
    for dompetd in made:
        dompetd.end()


@pytest.fixture
def dompetd(make_dompetd):
    """A server that is ready."""
    return make_dompetd().start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the servers said, under a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    funcargs = getattr(item, "funcargs", {})
    for dompetd in getattr(funcargs.get("make_dompetd"), "made", []):
        report.sections.append((f"dompetd in {dompetd.directory}", dompetd.logs()))
    if "postgres" in funcargs:
        report.sections.append(("PostgreSQL", funcargs["postgres"].logs()))
