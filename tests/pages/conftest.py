"""Fixtures of the ring of pages: one Chromium for all tests, a stand-in for each, and one dompetd for those that want the
real thing. The page is the one that the build made beside dompetd."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from page import Page, start_browser  # noqa: E402
from processes import ADMIN_EMAIL, ADMIN_PASSWORD, DOMPETD, Dompetd, PostgreSQL, dompetctl  # noqa: E402
from stand_in import PASSWORD, StandIn  # noqa: E402

BUILT = Path(os.environ.get("DOMPET_INSPECTOR", DOMPETD.parent / "inspector"))


@pytest.fixture(scope="session")
def built():
    if not (BUILT / "index.html").exists():
        pytest.skip("the inspector's packages were not fetched before the build")
    return BUILT


@pytest.fixture(scope="session")
def saved_files(tmp_path_factory):
    """Where the browser saves files."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture
def downloads(saved_files):
    """The same, without what an earlier test left there."""
    for file in saved_files.iterdir():
        file.unlink()
    return saved_files


@pytest.fixture(scope="session")
def browser(saved_files):
    driver = start_browser(saved_files)
    yield driver
    driver.quit()


@pytest.fixture
def stand_in(built):
    with StandIn(built) as server:
        yield server


@pytest.fixture
def world(stand_in):
    """What the stand-in answers, to be changed."""
    return stand_in.world


@pytest.fixture
def page(browser, stand_in):
    """The page before the stand-in, not opened yet; for one who may do all that it offers."""
    yield from quiet_page(browser, stand_in.url, "approver@example.org", PASSWORD)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A dompetd on a PostgreSQL of its own."""
    postgres = PostgreSQL(tmp_path_factory.mktemp("postgres"))
    url = postgres.start()
    dompetctl("migrate", "up", "--database", url)
    with Dompetd(tmp_path_factory.mktemp("dompetd"), url).start() as dompetd:
        yield dompetd
    postgres.remove()


@pytest.fixture
def live_page(browser, server, built):
    """The page before a real dompetd, not opened yet."""
    yield from quiet_page(browser, f"http://127.0.0.1:{server.port}", ADMIN_EMAIL, ADMIN_PASSWORD)


def quiet_page(browser, url, email, password):
    """Whatever a test looks at, the browser has nothing to complain about; and nothing is left for the next one."""
    page = Page(browser, url, email, password)
    page.prefers("light")
    page.complaints()
    yield page
    complaints = page.complaints()
    browser.get("about:blank")
    assert not complaints


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the page and the server said, under a test that failed."""
    report = (yield).get_result()
    if report.when != "call" or not report.failed:
        return
    for name in ("page", "live_page"):
        if name in item.funcargs:
            report.sections.append(("the page", item.funcargs[name].text()))
    if "server" in item.funcargs:
        report.sections.append(("dompetd", item.funcargs["server"].logs()))
