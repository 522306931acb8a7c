"""Of many like cases some are played in a run, others in the next one; none of what they are made
of is left out, and neither is a stretch of a long row."""

import os


def spread(cases, every):
    """Each `every`-th of the cases, from a random one on."""
    cases = list(cases)
    return cases[os.urandom(1)[0] % every :: every]


def paired(many, few):
    """A list of pairs: all of the many, each with one of the few in turn; the first at random."""
    first = os.urandom(1)[0]
    return [(one, few[(first + i) % len(few)]) for i, one in enumerate(many)]
