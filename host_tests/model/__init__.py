"""Random tests in virtual time: whole days of a board (schedule.py), those of one on a battery
(battery_day.py), random bytes where it listens (fuzz.py), a fleet (fleet.py), an exception or a
callback at each line of a day (inject.py), and a day without heap (shortage.py).
`python -m host_tests.model --help` has the long forms."""
