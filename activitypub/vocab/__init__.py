"""Builders for the documents we send: plain functions that return JSON-ready dicts.

In reading order:

base         shared by all builders: leaving out missing fields, dates, `dump`
actors       Person, Group, Application
objects      Page, Note, Tombstone, and their tags, links and images
activities   Create … Announce
collections  Collection, OrderedCollection and their pages
"""
