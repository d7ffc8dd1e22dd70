"""Every fault that is automated here, and those whose test stands elsewhere. docs/faults.md has them all, in words."""

import clocks
import crashes
import crowds
import databases
import messages
import moves
import network
import partitions

FAULTS = [fault for module in (crashes, partitions, databases, clocks, messages, crowds, moves) for fault in module.FAULTS]


def missing_for(fault):
    """Why it cannot be done here; None when it can."""
    return next((reason for need in fault.needs if (reason := NEEDS[need]()) is not None), None)


NEEDS = {"network": network.why_not, "gcc": clocks.no_compiler, "time namespaces": clocks.no_time_namespaces}
