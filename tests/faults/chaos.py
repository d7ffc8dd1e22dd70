"""`make chaos`: the table of faults in a loop, on one cluster, and what came of it.

    scripts/chaos --minutes N [--faults F1,F4,…] [--seed S] [--directory D] [--keep-going]

Ends with a table, and with 1 when anything was lost, doubled or otherwise wrong. Without --keep-going it stops at the first of
these: what is wrong in a ledger stays wrong, and would be found again after each fault."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import network  # noqa: E402
from audit import DOUBLED, LOST, WRONG  # noqa: E402
from cluster import Cluster  # noqa: E402
from director import Director  # noqa: E402
from table import FAULTS, missing_for  # noqa: E402


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Faults under load, in a loop.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--faults", default="", help="numbers, separated by commas; F1 means all that begin so")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--directory", type=Path, help="where logs and histories go, and stay")
    parser.add_argument("--keep-going", action="store_true")
    return parser.parse_args()


def chosen(names):
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    faults = [fault for fault in FAULTS if not wanted or fault.number in wanted or fault.number.split()[0] in wanted]
    assert faults, f"there is no fault {names}; there are: {', '.join(fault.number for fault in FAULTS)}"
    for fault in list(faults):
        reason = missing_for(fault)
        if reason is not None:
            print(f"chaos: {fault.number} is left out: {reason}")
            faults.remove(fault)
    return faults


class Tally:
    """What is in the table at the end."""

    def __init__(self):
        self._reports = defaultdict(list)
        self.broken = []  # faults after which the cluster did not come back

    def add(self, report):
        self._reports[report.fault.number].append(report)

    def add_broken(self, fault):
        self.broken.append(fault.number)

    def is_well(self):
        return not self.broken and not any(report.findings for reports in self._reports.values() for report in reports)

    def show(self):
        head = ("fault", "injected", "away most s", "others away s", "p99 others ms", "acknowledged", "lost", "doubled", "wrong")
        print("\n" + " | ".join(head))
        print(" | ".join("-" * len(name) for name in head))
        for fault in FAULTS:
            reports = self._reports[fault.number]
            broken = self.broken.count(fault.number)
            if not reports and not broken:
                continue
            row = (fault.number, len(reports) + broken, f"{max((each.away_s for each in reports), default=0):.1f}",
                   f"{max((each.others_away_s for each in reports), default=0):.1f}",
                   f"{max((each.others_p99_ms for each in reports), default=0):.0f}",
                   sum(each.acknowledged for each in reports),
                   *(sum(each.count(kind) for each in reports) for kind in (LOST, DOUBLED)),
                   sum(each.count(WRONG) for each in reports) + broken)
            print(" | ".join(f"{value!s:>{len(name)}}" for value, name in zip(row, head, strict=True)))


def run(cluster, directory, arguments, faults):
    """Every fault once, then again in another order, until the time is over."""
    rng = random.Random(arguments.seed)
    director = Director(cluster, directory)
    tally = Tally()
    ends = time.monotonic() + arguments.minutes * 60
    while True:
        for fault in rng.sample(faults, len(faults)):
            if time.monotonic() > ends:
                return tally
            seed = rng.randrange(1 << 32)
            try:
                report = director.perform(fault, seed)
            except Exception:  # noqa: BLE001 the table shall tell, whatever it was
                traceback.print_exc()
                print(f"seed {seed}: {fault.name}: the cluster did not come back")
                tally.add_broken(fault)
            else:
                print(f"seed {seed}: {report}", *report.findings[:5], sep="\n  ", flush=True)
                tally.add(report)
            if not tally.is_well() and not arguments.keep_going:
                return tally


def main():
    arguments = read_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: PostgreSQL is stopped, too
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    networked = network.why_not() is None
    if networked:
        network.enter()
    faults = chosen(arguments.faults)
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="dompet-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    print(f"chaos: seed {arguments.seed}, {len(faults)} faults, {arguments.minutes:g} minutes, logs in {directory}", flush=True)
    with Cluster(directory / "cluster", networked=networked) as cluster:
        tally = run(cluster, directory, arguments, faults)
    tally.show()
    if tally.is_well() and arguments.directory is None:
        shutil.rmtree(directory)
    return 0 if tally.is_well() else 1


if __name__ == "__main__":
    sys.exit(main())
