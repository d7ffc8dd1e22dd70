"""Real processes for the rings that need them: a private PostgreSQL, a dompetd that can be killed and started again, and
a small HTTP client. What they print stays in files; `logs()` gives its end, for the report of a failed test."""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOMPETD = Path(os.environ.get("DOMPETD", ROOT / "build/dev/dompetd"))
DOMPETCTL = Path(os.environ.get("DOMPETCTL", ROOT / "build/dev/dompetctl"))
POSTGRES_SCRIPT = Path(os.environ.get("DOMPET_POSTGRES", ROOT / "scripts/postgres"))

# Whom every server of the tests makes at its first start, and in whose name they ask unless they say otherwise.
ADMIN_EMAIL = "administrator@example.com"
ADMIN_PASSWORD = "correct horse battery staple"
ADMIN = {"DOMPET_ADMIN_EMAIL": ADMIN_EMAIL, "DOMPET_ADMIN_PASSWORD": ADMIN_PASSWORD}

PATIENCE_S = 60  # for things that take milliseconds on an idle machine; only a hang takes so long
POLL_S = 0.02


def _end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # timeout tells its child and then the child's whole group
    raise KeyboardInterrupt


# Who ends a ring by a signal gets what Ctrl-C does: fixtures end what they started.
signal.signal(signal.SIGTERM, _end)


def wait_until(condition, what, deadline_s=PATIENCE_S):
    """Polls until the condition holds and returns its value. `what` is a text, or a function that makes one."""
    deadline = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {deadline_s} s: {what() if callable(what) else what}")
        time.sleep(POLL_S)


def free_port():
    """A port that nobody listens on, below the range that outgoing connections take theirs from."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("there is no free port")


def clean_environment(**more):
    """Nothing of the caller's shell decides what a server does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOMPET", "PG"))}
    return kept | {name: str(value) for name, value in more.items()}


def is_alive(pid):
    """A zombie is dead."""
    try:
        state = re.search(r"^State:\s+(\S)", Path(f"/proc/{pid}/status").read_text(), re.M)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state is not None and state.group(1) not in "ZX"


def tail(path, most=8_000):
    try:
        return path.read_bytes()[-most:].decode(errors="replace")
    except FileNotFoundError:
        return ""


class PostgreSQL:
    """The private server of scripts/postgres in a directory of its own."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)

    def _script(self, *arguments):
        done = subprocess.run([POSTGRES_SCRIPT, *arguments], env=clean_environment(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=600)
        assert done.returncode == 0, f"scripts/postgres {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout.strip()

    def start(self):
        return self._script("start", self.directory)

    def stop(self, mode="fast"):
        self._script("stop", self.directory, mode)

    def url(self, database="dompet"):
        return self._script("url", self.directory, database)

    def fresh(self, database):
        return self._script("fresh", self.directory, database)

    @property
    def data(self):
        return self.directory / "postgres/data"

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def processes(self):
        """All processes that stand in the data directory, as scripts/postgres tells them."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").samefile(self.data) and "postgres" in os.readlink(entry / "exe"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def kill_all(self):
        """As if the machine had lost its power, for this server alone."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not self.processes(), "PostgreSQL is dead")

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.directory / "postgres", ignore_errors=True)

    def logs(self):
        return "".join(tail(path) for path in (self.directory / "postgres/log").glob("postgresql-*.log"))


def psql(url, *statements, superuser=False, check=True):
    """Rows as lists of texts. The superuser may also break what the application's role may not."""
    if superuser:
        url = re.sub(r"//\w+@", "//postgres@", url)
    command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url]
    for statement in statements:
        command += ["-c", statement]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=120)
    if check:
        assert done.returncode == 0, f"psql: {done.stderr}"
    return [line.split("\t") for line in done.stdout.splitlines() if line]


def dompetctl(*arguments, check=True, timeout=120):
    done = subprocess.run([DOMPETCTL, *arguments], env=clean_environment(**ADMIN), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout)
    if check:
        assert done.returncode == 0, f"dompetctl {' '.join(map(str, arguments))} ended with {done.returncode}:\n" \
                                     f"{done.stdout}{done.stderr}"
    return done


def of_ledger(databases):
    """The options of dompetctl that name a ledger's databases."""
    return ["--database", databases[0], *(["--more", ",".join(databases[1:])] if databases[1:] else [])]


def administrator_of(directory):
    """The address and the password that `make run` and `make cluster` keep."""
    kept = dict(line.split("=", 1) for line in (Path(directory) / "administrator").read_text().splitlines())
    return kept["DOMPET_ADMIN_EMAIL"], kept["DOMPET_ADMIN_PASSWORD"]


class Answer:
    """What came back: status, headers with lower-case names, the body's bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem document."""
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return self.json.get("code") if is_problem else None

    @property
    def is_replay(self):
        return self.headers.get("idempotent-replayed") == "true"

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class NotSent(Exception):
    """There was no connection: the server has not seen the request."""


class Lost(Exception):
    """The connection broke, or nothing came in time: the server may have seen the request, or all of it."""


class HttpClient:
    """One kept-alive connection, for one thread. With `login` (an address and a password) or a `token` it says who it is.
    Where a ring sets a judge, it sees every answer."""

    judge = None  # check(method, target, answer) raises when it does not like one

    tokens = {}  # by ledger and address: a login takes a tenth of a second

    def __init__(self, port, timeout_s=20, host="127.0.0.1", login=None, ledger=None, token=None):
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._connection = None
        self._login = login
        self._ledger = ledger or f"{host}:{port}"
        self.token = token

    def log_in(self, email, password):
        """From now on as this user."""
        answer = self._send("POST", "/v1/auth/login", json.dumps({"email": email, "password": password}).encode(),
                            {"Content-Type": "application/json"})
        if answer.status != 200:
            raise NotSent(f"nobody is logged in: {answer}")
        self.token = answer.json["access_token"]
        return answer

    def authorization(self):
        """The header that says who it is; none for nobody."""
        if self.token is None and self._login is not None:
            known = (self._ledger, self._login)
            if self.tokens.get(known) is None:
                self.log_in(*self._login)
                self.tokens[known] = self.token
            self.token = self.tokens[known]
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self):
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.connect()
        except OSError as fault:
            raise NotSent(str(fault)) from fault
        self._connection = connection

    def request(self, method, path, body=None, key=None, headers=None):
        fields = dict(headers or {})
        if key is not None:
            fields["Idempotency-Key"] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        if not path.startswith(("/v1/", "/graphql")) or "Authorization" in fields:
            return self._send(method, path, body, fields)
        answer = self._send(method, path, body, fields | self.authorization())
        if answer.status == 401 and self._login is not None:
            # It is of a ledger that had the same name before, or of a node whose clock says something else: only one of
            # this very server is sure to be good here.
            self.log_in(*self._login)
            self.tokens[self._ledger, self._login] = self.token
            answer = self._send(method, path, body, fields | self.authorization())
        return answer

    def _send(self, method, path, body, fields):
        if self._connection is None:
            self._connect()
        try:
            self._connection.request(method, path, body=body, headers=fields)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            raise Lost(repr(fault)) from fault
        if response.will_close:
            self.close()
        if HttpClient.judge is not None:
            HttpClient.judge.check(method, path, answer)
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, key=None, **more):
        return self.request("POST", path, body, key, **more)

    def all(self, path, limit=200):
        """Every row of a list, page by page."""
        cursor = None
        while True:
            joint = "&" if "?" in path else "?"
            page = self.get(f"{path}{joint}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            assert page.status == 200, page
            yield from page.json["data"]
            cursor = page.json["next_cursor"]
            if cursor is None:
                return


# One client in these tests stands for many people, and its token shall outlive them.
WITHOUT_BOUNDS = {"http_rate_per_client": 0, "http_rate_per_address": 0, "http_auth_per_minute": 0,
                  "identity_access_token_s": 86_400, "identity_failures_per_address": 100_000}


class Dompetd:
    """A server with its directory, address and database; each start is a new process."""

    host = "127.0.0.1"
    wrapper = ()  # what runs the program: nsenter, say; it must become the program, so that the pid is the program's

    def __init__(self, directory, database, **settings):
        """Settings are DOMPET_… variables without their prefix: `engine_fast_path="false"`."""
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.database = database
        self.port = free_port()
        self.settings = WITHOUT_BOUNDS | {"identity_key_file": self.directory.parent / "dompet.keys"} | settings
        self.process = None
        self.starts = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def client(self, **more):
        """The administrator's, unless `login` says otherwise; None for nobody's."""
        more.setdefault("login", (ADMIN_EMAIL, ADMIN_PASSWORD))
        return HttpClient(self.port, host=self.host, ledger=self.database, **more)

    def authorization(self):
        """The administrator's header, for those who send a request in their own way."""
        client = self.client()
        header = client.authorization()
        client.close()
        return header

    @property
    def databases(self):
        """All of the ledger's, by number."""
        return [self.database, *self.settings.get("database_more", "").split()]

    @property
    def pid(self):
        return self.process.pid

    def launch(self, variables=None, **once):
        """Starts the process and does not wait. `once` are settings of this start alone, `variables` whatever else shall be
        in its environment."""
        assert self.process is None, "it runs already"
        self.starts += 1
        settings = {f"DOMPET_{name.upper()}": value for name, value in (self.settings | once).items()}
        with open(self._log(self.starts), "wb") as log:
            # The kernel ends it together with us.
            self.process = subprocess.Popen(
                [*self.wrapper, "setpriv", "--pdeathsig", "KILL", DOMPETD, "--database-url", self.database, "--http-address",
                 f"{self.host}:{self.port}", "--var", self.directory],
                env=clean_environment(**ADMIN, **settings, **(variables or {})), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, **once):
        self.launch(**once)
        self.wait_until_ready()
        return self

    def is_ready(self):
        client = self.client(timeout_s=5)
        try:
            return client.get("/readyz").status == 200
        except (NotSent, Lost):
            return False
        finally:
            client.close()

    def wait_until_ready(self, deadline_s=PATIENCE_S):
        def ready_or_dead():
            assert self.process.poll() is None, f"dompetd ended with {self.process.returncode}:\n{self.logs()}"
            return self.is_ready()
        wait_until(ready_or_dead, "dompetd is ready", deadline_s)

    def wait_until_dead(self, deadline_s=PATIENCE_S):
        """For a process that ends by itself; returns its exit code, -9 after a crash."""
        code = self.process.wait(timeout=deadline_s)
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        return self.wait_until_dead()

    def stop(self):
        self.process.terminate()
        return self.wait_until_dead()

    def end(self):
        if self.process is not None:
            self.kill()

    def metric(self, name):
        """The sum of a metric's series."""
        client = self.client()
        text = client.get("/metrics").body.decode()
        client.close()
        values = re.findall(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", text, re.M)
        assert values, f"there is no metric {name}"
        return sum(map(float, values))

    def resident_kb(self):
        return int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text(), re.M).group(1))

    def _log(self, start):
        return self.directory / f"dompetd.{start}.log"

    def logs(self):
        shown = range(max(1, self.starts - 2), self.starts + 1)
        return "\n".join(f"--- start {start}\n{tail(self._log(start))}" for start in shown)
