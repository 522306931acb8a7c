"""Everything of islog that runs on the host; nothing in here goes to a board."""
