"""Kill the daemon, again and again, at seeded moments, and count the harm from outside.

The simulated gateway runs in a process of its own and outlives every daemon; its ledger is the
truth that the daemon's log is audited against. `python -m tests.campaign --help` says the rest.
"""
