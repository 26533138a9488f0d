"""Interfaces for programs: `endpoint` runs a handler, `v3` are the handlers of Lemmy's API."""
