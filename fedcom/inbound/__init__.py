"""Readers of activities whose word on the wire means several things.

`catalog` lists every reader for the inbox; `collections` reads Add and Remove. Where a word and an
action are one (Like, Lock, Follow, Flag, Block), the reader stands in the action's own file.
"""
