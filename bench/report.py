"""Goals, the table of ratios, and docs/benchmarks.md. Nothing here invents a number: a row whose measurements are missing
says "not measured"."""

import math
import statistics

NOT_MEASURED = "not measured"


class Measurements:
    """Every figure of the run under a name, a list of one value a round."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def median(self, name):
        values = self.values.get(name)
        return statistics.median(values) if values else None

    def spread(self, name):
        values = self.values.get(name) or []
        return (min(values), max(values)) if values else None


class Goal:
    """One row: what is measured against what, and the ratio that it should reach."""

    def __init__(self, title, ours, theirs, bound, at_least, unit, aim=None):
        self.title, self.ours, self.theirs = title, ours, theirs
        self.bound, self.at_least, self.unit, self.aim = bound, at_least, unit, aim

    def ratio(self, measured):
        ours = measured.median(self.ours)
        theirs = 1.0 if self.theirs is None else measured.median(self.theirs)
        if ours is None or not theirs:
            return None
        return ours / theirs

    def row(self, measured):
        ours, ratio = measured.median(self.ours), self.ratio(measured)
        theirs = None if self.theirs is None else measured.median(self.theirs)
        sign = "≥" if self.at_least else "≤"
        goal = f"{sign} {self.bound:g}" + ("" if self.theirs else f" {self.unit}")
        if self.aim:
            goal += f" (aim {self.aim:g})"
        if ratio is None:
            reached = NOT_MEASURED
        else:
            reached = "yes" if (ratio >= self.bound if self.at_least else ratio <= self.bound) else "no"
        return [self.title, shown(ours, self.unit), "" if self.theirs is None else shown(theirs, self.unit),
                "" if self.theirs is None else (NOT_MEASURED if ratio is None else f"{ratio:.2f}"), goal, reached]


GOALS = [
    Goal("one transfer a request, spread, against plain SQL", "b_spread", "a_spread", 4, True, "/s", aim=6),
    Goal("the same, one hot destination, against plain SQL hot", "b_hot", "a_hot", 20, True, "/s"),
    Goal("hot against our own spread", "b_hot", "b_spread", 0.9, True, "/s"),
    Goal("bulk of 100, spread, against plain SQL", "c_spread", "a_spread", 8, True, "/s"),
    Goal("sustained: one transfer a request against plain SQL", "b_sustained", "a_sustained", 4, True, "/s", aim=6),
    Goal("sustained: bulk of 100 against plain SQL", "c_sustained", "a_sustained", 8, True, "/s"),
    Goal("balance reads against a bare route", "d_dompet", "d_bare", 0.6, True, "/s"),
    Goal("one transfer at a time against one SQL transaction at a time, mean", "e_dompet_ms", "e_sql_ms", 1.5, False, "ms"),
    Goal("p99 against p50 at half load", "half_p99_ms", "half_p50_ms", 4, False, "ms"),
    Goal("throughput kept when twice as much is offered", "overload_ok", "overload_capacity", 0.8, True, "/s"),
    Goal("ready after kill -9 (big ledger)", "ready_s", None, 3, False, "s"),
    Goal("first balance and first top-up after kill -9", "first_answer_s", None, 3, False, "s"),
    Goal("memory of a resident wallet", "wallet_bytes", None, 2500, False, "B"),
    Goal("transfers between two nodes against transfers inside one", "g_across", "g_local", 0.35, True, "/s"),
    Goal("hand-over of a shard: p99 of the pause", "g_hand_over_p99_ms", None, 200, False, "ms"),
    Goal("wallets of a killed node served by another one", "g_takeover_s", None, 7, False, "s"),
    Goal("the same when it is started again on its host", "g_restart_s", None, 1.5, False, "s"),
    Goal("transfers with tokens against the same with access off", "h_tokens", "h_open", 0.9, True, "/s"),
    Goal("authorize + capture pairs against transfers", "i_pairs", "i_transfers", 0.5, True, "/s"),
    Goal("p99 of transfers at half load while logins run flat out, against without", "j_busy_p99_ms", "j_calm_p99_ms", 2, False,
         "ms"),
    Goal("transfers while nobody listens and no rule is set, against the program of before", "k_plain", "k_before", 0.95, True,
         "/s"),
    Goal("transfers with rules, a webhook endpoint and a Kafka topic, against without", "k_busy", "k_plain", 0.8, True, "/s"),
    Goal("what rules of risk add to the p50 of one transfer at a time", "k_rules_add_ms", None, 1, False, "ms"),
    Goal("p99 of untouched wallets while a node is killed, against before", "g_untouched_p99_ms", "g_untouched_calm_p99_ms", 3,
         False, "ms"),
]

# What is worth seeing beside the goals: (title, name, unit).
FIGURES = [
    ("bulk of 100, one hot destination", "c_hot", "/s"),
    ("one transfer a request: p50", "b_p50_ms", "ms"),
    ("one transfer a request: p99", "b_p99_ms", "ms"),
    ("one transfer a request: processor time of dompetd a transfer", "b_server_cpu_us", "us"),
    ("one transfer a request: processor time of the load generator", "b_generator_cpu_us", "us"),
    ("bulk of 100: p50 of a request", "c_p50_ms", "ms"),
    ("one transfer at a time: p50", "e_dompet_p50_ms", "ms"),
    ("half load: offered", "half_rate", "/s"),
    ("half load: p99.9", "half_p999_ms", "ms"),
    ("sustained: worst second of one transfer a request", "b_sustained_worst_second", "/s"),
    ("sustained: last ten seconds against the first ten", "b_sustained_last_to_first", ""),
    ("twice the capacity: offered", "overload_rate", "/s"),
    ("twice the capacity: shed with 429 or 503", "overload_shed", "/s"),
    ("twice the capacity: p99 of what was accepted", "overload_p99_ms", "ms"),
    ("twice the capacity: memory before", "overload_before_mb", "MB"),
    ("twice the capacity: memory at most", "overload_most_mb", "MB"),
    ("twice the capacity: memory growth in the second half", "overload_growth_mb", "MB"),
    ("big ledger: wallets", "big_wallets", ""),
    ("big ledger: made in", "big_fill_s", "s"),
    ("big ledger: memory when ready", "ready_mb", "MB"),
    ("big ledger: different wallets read for the memory figure", "wallets_touched", ""),
    ("big ledger: of them resident", "wallets_resident", ""),
    ("between two nodes: p50", "g_across_p50_ms", "ms"),
    ("between two nodes: p99", "g_across_p99_ms", "ms"),
    ("with tokens: processor time of dompetd a transfer", "h_server_cpu_us", "us"),
    ("with access off: processor time of dompetd a transfer", "h_open_server_cpu_us", "us"),
    ("authorize + capture: p99 of one of the two requests", "i_p99_ms", "ms"),
    ("logins beside transfers", "j_logins", "/s"),
    ("logins beside transfers: transfers offered", "j_rate", "/s"),
    ("transfers at that rate without logins: p50", "j_calm_p50_ms", "ms"),
    ("transfers at that rate beside logins: p50", "j_busy_p50_ms", "ms"),
    ("nobody listens: processor time of dompetd a transfer", "k_plain_server_cpu_us", "us"),
    ("the program of before: processor time of dompetd a transfer", "k_before_server_cpu_us", "us"),
    ("with all that listens: processor time of dompetd a transfer", "k_busy_server_cpu_us", "us"),
    ("one transfer at a time without rules: p50", "k_plain_p50_ms", "ms"),
    ("one transfer at a time with rules: p50", "k_rules_p50_ms", "ms"),
    ("with all that listens: events behind when the load ended", "k_behind", ""),
    ("hand-over of a shard: median of the pauses", "g_hand_over_ms", "ms"),
    ("hand-over of a shard: the same wallet's usual interval", "g_hand_over_usual_ms", "ms"),
]


def shown(value, unit):
    """A figure with as many digits as it deserves."""
    if value is None:
        return NOT_MEASURED
    digits = 0 if abs(value) >= 100 or value == int(value) else max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{min(digits, 3)}f} {unit}".rstrip()


def table(rows, header):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    line = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([line(header), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def goals_table(measured):
    return table([goal.row(measured) for goal in GOALS], ["what", "Dompet", "opponent", "ratio", "goal", "reached"])


def figures_table(measured):
    rows = [[title, shown(measured.median(name), unit)] for title, name, unit in FIGURES if measured.median(name) is not None]
    return table(rows, ["what", "median"])


def rounds_table(measured):
    names = sorted(name for name, values in measured.values.items() if len(values) > 1)
    rows = [[f"`{name}`", ", ".join(shown(value, "") for value in measured.values[name])] for name in names]
    return table(rows, ["figure", "round by round"])


def markdown(measured, machine, command, notes):
    lines = ["# Benchmarks", "",
             "Written by `make bench`; do not edit. Both sides ran in turn on the same machine and the same PostgreSQL cluster,",
             "with the load generator beside them, so ratios carry over to other machines better than figures do. What each row",
             "means, and how to run it, is in [bench/README.md](../bench/README.md).", "",
             *[f"- {name}: {value}" for name, value in machine.items()], f"- Command: `{command}`", "",
             "## Goals", "", goals_table(measured), ""]
    figures = figures_table(measured) if any(measured.median(name) is not None for _, name, _ in FIGURES) else ""
    if figures:
        lines += ["## Other figures", "", figures, ""]
    if any(len(values) > 1 for values in measured.values.values()):
        lines += ["## Rounds", "", "The medians above are of these.", "", rounds_table(measured), ""]
    if notes:
        lines += ["## Notes of the run", "", *[f"- {note}" for note in notes], ""]
    return "\n".join(lines)
