"""A transaction that is held open, for what happens while somebody else has locked a row or a table."""

import subprocess
from contextlib import contextmanager

from processes import clean_environment


class Held:
    """Has done its statements, and holds its locks until `commit`."""

    def __init__(self, process):
        self._process = process

    def do(self, statement):
        self._process.stdin.write(f"{statement};\n\\echo done\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n", statement

    def commit(self):
        self.do("COMMIT")


@contextmanager
def transaction(url, *statements):
    """What is not committed is undone at the end."""
    process = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url], env=clean_environment(), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        held = Held(process)
        for statement in ("BEGIN", *statements):
            held.do(statement)
        yield held
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()
