"""`make run` as a newcomer meets it: starts, refuses clearly, stops cleanly, survives kill -9 (scripts/run)."""

import os
import re
import signal
import subprocess

import pytest

from bank import open_wallet, top_up
from processes import (DOMPETCTL, DOMPETD, ROOT, HttpClient, Lost, NotSent, PostgreSQL, administrator_of,
                       clean_environment, free_port, is_alive, tail, wait_until)


class MakeRun:
    """`scripts/run` in a directory of its own, with the programs that are there already."""

    def __init__(self, var, programs, port=None):
        self.var = var
        self.port = port or free_port()
        self.postgres = PostgreSQL(var)
        self._programs = programs
        self._process = None
        self._starts = 0

    def another(self):
        """On the same directory, at another port."""
        another = MakeRun(self.var, self._programs)
        another._starts = 1_000  # logs of its own
        return another

    def launch(self):
        self._starts += 1
        environment = clean_environment(DOMPET_VAR=self.var, DOMPET_HTTP_ADDRESS=f"127.0.0.1:{self.port}",
                                        DOMPET_BIN=self._programs)
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen([ROOT / "scripts/run"], env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, start_new_session=True)
        return self

    def start(self):
        self.launch()
        wait_until(lambda: self._process.poll() is not None or "My first" in self.says, "it greets")
        assert self._process.poll() is None, self.says
        return self

    @property
    def _log(self):
        return self.var.parent / f"{self.var.name}.{self._starts}.log"

    @property
    def says(self):
        return tail(self._log)

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        return self._process.wait(60)

    @property
    def server(self):
        return int((self.var / "dompetd.pid").read_text())

    def client(self):
        """The administrator's: his name and password are in the directory."""
        login = administrator_of(self.var) if (self.var / "administrator").exists() else None
        return HttpClient(self.port, login=login, ledger=self.var)

    def end(self):
        """Whatever a failed test left."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if (self.var / "dompetd.pid").exists() and is_alive(self.server):
            os.kill(self.server, signal.SIGKILL)
        self.postgres.remove()


@pytest.fixture
def programs(tmp_path):
    place = tmp_path / "bin"
    place.mkdir()
    for program in (DOMPETD, DOMPETCTL):
        (place / program.name).symlink_to(program.resolve())
    return place


@pytest.fixture
def make_run(tmp_path, programs):
    made = []

    def make(**more):
        made.append(MakeRun(tmp_path / f"var{len(made)}", programs, **more))
        return made[-1]

    yield make
    for run in made:
        print(run.says)
        run.end()


@pytest.fixture
def run(make_run):
    return make_run().start()


def deposit(run):
    client = run.client()
    wallet = open_wallet(client, "Mine")
    assert top_up(client, wallet, 4_200, f"deposit-{wallet}").status == 201
    return wallet


def check_deposit(run, wallet):
    answer = run.client().get(f"/v1/wallets/{wallet}")
    assert answer.status == 200 and answer.json["balance"]["available"] == "42.00", answer
    again = top_up(run.client(), wallet, 4_200, f"deposit-{wallet}")
    assert again.status == 201 and again.is_replay, again


def answers(run):
    try:
        return run.client().get("/healthz").status == 200
    except (NotSent, Lost):
        return False


def paste(text, **variables):
    """Into a shell, in the repository's directory."""
    return subprocess.run(["bash", "-u", "-c", text], capture_output=True, text=True, timeout=60, cwd=ROOT,
                          env=clean_environment(**variables))


def walk_of_the_readme(run):
    """The lines that the README has its readers paste, for this run's place and port."""
    section = re.search(r"^## Walk through it$(.*?)^## ", (ROOT / "README.md").read_text(), re.M | re.S)[1]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    text = "\n".join(lines)
    for written, here in (("127.0.0.1:8080", f"127.0.0.1:{run.port}"), ("build/release/dompetctl", str(DOMPETCTL)),
                          ("var/administrator", f"{run.var}/administrator"), ("scripts/postgres url var", f"scripts/postgres url {run.var}")):
        assert written in text, f"the README no longer says {written}"
        text = text.replace(written, here)
    return text


def test_what_the_readme_has_its_readers_paste_works(run):
    done = paste(walk_of_the_readme(run))
    assert done.returncode == 0 and done.stderr == "", done.stderr
    said = done.stdout
    assert "HTTP/1.1 201 Created" in said and '"status":"completed"' in said, said
    assert '"available":"175000.00"' in said and '"available":"75000.00"' in said, said
    assert "idempotent-replayed: true" in said.lower(), said
    assert "the ledger is sound" in said, said
    assert '"code"' not in said, f"nothing was refused: {said}"


def test_the_administrators_password_is_shown_once_and_kept_for_this_user_alone(run):
    email, password = administrator_of(run.var)
    assert password in run.says
    assert oct((run.var / "administrator").stat().st_mode & 0o777) == oct(0o600)
    run.signal(signal.SIGINT)
    assert run.wait() == 0, run.says
    run.start()
    assert password not in run.says and email in run.says


def test_it_starts_greets_stops_on_ctrl_c_and_finds_its_data_again(run):
    assert f"http://127.0.0.1:{run.port}" in run.says
    assert "/docs" in run.says
    assert f"password {administrator_of(run.var)[1]}" in run.says
    assert (run.var / "administrator").stat().st_mode & 0o777 == (run.var / "keys/dompet.keys").stat().st_mode & 0o777 == 0o600
    commands = "\n".join(re.findall(r"^ +(TOKEN=.*|curl -s \S+/v1/wallets .*)$", run.says, re.M))
    done = subprocess.run(["bash", "-c", commands], capture_output=True, text=True, timeout=30, env=clean_environment())
    assert '"id"' in done.stdout, f"{commands}: {done.stdout}{done.stderr}"
    assert "dompetd" in os.readlink(f"/proc/{run.server}/exe")
    wallet = deposit(run)
    server = run.server
    run.signal(signal.SIGINT)
    assert run.wait() == 0, run.says
    assert not is_alive(server) and not run.postgres.processes()
    run.start()
    assert run.server != server
    check_deposit(run, wallet)
    names = [row["name"] for row in run.client().all("/v1/wallets")]
    assert names.count("Ayu") == 1, "the demo is seeded once"
    run.signal(signal.SIGTERM)
    assert run.wait() == 0, run.says


def test_a_second_one_is_refused_in_a_sentence_and_the_first_goes_on(run, make_run):
    wallet = deposit(run)
    same_directory = run.another().launch()
    assert same_directory.wait() != 0
    assert "uses" in same_directory.says and str(run.var) in same_directory.says, same_directory.says
    same_port = make_run(port=run.port).launch()
    assert same_port.wait() != 0
    assert str(run.port) in same_port.says and "in use" in same_port.says, same_port.says
    assert "terminate called" not in same_port.says
    assert not same_port.postgres.processes()
    check_deposit(run, wallet)


def test_after_kill_9_of_the_server_everything_is_stopped_and_the_next_start_has_the_data(run):
    wallet = deposit(run)
    os.kill(run.server, signal.SIGKILL)
    assert run.wait() != 0
    assert "ended" in run.says, run.says
    assert not run.postgres.processes()
    run.start()
    check_deposit(run, wallet)


def test_after_kill_9_of_the_script_the_next_start_takes_over_what_is_left(run):
    wallet = deposit(run)
    server = run.server
    run.signal(signal.SIGKILL)
    run.wait()
    run.start()
    assert not is_alive(server)
    check_deposit(run, wallet)
    run.signal(signal.SIGINT)
    assert run.wait() == 0, run.says


def test_after_kill_9_of_the_database_the_next_start_has_the_data(run):
    wallet = deposit(run)
    run.postgres.kill_all()
    assert top_up(run.client(), wallet, 1, "nobody stores it").status == 503
    wait_until(lambda: run.client().get("/readyz").status == 503, "readiness is false")
    run.signal(signal.SIGINT)
    assert run.wait() == 0, run.says
    run.start()
    check_deposit(run, wallet)


def test_after_kill_9_of_everything_at_once_the_next_start_has_the_data(run):
    wallet = deposit(run)
    server = run.server
    run.signal(signal.SIGKILL)
    os.kill(server, signal.SIGKILL)
    run.postgres.kill_all()
    run.wait()
    wait_until(lambda: not answers(run), "nobody answers")
    run.start()
    check_deposit(run, wallet)
