"""Random tests in virtual time: whole days of a board (schedule.py), random bytes where it listens
(fuzz.py), and a fleet (fleet.py). `python -m host_tests.model --help` has the long forms."""
