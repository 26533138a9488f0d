"""Delivers activities to inboxes, and retries until they arrive or are given up.

In reading order:

- `ports.py`       what the host must provide: signing keys, a way to POST, what it knows of inboxes
- `deliveries.py`  the tables, and the states of a delivery
- `address.py`     inboxes → distinct inboxes, without ours and unwanted ones
- `publish.py`     the entry point: rows for one activity, in the caller's transaction
- `answers.py`     what a peer's response means
- `retry.py`       when to try again, if at all; pure
- `peers.py`       a peer's health: when it rests, when it is probed, when it is gone
- `claims.py`      which deliveries are next, and which worker is sending them
- `deliver.py`     one attempt: sign, POST, classify the response
- `record.py`      stores the results of a batch of attempts
- `schedule.py`    which hosts to query next, and when; in memory
- `concurrency.py` how many attempts may run at the same time; in memory
- `dispatcher.py`  the loop in the server's process
- `arq_worker.py`  the same loop in a worker process, woken through Redis
- `maintenance.py` for admins: what is waiting, what failed, retry, prune
- `health.py`      how delivery is going, in numbers

The rows are the queue. Everything in memory or in Redis is a hint, and may be lost.
Nothing here knows what activities are about: it is given bytes, IRIs and inboxes.
"""
