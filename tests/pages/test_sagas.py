"""The list of sagas, and what is going on above it."""

from urllib.parse import parse_qs, urlsplit

import canned
from stand_in import Refused

LIST = '[aria-label="List of sagas"]'
OPEN = '[aria-label="Open sagas"]'
BULK = '[aria-label="Bulk action"]'


def test_a_stuck_saga_says_why_it_is_stuck(page):
    page.open("#/sagas?state=stuck")
    page.sees("1,250,000.00", "stuck", canned.STUCK["reason"], "busy", "incident-42", "@sari", "1 note", within=LIST)
    page.sees_not("75,000.00", within=LIST)


def test_an_owner_that_cannot_be_reached_is_marked_in_the_list(page):
    page.open("#/sagas?state=open")
    page.sees("unreachable", canned.OWNER_DOWN["reason"], within=LIST)


def test_every_state_has_its_tab_with_the_number_of_its_sagas(page, world):
    page.open()
    page.sees("Reserved\n131", "Cancelling\n4", "Settled\n1,204,388", "Released\n312", "Declined", within=LIST)
    page.press("Cancelling 4")
    page.until(lambda: page.hash == "#/sagas?state=cancelling", "the address holds the state")
    page.sees("80,000.00", within=LIST)
    assert world.lists[-1]["state"] == "cancelling"


def test_every_filter_reaches_the_server_and_the_address(page, world):
    wanted = {"Wallet": ("wallet_id", canned.ANI), "Currency": ("currency", "IDR"), "Amount from": ("min_amount", "1.50"),
              "Amount to": ("max_amount", "9000000"), "Source shard": ("source_shard", "3"),
              "Destination shard": ("destination_shard", "17"), "Owner node": ("owner", "a"), "Last error": ("error", "busy"),
              "Label": ("label", "incident-42"), "Assignee": ("assignee", "sari"), "Age from (s)": ("min_age_s", "30"),
              "Age to (s)": ("max_age_s", "300"), "Attempts from": ("min_attempts", "2")}
    page.open()
    page.press("Filters")
    for label, (_, value) in wanted.items():
        page.fill(label, value, within='form[aria-label="Filters"]')
    page.press("Apply")
    page.sees("Assignee sari", within='[aria-label="Filters that are set"]')
    page.until(lambda: world.lists[-1].get("assignee") == "sari", "the server is asked")
    for name, value in wanted.values():
        assert world.lists[-1][name] == value
        assert parse_qs(urlsplit(page.hash[1:]).query)[name] == [value]


def test_a_filter_is_taken_away_by_its_chip(page, world):
    page.open("#/sagas?state=open&error=busy")
    page.press("Remove the filter Last error")
    page.until(lambda: page.hash == "#/sagas?state=open", "the filter is gone")
    page.sees(canned.OWNER_DOWN["reason"], within=LIST)


def test_what_is_not_a_number_is_not_sent(page, world):
    page.open("#/sagas?state=open")
    page.press("Filters")
    page.fill("Attempts from", "many")
    page.press("Apply")
    assert page.all("input:invalid") and page.hash == "#/sagas?state=open"


def test_the_order_can_be_chosen(page, world):
    page.open()
    page.choose("Order", "Largest amount first")
    page.until(lambda: page.all("table.sagas tbody tr")[0].text.count("9,000,000,000,000.00") == 1, "the largest is first")
    assert world.lists[-1]["sort"] == "-amount" and page.hash == "#/sagas?sort=-amount"


def test_pages_go_forth_and_back_by_the_servers_cursor(page, world):
    page.open()
    page.sees("Page 1", within=LIST)
    page.until(lambda: len(page.all("table.sagas tbody tr")) == 50, "a page is full")
    page.press("Next")
    page.sees("Page 2", within=LIST)
    page.until(lambda: len(page.all("table.sagas tbody tr")) == len(canned.SAGAS) - 50, "the rest is there")
    assert world.lists[-1]["cursor"] == "50" and not page.is_enabled("Next")
    page.press("Previous")
    page.sees("Page 1", "1,250,000.00", within=LIST)


def test_counts_ages_and_causes_are_live(page, world):
    page.open()
    page.sees("135", "Live", "the oldest for 6 min 52 s", within=OPEN)
    page.sees("up to 1 s\n61", "over 5 min\n2", within='[aria-label="Open sagas by age"]')
    causes = page.text('[aria-label="What stops them"]')
    assert causes.index("Shard 17 on node b answers busy") < causes.index("Shard 40 on node c answers timeout")
    world.counts["states"]["reserved"] = 7_000
    page.sees("7,004", within=OPEN)


def test_a_cause_and_an_age_lead_to_their_sagas(page):
    page.open()
    page.press("Shard 17 on node b answers busy 38 sagas, the oldest for 48.2 s")
    page.until(lambda: "error=busy" in page.hash and "destination_shard=17" in page.hash, "the cause is the filter")
    page.press("up to 5 min 41")
    page.until(lambda: "min_age_s=30" in page.hash and "max_age_s=300" in page.hash, "the age is the filter")


def test_without_the_event_stream_the_page_asks_and_says_so(page, world):
    page.open()
    page.sees("Live", within=OPEN)
    world.stream_works = False
    page.sees("No event stream; asking every 2 s", within=OPEN)
    world.counts["states"]["reserved"] = 9_000
    page.sees("9,004", within=OPEN)


def test_a_refusal_of_the_server_is_a_sentence(page, world):
    world.refusals["/v1/sagas"] = Refused(400, "invalid_parameter", "max_age_s: It must not be less than min_age_s.")
    page.open("#/sagas?min_age_s=9&max_age_s=1")
    page.sees("max_age_s: It must not be less than min_age_s.", "invalid_parameter", within=LIST)


def test_a_list_that_cannot_be_refreshed_stays_and_says_so(page, world):
    page.open("#/sagas?state=stuck")
    page.sees("1,250,000.00", within=LIST)
    world.refusals["/v1/sagas"] = Refused(503, "unavailable", "The database cannot answer now.")
    page.sees("The list could not be refreshed. The database cannot answer now.", "1,250,000.00", within=LIST)
    del world.refusals["/v1/sagas"]
    page.sees_not("The database cannot answer now.", within=LIST)


def test_a_list_without_any_saga_says_so(page):
    page.open("#/sagas?state=stuck&error=nothing_has_this")
    page.sees("There is no such saga.", within=LIST)


def test_views_are_applied_saved_and_deleted(page, world):
    page.open("#/sagas?state=open&label=incident-42")
    page.press("Saved views")
    page.fill("Save the current filters as", "Incident 42")
    page.press("Save")
    page.sees("Incident 42", within=".menu[open]")
    assert world.last_sent("/v1/sagas/views/Incident%2042") == {"filter": {"state": "open", "label": "incident-42"}}
    page.press("Delete the view Incident 42")
    page.sees_not("Incident 42", within=".menu[open]")
    page.press("Stuck over 30 s")
    page.until(lambda: page.hash == "#/sagas?state=stuck&min_age_s=30", "the view's filters are applied")


def test_the_export_has_the_filters_of_the_list(page, world, downloads):
    page.open("#/sagas?state=open&error=busy&sort=-amount")
    page.press("Export")
    for name, format in (("CSV", "csv"), ("NDJSON", "ndjson")):
        page.press(name)
        page.until((downloads / f"sagas.{format}").exists, "the file is saved")
        assert world.exports[-1] == {"state": "open", "error": "busy", "sort": "-amount", "format": format}


def start_bulk(page):
    page.open("#/sagas?state=open&error=busy")
    page.press("Bulk action…")
    page.sees("Sagas with state open, last error busy.", within="dialog")
    page.named("input", "Pause retries").click()
    page.fill("Reason", "database 1 is moving")
    page.press("Try without doing it")
    page.sees("38 sagas", "48,120,000.00 IDR", "912.40 USD", "Nothing has been done yet.", within="dialog")


def test_a_bulk_action_is_tried_out_before_it_is_done(page, world):
    start_bulk(page)
    tried = {"filter": {"state": "open", "error": "busy"}, "action": "pause", "reason": "database 1 is moving", "rate_per_s": 20}
    assert world.last_sent("/v1/sagas/bulk") == tried | {"dry_run": True}
    page.press("Pause 38 sagas")
    page.sees("Bulk action under way", "of 38 sagas asked", "1 refused", within=f"section{BULK}")
    assert world.last_sent("/v1/sagas/bulk") == tried | {"dry_run": False}
    assert "job=job-1" in page.hash


def test_another_wish_needs_another_try(page):
    start_bulk(page)
    page.fill("Reason", "something else")
    page.sees_not("38 sagas", within="dialog")


def test_a_bulk_action_is_paused_resumed_and_aborted(page, world):
    start_bulk(page)
    page.press("Pause 38 sagas")
    section = f"section{BULK}"
    page.press("Pause", within=section)
    page.sees("Bulk action paused", within=section)
    page.press("Resume", within=section)
    page.sees("Bulk action under way", within=section)
    page.press("Abort", within=section)
    page.sees("Bulk action aborted", within=section)
    page.press("The last 2 outcomes", within=section)
    page.sees("saga_is_final", within=section)
    page.press("Hide", within=section)
    page.until(lambda: not page.all(section) and "job" not in page.hash, "the progress is hidden")


def test_a_dialog_is_closed_by_escape_and_gives_the_focus_back(page):
    page.open()
    page.press("Bulk action…")
    page.until(lambda: page.all("dialog[open]"), "the dialog is open")
    page.type_key("\ue00c")
    page.until(lambda: not page.all("dialog[open]"), "the dialog is closed")
    page.until(lambda: page.focused_name() == "Bulk action…", "the focus is where it was")


def test_every_control_has_a_name_and_dark_is_dark(page):
    page.open("#/sagas?state=open")
    page.press("Filters")
    page.sees(canned.STUCK["reason"])
    assert page.nameless() == []
    light = page.style("body", "backgroundColor")
    page.prefers("dark")
    page.until(lambda: page.style("body", "backgroundColor") != light, "the page is dark")
