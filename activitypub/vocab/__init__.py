"""Builders for the documents we send: plain functions that return JSON-ready dicts.

In reading order:

base         what all builders share: leaving out what is absent, dates, `dump`
actors       Person, Group, Application
objects      Page, Note, Tombstone, and their tags, links and images
activities   Create … Announce
collections  Collection, OrderedCollection and their pages
"""
