"""Figures for Prometheus: what this process has done, and the state of the queues.

instruments  counts and times of what this process does
queues       queues and peers, read from the database at each scrape
endpoint     `GET /metrics`, on a port of its own
"""
