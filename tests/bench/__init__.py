"""How much CPU the hot paths cost: `make bench`.

Figures of one run on one machine; compare them with each other (and with the RSA operation that is
printed beside them), not with another day's.
"""
