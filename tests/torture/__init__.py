"""Faults on purpose: kills, power cuts, full and failing disks, flipped bits, crowds, upgrades.

operations.py   what is done to a registry, and what each doing promises
ledger.py       what was promised, kept outside the registry: the oracle
invariants.py   what has to hold after any fault, asked by a fresh process
calls.py        every write, sync, rename and statement of a process, seen and made to fail
weaknesses.py   settings that must not survive: the proof that the rest can fail
the others      one kind of fault each; faults.py lists them

``python -m tests.torture --minutes 10`` runs them all and prints a table; the tests beside this
file run a little of each.
"""
