"""What marketplaces were told, and have not heard yet."""

NOTICES = '[aria-label="Notices"]'


def open_notices(page):
    page.open("#/marketplaces")
    page.sees("2 notices")


def test_what_a_marketplace_has_not_heard_is_shown_first_with_why(page):
    open_notices(page)
    page.sees("DS-8800000302", "sawit", "to be told", "125000.00 IDR", "It answered status 502.", within=NOTICES)
    assert len(page.all(f"{NOTICES} tbody tr")) == 2


def test_what_a_marketplace_refused_stands_before_what_it_did_not_hear_and_is_told_again_too(page, world):
    open_notices(page)
    page.sees("DS-8800000304", "refused, told again", "It did not take the status.", within=f"{NOTICES} tbody tr:first-child")
    page.press("Tell again of DS-8800000304")
    page.until(lambda: world.notices[0]["attempts"] == 4, "the order to tell again arrived")
    page.choose("Show", "Refused")
    page.sees("1 notice")


def test_what_was_told_and_what_is_being_paid_is_shown_on_demand(page):
    open_notices(page)
    page.choose("Show", "Told")
    page.sees("DS-8800000301", "told", within=NOTICES)
    page.choose("Show", "All")
    page.sees("4 notices")
    page.sees("being paid", "to be told", "told", "refused", within=NOTICES)


def test_a_marketplace_is_told_again_at_once(page, world):
    open_notices(page)
    page.press("Tell again of DS-8800000302")
    page.sees("sawit is told of DS-8800000302 again now.")
    page.until(lambda: world.notices[2]["attempts"] == 8, "the order to tell again arrived")


def test_the_navigation_leads_there(page):
    page.open("#/sagas")
    page.press("Marketplaces")
    page.sees("DS-8800000302")
