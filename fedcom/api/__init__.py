"""Interfaces for programs.

In reading order: `caller` (who calls, and the transaction of the call), `endpoint` (a handler with
its parameters and its answer), `kept` (long answers, for a minute), `proxied` (pictures of other
servers in answers), `errors` (in Lemmy's words), `openapi` (the description), `pictrs` (pictures as
Lemmy's apps upload and show them), `v3` (the handlers of Lemmy's API).
"""
