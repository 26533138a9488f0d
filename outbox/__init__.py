"""We speak: to whom, in what words, until it arrives.

In reading order:

- `ports.py`       what the host must give: a database, signers, a poster, and ears for dead inboxes
- `deliveries.py`  the tables, and the states of a delivery
- `address.py`     inboxes → distinct inboxes, without ours and unwanted ones
- `publish.py`     the front door: rows for one activity, in the caller's transaction
- `answers.py`     what a peer's answer means
- `retry.py`       pure: when to try again, or never
- `peers.py`       a peer's health: when to let it rest, when to probe, when it is gone
- `claims.py`      which rows are next, and whose they are while they are being sent
- `deliver.py`     one attempt: sign, POST, name the answer
- `record.py`      what came of a batch of attempts, written down
- `schedule.py`    in memory: which hosts to look at, and when
- `dispatcher.py`  the dispatcher: the loop inside the server's process
- `arq_worker.py`  the same loop in a worker process, woken through Redis
- `maintenance.py` for admins: what waits, what failed, try again, prune

The rows are the queue. Whatever is in memory or in Redis is a hint, and may be lost.
This room knows nothing of communities: it is given bytes, IRIs and inboxes.
"""
