"""The CPU cost of the hot paths: `make bench`; and how it grows: `make bench ARGS=growth`.

The numbers are from one run on one machine; compare them with each other (and with the RSA
operation printed beside them), not with another day's.
"""
