"""The CPU cost of the hot paths: `make bench`; and how it grows: `make bench ARGS=growth`.

`__main__` measures one process, with `pages` for its pages; `outgoing` measures deliveries to new
hosts by worker processes (`deliverer`) on both databases. Both deliver to `sink`. `growth` compares
databases of several sizes: `fill` fills them, `village` adds what is visited, `operations` visits
it. `flood` measures whether one host's flood (`flooder`) delays another's activities.

The numbers are from one run on one machine; compare them with each other (and with the RSA
operation printed beside them), not with another day's.
"""
