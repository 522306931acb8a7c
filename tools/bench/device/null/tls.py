"""Nothing: the 32-bit build has no TLS, and what is measured here needs none."""
