"""Starts programs and makes sure that none of them outlives the run."""

import atexit
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

_started = []
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def start(command, **options):
    process = subprocess.Popen([str(part) for part in command], **options)
    _started.append(process)
    return process


def stop(process, how=signal.SIGTERM, patience_s=20):
    """Ends a process that `start` started, with -9 when it does not listen."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in _started:
        _started.remove(process)


def stop_all():
    for process in list(_started):
        stop(process)


def run(command, timeout_s=600, check=True, **options):
    """Runs a program to its end and returns (exit code, stdout, stderr). A failure raises RuntimeError with its words."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        stop(process, signal.SIGKILL)
        raise RuntimeError(f"{command[0]} did not end within {timeout_s} s") from None
    finally:
        if process.poll() is not None and process in _started:
            _started.remove(process)
    if check and process.returncode != 0:
        words = (err or out).strip().splitlines()
        raise RuntimeError(f"{os.path.basename(str(command[0]))} failed ({process.returncode}): {' | '.join(words[-3:])}")
    return process.returncode, out, err


# Straight to this machine, whatever proxy the environment names.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(request, timeout_s=10.0):
    """The body of an answer 2xx to a URL or a Request; anything else raises."""
    with _direct.open(request, timeout=timeout_s) as answer:
        return answer.read()


def answers(url, timeout_s=1.0):
    """The status of a GET, or None when nobody answers."""
    try:
        with _direct.open(url, timeout=timeout_s) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, urllib.error.URLError):
        return None


def wait_until(condition, patience_s, what, pause_s=0.02):
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not happen within {patience_s} s")
        time.sleep(pause_s)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _on_signal(number, _frame):
    # Once is enough: a second signal would interrupt the clearing up.
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


atexit.register(stop_all)
for _each in _ENDING:
    signal.signal(_each, _on_signal)
