"""What is shown, one read model for each thing, whichever surface shows it: pages, feeds, apps.

A view is a frozen dataclass with everything that any surface shows of a thing: who wrote it and
where, its counts, what the viewer did with it, what its author is there. Rows become views by the
names of their columns. Lists differ in what they hold, in which order and from where on; each is
one statement and gives a `Page` (`paging`).

In reading order: `viewer` (who looks), `person`, `community`, `post` with `feed` (lists of posts),
`comment` with `thread` (the tree below a post), `profile` (what a person wrote), `search`,
`notification`, `message`, `report`, `modlog`, `ban`, `block`. Nothing here writes, and what actions
need to know is in `queries`.
"""
