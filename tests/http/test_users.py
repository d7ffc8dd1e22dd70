"""Users and roles: who may be made what by whom."""

import uuid

import pytest

from people import PASSWORD, add_person, new_user
from processes import wait_until


@pytest.fixture
def person(server, client):
    made = []

    def make(*roles, **more):
        made.append(add_person(server, client, *roles, **more))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


def make_role(client, *permissions):
    answer = client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": list(permissions)})
    assert answer.status == 201, answer
    return answer.json


def test_a_user_that_an_administrator_makes_logs_in_with_his_roles(client, person):
    ani = person("customer", "viewer")
    assert ani.user["roles"] == ["customer", "viewer"]
    assert ani.client.get("/v1/auth/me").json["roles"] == ["customer", "viewer"]
    assert "password" not in str(ani.user)


def test_a_customer_sees_and_changes_only_himself(client, person):
    ani, budi = person(), person()
    assert [row["id"] for row in ani.client.get("/v1/users").json["data"]] == [ani.id]
    assert ani.client.get(f"/v1/users/{budi.id}").code == "user_not_found"
    assert ani.client.request("PATCH", f"/v1/users/{budi.id}", {"first_name": "X"}).code == "user_not_found"
    changed = ani.client.request("PATCH", f"/v1/users/{ani.id}", {"first_name": "Anisa"})
    assert changed.json["first_name"] == "Anisa"
    assert ani.client.get("/v1/users").status == 200  # a new name ends no session
    for answer in (ani.client.post("/v1/users", new_user()),
                   ani.client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["administrator"]}),
                   ani.client.post(f"/v1/users/{ani.id}/lock")):
        assert (answer.status, answer.code) == (403, "forbidden")
    assert client.get(f"/v1/users/{ani.id}").json["roles"] == ["customer"]


def test_a_registrant_cannot_name_his_role(server):
    nobody = server.client(login=None)
    answer = nobody.post("/v1/auth/register", new_user(roles=["administrator"]))
    assert (answer.status, answer.code) == (400, "unknown_field")
    nobody.close()


def test_names_and_addresses_are_unique_whatever_their_case(client):
    first = new_user()
    assert client.post("/v1/users", first).status == 201
    for same in ({"username": first["username"].upper()}, {"email": first["email"].upper()}):
        answer = client.post("/v1/users", new_user() | same)
        assert (answer.status, answer.code) == (409, "already_exists")
        assert [error["field"] for error in answer.json["errors"]] == list(same)


@pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"username": "a b"}, {"username": "ab"}, {"password": "short"},
                                   {"first_name": ""}, {"roles": "customer"}, {"email": 7}])
def test_a_user_is_refused_field_by_field(client, wrong):
    answer = client.post("/v1/users", new_user() | wrong)
    assert (answer.status, answer.code) == (400, "invalid_field")
    assert [error["field"] for error in answer.json["errors"]] == list(wrong)


def test_users_are_found_by_any_part_of_name_or_address(client):
    name = f"zq{uuid.uuid4().hex[:10]}"
    user = client.post("/v1/users", new_user(name, last_name="Sumbermulyo")).json
    for term in (name, name[2:8], name.upper(), f"{name}@exam"):
        assert [row["id"] for row in client.get(f"/v1/users?search={term}").json["data"]] == [user["id"]]
    assert client.get("/v1/users?search=nobody-has-this-name").json["data"] == []


def test_another_address_must_be_verified_anew(client, database, person):
    from processes import psql
    ani = person()
    psql(database, f"UPDATE app_user SET email_verified_at = now() WHERE id = '{ani.id}'")
    assert client.get(f"/v1/users/{ani.id}").json["email_verified"]
    changed = ani.client.request("PATCH", f"/v1/users/{ani.id}", {"email": f"new-{ani.email}"})
    assert changed.json["email_verified"] is False


def test_roles_count_at_once(client, person):
    ani = person()
    assert ani.client.get("/v1/audit").status == 403
    given = client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["customer", "support"]})
    assert given.json["roles"] == ["customer", "support"]
    # Tokens of before are refused; the next login has the new roles.
    wait_until(lambda: ani.client.get("/v1/audit").status == 200, "the new role counts")
    client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["customer"]})
    wait_until(lambda: ani.client.get("/v1/audit").status == 403, "the role is gone")


def test_a_role_that_is_renamed_is_at_once_another_one(client, person):
    role = make_role(client, "account:use", "audit:read")
    ani = person(role["name"])
    assert ani.client.get("/v1/audit").status == 200
    old = {"Authorization": f"Bearer {ani.client.token}"}
    renamed = client.request("PATCH", f"/v1/roles/{role['id']}", {"name": f"r{uuid.uuid4().hex}"})
    assert renamed.status == 200
    # Whoever takes the old name gives nothing to those who had the old role.
    assert client.post("/v1/roles", {"name": role["name"], "permissions": ["cluster:read"]}).status == 201

    def is_refused():
        answer = ani.client.get("/v1/cluster", headers=old)
        assert answer.status in (401, 403), answer
        return answer.code == "invalid_token"

    wait_until(is_refused, "the old token is refused", 5)
    assert ani.client.get("/v1/audit").status == 200
    assert client.get(f"/v1/users/{ani.id}").json["roles"] == [renamed.json["name"]]


def test_a_role_in_the_trash_is_nobodys_until_it_is_back(client, person):
    role = make_role(client, "account:use", "audit:read")
    ani = person(role["name"])
    assert ani.client.get("/v1/audit").status == 200
    for method, path, roles, status in (("DELETE", f"/v1/roles/{role['id']}", [], 403),
                                        ("POST", f"/v1/roles/{role['id']}/restore", [role["name"]], 200)):
        old = {"Authorization": f"Bearer {ani.client.token}"}
        assert client.request(method, path).status == 200
        wait_until(lambda: ani.client.get("/v1/audit", headers=old).code == "invalid_token", "new tokens are needed", 5)
        assert client.get(f"/v1/users/{ani.id}").json["roles"] == roles
        assert ani.client.get("/v1/audit").status == status


def test_permissions_of_a_role_change_without_a_new_login(client, person):
    role = make_role(client, "account:use")
    ani = person(role["name"])
    assert ani.client.get("/v1/audit").status == 403
    token = ani.client.token
    client.request("PATCH", f"/v1/roles/{role['id']}", {"name": role["name"], "permissions": ["account:use", "audit:read"]})
    wait_until(lambda: ani.client.get("/v1/audit").status == 200, "the permission counts", 5)
    assert ani.client.token == token


def test_names_and_addresses_follow_one_rule_wherever_they_come_from(client, server):
    nobody = server.client(login=None)
    longest = uuid.uuid4().hex + "-" * 8  # 40 characters
    for wrong in ({"username": longest + "x"}, {"username": "ab"}, {"username": "a b"}, {"email": "ani@.example.com"},
                  {"email": "ani,budi@example.com"}, {"email": "ani@example."}):
        said = {place: clean.post(place, new_user() | wrong) for place, clean in
                (("/v1/users", client), ("/v1/auth/register", nobody))}
        assert {answer.status for answer in said.values()} == {400}, wrong
        assert len({str(answer.json["errors"]) for answer in said.values()}) == 1, wrong
    registered = nobody.post("/v1/auth/register", new_user(longest, email=f"{uuid.uuid4().hex}@example.com"))
    assert registered.status == 201
    kept = client.request("PATCH", f"/v1/users/{registered.json['id']}", {"username": longest})
    assert (kept.status, kept.json["username"]) == (200, longest)
    nobody.close()


def test_nobody_gives_a_permission_that_he_has_not(client, person):
    clerk_role = make_role(client, "account:use", "users:read:any", "users:write:any", "roles:read", "roles:write")
    clerk = person(clerk_role["name"])
    ani = person()
    refused = [
        clerk.client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["administrator"]}),
        clerk.client.request("PUT", f"/v1/users/{clerk.id}/roles", {"roles": ["support", clerk_role["name"]]}),
        clerk.client.post("/v1/users", new_user(roles=["approver"])),
        clerk.client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": ["cards:reveal:any"]}),
        clerk.client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": ["*"]}),
        clerk.client.request("PATCH", f"/v1/roles/{clerk_role['id']}", {"permissions": ["audit:read"]}),
    ]
    assert [(answer.status, answer.code) for answer in refused] == [(403, "forbidden")] * len(refused)
    assert client.get(f"/v1/users/{ani.id}").json["roles"] == ["customer"]
    lesser = clerk.client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": ["users:read"]})
    assert lesser.status == 201


def test_nobody_acts_on_a_user_above_him(client, server, person):
    clerk_role = make_role(client, "account:use", "users:read:any", "users:write:any")
    clerk, boss = person(clerk_role["name"]), person("administrator")
    before = client.get(f"/v1/users/{boss.id}").json
    place = f"/v1/users/{boss.id}"
    for answer in (clerk.client.request("PATCH", place, {"email": f"{uuid.uuid4().hex}@example.com"}),
                   clerk.client.post(f"{place}/lock"), clerk.client.request("DELETE", place),
                   clerk.client.request("PUT", f"{place}/roles", {"roles": []})):
        assert (answer.status, answer.code) == (403, "forbidden")
    assert client.get(place).json == before


def test_the_last_administrator_stays_one(client):
    me = client.get("/v1/auth/me").json
    others = [row for row in client.all("/v1/users?state=active") if "administrator" in row["roles"]
              and row["id"] != me["id"]]
    for other in others:
        assert client.post(f"/v1/users/{other['id']}/lock").status == 200
    place = f"/v1/users/{me['id']}"
    for answer in (client.request("PUT", f"{place}/roles", {"roles": ["customer"]}), client.post(f"{place}/lock"),
                   client.request("DELETE", place)):
        assert (answer.status, answer.code) == (409, "last_administrator")
    assert "administrator" in client.get("/v1/auth/me").json["roles"]


def test_a_locked_user_is_out_at_once_and_back_when_unlocked(client, person, server):
    ani = person()
    assert ani.client.get("/v1/auth/me").status == 200
    token = ani.client.token
    assert client.post(f"/v1/users/{ani.id}/lock").json["status"] == "locked"
    bare = server.client(login=None)

    def status():
        return bare.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status

    wait_until(lambda: status() == 401, "the token is refused")
    login = bare.post("/v1/auth/login", {"email": ani.email, "password": PASSWORD})
    assert login.status in (401, 403), login
    assert client.post(f"/v1/users/{ani.id}/unlock").json["status"] == "active"
    assert bare.post("/v1/auth/login", {"email": ani.email, "password": PASSWORD}).status == 200
    bare.close()


def test_protected_roles_are_never_changed_or_deleted(client):
    role = next(row for row in client.all("/v1/roles") if row["name"] == "customer")
    assert role["is_protected"]
    place = f"/v1/roles/{role['id']}"
    for answer in (client.request("PATCH", place, {"permissions": ["*"]}), client.request("DELETE", place)):
        assert (answer.status, answer.code) == (409, "role_protected")
    assert client.get(place).json == role


def test_a_role_that_somebody_has_is_not_deleted_for_good(client, person):
    role = make_role(client, "account:use")
    person(role["name"])
    client.request("DELETE", f"/v1/roles/{role['id']}")
    assert client.request("DELETE", f"/v1/roles/{role['id']}/permanent").code == "still_referenced"


def test_a_role_in_the_trash_gives_nothing(client, person):
    role = make_role(client, "account:use", "audit:read")
    ani = person(role["name"])
    assert ani.client.get("/v1/audit").status == 200
    client.request("DELETE", f"/v1/roles/{role['id']}")
    wait_until(lambda: ani.client.get("/v1/audit").status == 403, "the role gives nothing any more")
    assert client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": [role["name"]]}).code == "role_not_found"


def test_unknown_permissions_are_refused(client):
    for permission in ("cards:fly", "audit:read:any", "", "cards:read:all"):
        answer = client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": [permission]})
        assert (answer.status, answer.code) == (400, "unknown_permission")


def test_the_permissions_are_listed_and_may_be_given(client):
    listed = client.get("/v1/permissions").json["data"]
    names = [row["name"] + (":any" if row["has_owner"] else "") for row in listed]
    assert "cards:reveal:any" in names and "audit:read" in names
    assert make_role(client, *names)["permissions"] == names


def test_a_user_with_a_wallet_is_kept(client, person):
    ani = person()
    ani.open_wallet()
    client.request("DELETE", f"/v1/users/{ani.id}")
    assert client.request("DELETE", f"/v1/users/{ani.id}/permanent").code == "still_referenced"
    emptied = client.request("DELETE", "/v1/users/trash").json
    assert emptied["kept"] >= 1
    assert client.get(f"/v1/users/{ani.id}").json["deleted_at"]
