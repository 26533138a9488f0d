"""The CPU cost of the hot paths: `make bench`; and how it grows: `make bench ARGS=growth`.

`table` measures them all on both databases, each beside its floor (`floors`): `incoming`, `pages`,
deliveries. `outgoing` measures deliveries to new hosts by worker processes (`deliverer`). Both
deliver to `sink`. `growth` compares databases of several sizes: `fill` fills them, `village` adds
what is visited, `operations` visits it. `requests` asks an application directly. `storage` counts
the bytes that activities of other servers take, table by table. `flood` measures whether one host's
flood (`flooder`) delays another's activities, `pruning` how long old rows hold the write lock.

The numbers are from one run on one machine; compare them with each other, not with another day's.
"""
