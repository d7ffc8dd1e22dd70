"""What identity promises about processes: two nodes agree about who may do what, keys change unseen, nothing serves open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from processes import (ADMIN_EMAIL, ADMIN_PASSWORD, DOMPETD, ROOT, HttpClient, clean_environment, dompetctl, free_port, psql,
                       wait_until)

sys.path.insert(0, str(Path(ROOT) / "tests"))

from tokens import parts_of  # noqa: E402

SECRET = "two nodes on one machine, for a test"
AT_ONCE_S = 5  # on a busy machine; a token lives for a quarter of an hour


@pytest.fixture
def nodes(make_dompetd):
    both = [make_dompetd(node_name=name, cluster_listen=f"127.0.0.1:{free_port()}", cluster_secret=SECRET) for name in "ab"]
    for node in both:
        node.launch()
    for node in both:
        node.wait_until_ready()
    return both


def log_in(node, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    answer = HttpClient(node.port).post("/v1/auth/login", {"email": email, "password": password})
    assert answer.status == 200, answer
    return answer.json


def me(node, tokens):
    return HttpClient(node.port).get("/v1/auth/me", headers={"Authorization": "Bearer " + tokens["access_token"]}).status


def test_a_token_of_one_node_is_good_at_the_other_until_its_session_ends(nodes):
    one, other = nodes
    tokens = log_in(one)
    assert me(one, tokens) == me(other, tokens) == 200
    assert HttpClient(one.port).post("/v1/auth/logout", headers={"Authorization": "Bearer " + tokens["access_token"]}).status == 200
    assert me(one, tokens) == 401
    wait_until(lambda: me(other, tokens) == 401, "the other node has heard of the logout", AT_ONCE_S)
    assert HttpClient(other.port).post("/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status == 401


def test_a_revocation_while_a_node_was_cut_off_is_known_once_it_is_back(nodes):
    one, other = nodes
    tokens = log_in(one)
    assert me(other, tokens) == 200
    # Its ear for the others is cut off again and again while the session ends.
    psql(one.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dompet/b/access'",
         f"SELECT revoke_session_v1('{parts_of(tokens['access_token'])[1]['sid']}', 'a test')",
         "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dompet/b/access'", superuser=True)
    wait_until(lambda: me(other, tokens) == 401, "it has looked", AT_ONCE_S)


def test_a_session_that_ended_before_a_start_is_not_forgotten_by_it(make_dompetd):
    dompetd = make_dompetd().start()
    tokens = log_in(dompetd)
    HttpClient(dompetd.port).post("/v1/auth/logout", headers={"Authorization": "Bearer " + tokens["access_token"]})
    dompetd.kill()
    dompetd.start()
    assert me(dompetd, tokens) == 401


def test_a_role_that_loses_a_permission_loses_it_on_every_node(nodes):
    body = {"username": "dewi", "first_name": "Dewi", "last_name": "Lestari", "email": "dewi@example.com",
            "password": "correct horse battery"}
    assert HttpClient(nodes[0].port).post("/v1/auth/register", body).status == 201
    psql(nodes[0].database, "INSERT INTO user_role SELECT u.id, r.id FROM app_user u, role r "
                            "WHERE u.username = 'dewi' AND r.name = 'viewer'")
    token = log_in(nodes[0], body["email"], body["password"])["access_token"]

    def cluster(node):
        return HttpClient(node.port).get("/v1/cluster", headers={"Authorization": "Bearer " + token}).status
    assert [cluster(node) for node in nodes] == [200, 200]
    psql(nodes[0].database, "BEGIN", "UPDATE role SET permissions = '{account:use}' WHERE name = 'viewer'",
         "SELECT pg_notify('dompet_access', 'role:viewer')", "COMMIT")
    wait_until(lambda: [cluster(node) for node in nodes] == [403, 403], "both know", AT_ONCE_S)


def test_a_signing_key_is_replaced_and_the_tokens_of_the_old_one_live_on(make_dompetd):
    dompetd = make_dompetd().start()
    old = log_in(dompetd)
    psql(dompetd.database, "UPDATE signing_key SET retires_at = now(), created_at = now() - interval '30 days'")
    dompetd.stop()
    dompetd.start()
    keys = HttpClient(dompetd.port).get("/.well-known/jwks.json").json["keys"]
    assert len(keys) == 2 and me(dompetd, old) == 200
    [old_key] = [key["kid"] for key in keys if key["kid"] == parts_of(old["access_token"])[0]["kid"]]
    # Every node shall know it before it signs, and everybody who keeps the published keys for the 300 s that he may.
    for age, signs in (("4 minutes", False), ("6 minutes", True)):
        psql(dompetd.database, f"UPDATE signing_key SET created_at = now() - interval '{age}' WHERE id <> '{old_key}'")
        dompetd.stop()
        dompetd.start()
        new = log_in(dompetd)
        assert (parts_of(new["access_token"])[0]["kid"] != old_key) == signs, age
        assert me(dompetd, new) == me(dompetd, old) == 200


def test_a_rotated_key_file_still_opens_what_was_sealed_before(make_dompetd):
    dompetd = make_dompetd().start()
    tokens = log_in(dompetd)
    dompetd.stop()
    file = dompetd.settings["identity_key_file"]
    said = dompetctl("keys", "rotate", "--file", file).stdout
    assert "Copy the file to every node" in said and file.stat().st_mode & 0o777 == 0o600
    dompetd.start()
    assert me(dompetd, tokens) == 200 and log_in(dompetd)


def refused_start(database, var, variables, *arguments):
    done = subprocess.run([DOMPETD, "--database", database, "--http-address", "127.0.0.1:0", "--var", var, *arguments],
                          env=clean_environment(**variables), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_a_server_that_nobody_could_administer_does_not_start(database, tmp_path):
    assert "dompetctl init" in refused_start(database, tmp_path / "var", {})
    made = dompetctl("init", "--database", database, "--email", "ani@example.com")
    assert made.stdout == f"DOMPET_ADMIN_EMAIL=ani@example.com\nDOMPET_ADMIN_PASSWORD={ADMIN_PASSWORD}\n"
    assert "already" in dompetctl("init", "--database", database).stderr


def test_a_server_that_would_let_everybody_in_does_not_start_in_production(database, tmp_path):
    said = refused_start(database, tmp_path / "var", {"DOMPET_TEST_WITHOUT_ACCESS": 1})
    assert "production" in said


def test_a_key_file_that_others_may_read_is_refused(make_dompetd, tmp_path):
    dompetd = make_dompetd().start()
    dompetd.stop()
    file = dompetd.settings["identity_key_file"]
    os.chmod(file, 0o644)
    said = refused_start(dompetd.database, tmp_path / "other", {}, "--identity-key-file", file)
    os.chmod(file, 0o600)
    assert "chmod 600" in said


def test_a_node_with_another_key_file_does_not_start(make_dompetd, tmp_path):
    dompetd = make_dompetd().start()
    dompetd.stop()
    said = refused_start(dompetd.database, tmp_path / "other", {}, "--identity-key-file", tmp_path / "other.keys")
    assert "every node needs the same key file" in said
