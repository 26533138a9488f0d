"""Readers of activities whose word on the wire means several things, named by that word.

`catalog` lists every reader for the inbox. `note` reads Create and Update, with `post`, `comment`,
`message` and `outside_mention`; then `vote`, `delete`, `collections` (Add and Remove) and `block`.
`content_at` makes a post or comment from its origin's document, with whatever it answers. Where a
word and an action are one (Lock, Follow, Flag, Move), the reader stands in the action's own file.
"""
