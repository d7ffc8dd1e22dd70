"""Who may see the inspector, and what it offers to whom. What a user may really do is the server's decision, and tested
where that is."""

import canned
import pytest
from page import FORM
from stand_in import PASSWORD, Refused

LIST = '[aria-label="List of sagas"]'
ORDERS = ("Retry now", "Request cancel", "Pause retries", "Resume retries", "Save note")


def as_(page, user, hash=""):
    page.email = f"{user}@example.org"
    return page.open(hash)


def buttons(page):
    return {element.accessible_name for element in page.all("button") if page.is_shown(element)}


def stored(page):
    return page.browser.execute_script("return JSON.stringify([Object.assign({}, localStorage), document.cookie])"), \
        page.browser.execute_script("return Object.keys(sessionStorage)")


def test_nobody_sees_anything_but_the_form(page, world):
    page.read_again("#/sagas?state=stuck")
    page.sees("Log in", within=FORM)
    page.sees_not("1,250,000.00")
    assert world.lists == [] and page.nameless() == []


def test_a_wrong_password_is_a_sentence_and_the_form_stays(page, world):
    page.read_again()
    page.log_in("approver@example.org", "wrong horse battery")
    page.sees("The e-mail address or the password is wrong.", "invalid_credentials", within=FORM)
    assert page.named("input", "Password").get_attribute("value") == "", "it is not kept"
    page.log_in("approver@example.org", PASSWORD)
    page.sees("1,250,000.00", within=LIST)
    assert world.logins == 1


def test_after_logging_in_the_view_of_the_address_is_shown(page):
    page.read_again("#/sagas?state=stuck&sort=age")
    page.log_in("viewer@example.org", PASSWORD)
    page.sees("1,250,000.00", "viewer")
    assert page.hash == "#/sagas?state=stuck&sort=age"


def test_too_many_attempts_are_the_servers_sentence(page, world):
    world.refusals["/v1/auth/login"] = Refused(429, "too_many_attempts", "Too many failed logins. Try again in 15 minutes.")
    page.read_again()
    page.log_in("approver@example.org", "guess")
    page.sees("Try again in 15 minutes.", within=FORM)


def test_a_viewer_sees_all_and_is_offered_no_order(page):
    as_(page, "viewer", f"#/sagas/{canned.STUCK['id']}")
    page.sees("Why it is where it is", "Timeline", canned.proof(canned.STUCK)["sentence"])
    assert not buttons(page) & set(ORDERS)
    page.open("#/sagas?state=open")
    page.sees("1,250,000.00", within=LIST)
    page.press("Saved views")
    assert not {"Bulk action…", "Save", "Delete the view Stuck over 30 s"} & buttons(page)
    page.open("#/cluster")
    page.sees("4 nodes, 64 shards")
    assert not {"Move", "Rebalance…", "Drain node b"} & buttons(page)


def test_an_operator_orders_single_sagas_and_moves_shards_but_only_tries_bulk_orders(page, world):
    as_(page, "operator", f"#/sagas/{canned.STUCK['id']}")
    page.sees("Timeline")
    assert set(ORDERS) <= buttons(page)
    page.open("#/sagas?state=open&error=busy")
    page.press("Bulk action…")
    page.fill("Reason", "database 1 is moving")
    page.press("Try without doing it")
    page.sees("38 sagas", "An approver may do it.", within="dialog")
    assert "Retry 38 sagas" not in buttons(page)
    page.open("#/cluster")
    page.sees("4 nodes, 64 shards")
    assert "Move" in buttons(page) and not {"Rebalance…", "Drain node b"} & buttons(page)


@pytest.mark.parametrize("user", ["approver", "administrator"])
def test_an_approver_lets_bulk_orders_act_and_drains_nodes(page, user):
    as_(page, user, "#/sagas?state=open&error=busy")
    page.press("Bulk action…")
    page.fill("Reason", "database 1 is moving")
    page.press("Try without doing it")
    page.sees("38 sagas", within="dialog")
    assert "Retry 38 sagas" in buttons(page)
    page.open("#/cluster")
    page.sees("4 nodes, 64 shards")
    assert {"Move", "Rebalance…", "Drain node b"} <= buttons(page)


def test_a_customer_is_told_that_there_is_nothing_for_him(page, world):
    as_(page, "customer")
    page.sees("You may not see this.")
    assert world.lists == []


def test_a_session_that_ends_brings_the_form_back_and_the_view_after_it(page, world):
    page.open("#/sagas?state=stuck")
    page.sees("1,250,000.00", within=LIST)
    world.end_sessions()
    page.sees("Your session has ended. Log in again.", within=FORM)
    page.sees_not("1,250,000.00")
    page.log_in("approver@example.org", PASSWORD)
    page.sees("1,250,000.00", within=LIST)
    assert page.hash == "#/sagas?state=stuck"


def test_who_logs_out_is_out_here_and_at_the_server(page, world):
    page.open("#/sagas?state=stuck")
    page.sees("Live")
    page.press("Log out")
    page.sees("Log in", within=FORM)
    page.until(lambda: world.logouts == 1, "the server was told")
    assert stored(page) == ("[{},\"\"]", [])
    page.read_again()
    assert page.all(FORM), "reading the page again does not bring the session back"


def test_a_page_that_is_read_again_needs_no_password_and_keeps_no_access_token(page, world):
    page.open()
    page.sees("Live")
    assert stored(page) == ("[{},\"\"]", ["dompet.refresh"])
    page.read_again("#/cluster")
    page.sees("4 nodes, 64 shards")
    assert (world.logins, world.refreshes) == (1, 1)


def test_a_token_is_replaced_before_it_ends(page, world):
    world.token_life_s = 62
    page.open()
    page.sees("Live")
    page.until(lambda: world.refreshes >= 1, "a new token was asked for")
    page.sees("Live")
    assert not page.all(FORM) and world.logins == 1
