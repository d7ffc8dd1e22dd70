"""Prints "<passed> <failed> <skipped>" of a test report: Catch2's XML or pytest's JUnit. Fails if the report is not whole."""

import sys
import xml.etree.ElementTree as ElementTree


def counts(root):
    if root.tag == "Catch2TestRun":
        cases = root.find("OverallResultsCases")  # the last thing that Catch2 writes
        passed = int(cases.get("successes")) + int(cases.get("expectedFailures"))
        return passed, int(cases.get("failures")), int(cases.get("skips", 0))
    suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
    ran = sum(int(suite.get("tests")) for suite in suites)
    failed = sum(int(suite.get("failures")) + int(suite.get("errors")) for suite in suites)
    skipped = sum(int(suite.get("skipped")) for suite in suites)
    return ran - failed - skipped, failed, skipped


try:
    print(*counts(ElementTree.parse(sys.argv[1]).getroot()))
except (OSError, ElementTree.ParseError, AttributeError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
