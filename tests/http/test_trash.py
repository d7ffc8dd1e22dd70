"""The trash family: the same promises for every resource of reference data."""

import uuid

import pytest

from people import add_person, new_user


class Kind:
    """A resource as its owner sees it: how one is made, what may be changed."""

    def __init__(self, path, absent, make, change, staff_only=False):
        self.path = path
        self.absent = absent
        self.make = make
        self.change = change
        self.staff_only = staff_only

    def __repr__(self):
        return self.path


def make_user(admin, owner):
    return admin.post("/v1/users", new_user()).json


def make_role(admin, owner):
    return admin.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": ["audit:read"]}).json


KINDS = [
    Kind("/v1/users", "user_not_found", make_user, {"first_name": "Anisa"}, staff_only=True),
    Kind("/v1/roles", "role_not_found", make_role, {"permissions": []}, staff_only=True),
    Kind("/v1/cards", "card_not_found", lambda admin, owner: owner.client.get(
        f"/v1/cards/{owner.add_card()['id']}").json, {"type": "prepaid"}),
    Kind("/v1/merchants", "merchant_not_found", lambda admin, owner: owner.add_merchant(), {"name": "Toko"}),
    Kind("/v1/merchant-documents", "document_not_found",
         lambda admin, owner: owner.add_document(owner.add_merchant()["id"]), {"document_type": "identity card"}),
]
OWNED = [kind for kind in KINDS if not kind.staff_only]


@pytest.fixture
def owner(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


@pytest.fixture
def stranger(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


def keeper(kind, client, owner):
    """Who may do all with it."""
    return client if kind.staff_only else owner.client


def ids(answer):
    assert answer.status == 200, answer
    return [row["id"] for row in answer.json["data"]]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_thing_is_made_read_and_changed(client, owner, kind):
    thing = kind.make(client, owner)
    who = keeper(kind, client, owner)
    assert who.get(f"{kind.path}/{thing['id']}").json == thing
    changed = who.request("PATCH", f"{kind.path}/{thing['id']}", kind.change)
    assert changed.status == 200, changed
    assert changed.json.items() >= kind.change.items()
    assert changed.json["updated_at"] >= thing["updated_at"]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_what_is_in_the_trash_is_out_of_the_list_until_it_is_restored(client, owner, kind):
    thing = kind.make(client, owner)
    who = keeper(kind, client, owner)
    place = f"{kind.path}/{thing['id']}"
    assert thing["deleted_at"] is None
    assert thing["id"] in ids(who.get(f"{kind.path}?limit=200"))
    for _ in range(2):
        trashed = who.request("DELETE", place)
        assert trashed.status == 200 and trashed.json["deleted_at"]
    assert thing["id"] not in ids(who.get(f"{kind.path}?limit=200"))
    assert thing["id"] in ids(who.get(f"{kind.path}?limit=200&state=trashed"))
    assert thing["id"] in ids(who.get(f"{kind.path}?limit=200&state=all"))
    assert who.request("PATCH", place, kind.change).code == "in_trash"
    for _ in range(2):
        restored = who.post(f"{place}/restore")
        assert restored.status == 200 and restored.json["deleted_at"] is None
    assert thing["id"] in ids(who.get(f"{kind.path}?limit=200"))


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_only_what_is_in_the_trash_is_deleted_for_good(client, owner, kind):
    thing = kind.make(client, owner)
    who = keeper(kind, client, owner)
    place = f"{kind.path}/{thing['id']}"
    assert who.request("DELETE", f"{place}/permanent").code == "not_in_trash"
    who.request("DELETE", place)
    gone = who.request("DELETE", f"{place}/permanent")
    assert (gone.status, gone.json) == (200, {"id": thing["id"], "deleted": True})
    for answer in (who.get(place), who.request("DELETE", place), who.post(f"{place}/restore"),
                   who.request("DELETE", f"{place}/permanent"), who.request("PATCH", place, kind.change)):
        assert (answer.status, answer.code) == (404, kind.absent)


@pytest.mark.parametrize("kind", OWNED, ids=repr)
def test_things_of_others_are_as_if_they_were_not_there(client, owner, stranger, kind):
    thing = kind.make(client, owner)
    place = f"{kind.path}/{thing['id']}"
    assert ids(stranger.client.get(f"{kind.path}?state=all")) == []
    owner.client.request("DELETE", place)
    for answer in (stranger.client.get(place), stranger.client.request("PATCH", place, kind.change),
                   stranger.client.request("DELETE", place), stranger.client.post(f"{place}/restore"),
                   stranger.client.request("DELETE", f"{place}/permanent")):
        assert (answer.status, answer.code) == (404, kind.absent)
    assert stranger.client.post(f"{kind.path}/trash/restore").json["restored"] == 0
    assert stranger.client.request("DELETE", f"{kind.path}/trash").json["deleted"] == 0
    assert owner.client.get(place).json["deleted_at"]
    assert client.get(place).status == 200  # staff sees everybody's


@pytest.mark.parametrize("kind", OWNED, ids=repr)
def test_the_whole_trash_is_restored_or_emptied_at_once(client, owner, stranger, kind):
    things = [kind.make(client, owner)["id"] for _ in range(3)]
    others = kind.make(client, stranger)["id"]
    who = owner.client
    for thing in things:
        who.request("DELETE", f"{kind.path}/{thing}")
    stranger.client.request("DELETE", f"{kind.path}/{others}")
    assert who.post(f"{kind.path}/trash/restore").json == {"restored": 3, "kept": 0, "has_more": False}
    assert set(things) <= set(ids(who.get(kind.path)))
    for thing in things[:2]:
        who.request("DELETE", f"{kind.path}/{thing}")
    assert who.request("DELETE", f"{kind.path}/trash").json == {"deleted": 2, "kept": 0, "has_more": False}
    assert ids(who.get(f"{kind.path}?state=trashed")) == []
    assert who.get(f"{kind.path}/{things[2]}").status == 200
    assert ids(stranger.client.get(f"{kind.path}?state=trashed")) == [others]


@pytest.mark.parametrize("kind", OWNED, ids=repr)
def test_lists_are_newest_first_and_come_in_pages(client, owner, kind):
    made = [kind.make(client, owner)["id"] for _ in range(5)]
    assert [row["id"] for row in owner.client.all(kind.path, limit=2)] == made[::-1]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_cursor_belongs_to_its_filters(client, owner, kind):
    for _ in range(2):
        kind.make(client, owner)
    cursor = client.get(f"{kind.path}?limit=1").json["next_cursor"]
    assert client.get(f"{kind.path}?limit=1&cursor={cursor}").status == 200
    for other in ("state=all", "search=ani"):
        assert client.get(f"{kind.path}?{other}&cursor={cursor}").code == "cursor_mismatch"
    assert client.get(f"{kind.path}?cursor=nonsense").code == "invalid_cursor"


@pytest.mark.parametrize("kind", KINDS, ids=repr)
@pytest.mark.parametrize("query,code", [("state=gone", "invalid_parameter"), ("limit=0", "invalid_parameter"),
                                        ("colour=red", "unknown_parameter"), ("search=%00", "invalid_parameter")])
def test_a_list_says_what_is_wrong_with_its_query(client, kind, query, code):
    answer = client.get(f"{kind.path}?{query}")
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_unknown_and_missing_fields_are_named(client, owner, kind):
    answer = client.post(kind.path, {"colour": "red"})
    assert answer.status == 400, answer
    assert "unknown_field" in {error["code"] for error in answer.json["errors"] if error["field"] == "colour"}
    assert any(error["code"] == "missing_field" for error in answer.json["errors"])
    thing = kind.make(client, owner)
    who = keeper(kind, client, owner)
    assert who.request("PATCH", f"{kind.path}/{thing['id']}", {}).status == 400
    for never in ("id", "created_at", "deleted_at", "status"):
        assert who.request("PATCH", f"{kind.path}/{thing['id']}", {never: thing.get(never) or "x"}).status == 400
    assert who.request("PATCH", f"{kind.path}/not-an-id", kind.change).code == "invalid_id"


@pytest.mark.parametrize("kind", [k for k in KINDS if k.staff_only], ids=repr)
def test_customers_do_not_keep_users_and_roles(client, owner, kind):
    thing = kind.make(client, owner)
    place = f"{kind.path}/{thing['id']}"
    for answer in (owner.client.request("DELETE", place), owner.client.post(f"{place}/restore"),
                   owner.client.request("DELETE", f"{place}/permanent"),
                   owner.client.post(f"{kind.path}/trash/restore"), owner.client.request("DELETE", f"{kind.path}/trash")):
        assert (answer.status, answer.code) == (403, "forbidden"), answer
    assert client.get(place).json["deleted_at"] is None
