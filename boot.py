# Runs before main.py, at every start. Empty on purpose: a board on which this fails needs a cable.
