"""Lemmy's HTTP API, version 3, as lemmy-js-client 0.19 calls it: one file for each resource.

A handler holds no rule and no query of its own: it turns parameters into an action or a view, and
what comes back into a shape. The names of parameters and properties are Lemmy's.

In reading order: `shapes` (the answers), `params` (parameters that calls have in common), `known`
(from views to shapes), `ban` (of a community and of the site), the resources `site`, `login`,
`user_settings`, `custom_emoji`, `post`, `comment`, `community`, `user`, `inbox` (replies and
mentions), `private_message`, `search`, `resolve_object`, `federated_instances`, `report`, `modlog`,
`admin` and `media` (uploads), and `routes` (all of them).
"""
