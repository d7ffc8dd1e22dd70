"""One saga: why it is where it is, what happened, what may be done."""

import canned
import pytest
from stand_in import Refused

TIMELINE = '[aria-label="Timeline"]'
PROOF = '[aria-label="Proof"]'
ACTIONS = '[aria-label="Actions"]'


def of(one):
    return f"#/sagas/{one['id']}"


def test_a_saga_is_reached_from_the_list_and_left_to_the_same_list(page):
    page.open("#/sagas?state=stuck&sort=age")
    page.press(f"{canned.STUCK['id'][:8]}…{canned.STUCK['id'][-4:]}")
    page.sees("1,250,000.00", canned.STUCK["id"], "node a, epoch 12")
    page.press("← Sagas")
    page.until(lambda: page.hash == "#/sagas?state=stuck&sort=age", "the list is as it was left")


def test_a_stuck_saga_gives_its_reason_and_the_evidence(page):
    page.open(of(canned.STUCK))
    page.sees(canned.STUCK["reason"], "The last 13 attempts were answered busy.", "none yet", "shard 17 on node b", "1.8 s",
              within='[aria-label="Why it is where it is"]')


def test_the_timeline_shows_both_wallets_before_and_after(page):
    page.open(of(canned.SETTLED))
    page.sees("The source held the amount", "3,000,000.00 → 1,750,000.00", "0.00 → 1,250,000.00", "200,000.00 → 1,450,000.00",
              "1,250,000.00 → 0.00", "Shard 17 decided: credited", within=TIMELINE)
    attempt = page.text(f"{TIMELINE} tr.attempt")
    for part in ("attempt 1", "over the link to b", "took 31 ms", "credited", "1,750,000.00", "200,000.00"):
        assert part in attempt


def test_a_gap_stands_out(page):
    page.open(of(canned.STUCK))
    page.sees("6.4 s", "Nothing was recorded: the owner was being moved", within=f"{TIMELINE} tr.gap")
    page.sees("sari: shard 17 should be back", within=f"{TIMELINE} tr.action")


@pytest.mark.parametrize("one, word", [(canned.STUCK, "No"), (canned.RELEASED, "Yes")], ids=["waiting", "released"])
def test_the_proof_says_whether_it_may_be_released_and_why(page, one, word):
    page.open(of(one))
    page.sees(canned.proof(one)["sentence"], "The decision is a refusal.", "Conservation holds", within=PROOF)
    assert page.text(f"{PROOF} .verdict-word") == word


def test_broken_conservation_is_an_alarm(page, world, monkeypatch):
    broken = {"ok": False, "source_out": "5.00", "destination_in": "0.00", "held": "0.00", "sentence": "5.00 are missing."}
    whole = canned.proof
    monkeypatch.setattr(canned, "proof", lambda one: whole(one) | {"conservation": broken})
    page.open(of(canned.SETTLED))
    page.sees("Conservation is broken", "5.00 are missing.", within=f"{PROOF} [role=alert]")


def test_an_owner_that_is_down_is_said_and_the_tables_are_shown(page):
    page.open(of(canned.OWNER_DOWN))
    page.sees("The owner of this saga is down.", "read from the tables", within="main .banner.warn")
    page.sees("unreachable", "the owner is down; this is what the tables say", "The source held the amount")


def test_a_saga_that_is_over_does_not_need_its_owner(page):
    page.open(of(canned.SETTLED))
    page.sees("it is over; this is what the tables say")
    page.sees_not("The owner of this saga is down.")


def test_an_action_is_asked_for_with_a_reason(page, world):
    page.open(of(canned.STUCK))
    page.press("Retry now")
    page.press("Retry now", within="dialog")
    assert page.all("dialog[open] input:invalid"), "there is no action without a reason"
    page.fill("Reason", "shard 17 is back", within="dialog")
    page.press("Retry now", within="dialog")
    page.sees("The owner asks the destination again now.", within=ACTIONS)
    assert world.last_sent(f"/v1/sagas/{canned.STUCK['id']}/retry") == {"reason": "shard 17 is back"}


@pytest.mark.parametrize("button, action, one", [
    ("Request cancel", "cancel", canned.STUCK), ("Pause retries", "pause", canned.STUCK),
    ("Resume retries", "resume", canned.PAUSED)], ids=["cancel", "pause", "resume"])
def test_every_action_goes_to_its_own_address(page, world, button, action, one):
    page.open(of(one))
    page.press(button)
    page.fill("Reason", "because", within="dialog")
    page.press(button, within="dialog")
    page.until(lambda: world.last_sent(f"/v1/sagas/{one['id']}/{action}"), "the server was asked")


def test_an_action_that_is_refused_says_the_servers_reason(page):
    page.open(of(canned.OWNER_DOWN))
    page.press("Retry now")
    page.fill("Reason", "try", within="dialog")
    page.press("Retry now", within="dialog")
    page.sees("Its owner, node c, cannot be reached; nothing was done.", "owner_unreachable", within="dialog")


def test_nothing_can_be_asked_of_a_saga_that_is_over(page):
    page.open(of(canned.SETTLED))
    page.sees("The saga is over; nothing can be asked of it any more.", within=ACTIONS)
    assert not any(button.is_enabled() for button in page.all(f"{ACTIONS} button"))


def test_only_what_makes_sense_can_be_pressed(page):
    page.open(of(canned.PAUSED))
    page.sees("paused")
    assert page.is_enabled("Resume retries") and not page.is_enabled("Pause retries")


def test_a_note_sets_label_and_assignee(page, world):
    page.open(of(canned.STUCK))
    page.sees("Watching it.", within='[aria-label="Notes"]')
    page.fill("Note", "Called the database people.")
    page.fill("Assignee", "budi")
    page.press("Save note")
    page.sees("Called the database people.", within=".notes")
    sent = world.last_sent(f"/v1/sagas/{canned.STUCK['id']}/notes")
    assert sent["text"] == "Called the database people." and sent["assignee"] == "budi" and "label" not in sent


def test_the_bundle_can_be_exported(page, downloads):
    page.open(of(canned.STUCK))
    page.press("Export bundle")
    page.until((downloads / f"saga-{canned.STUCK['id']}.json").exists, "the file is saved")


def test_a_saga_that_does_not_exist_is_a_sentence(page):
    page.open("#/sagas/019a8f3c-ffff-7000-8000-000000000000")
    page.sees("This saga cannot be shown. There is no such saga.", "saga_not_found")


def test_a_part_that_fails_leaves_the_others(page, world):
    world.refusals[f"/v1/sagas/{canned.STUCK['id']}/timeline"] = Refused(503, "unavailable", "The database cannot answer now.")
    page.open(of(canned.STUCK))
    page.sees("The timeline could not be read. The database cannot answer now.", within=TIMELINE)
    page.sees(canned.proof(canned.STUCK)["sentence"], within=PROOF)


def test_every_control_has_a_name(page):
    page.open(of(canned.STUCK))
    page.sees("The source held the amount", "Conservation holds")
    assert page.nameless() == []
