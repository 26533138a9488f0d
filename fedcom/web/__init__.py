"""The pages, made on the server and complete without scripts.

In reading order: `routes` (every address), `html` (the machinery: requests, templates, forms); then
a file for each family of pages: `feeds` (lists of posts), `communities`, `posts` (writing them),
`threads` (reading and answering), `content` (the buttons below posts and comments), `history` (what
they said before), `pictures` and `media` (sending and showing them), `moderation` and `reports`,
`saved` and `drafts` (what members keep for themselves), `guide` (help), `people`, `notifications`,
`messages`, `syndication` and `private_feeds` (lists for feed readers), `settings`, `own_data`
(export, deletion), `search`, `sign_in`, `password_reset`, `email` (links that confirm addresses),
`setup`, `admin`, `admin_people`, `admin_federation`.

A handler reads: form → page context → one action in a unit → redirect. Texts are marked for
translation with `_()`, `{% trans %}` and `i18n`.
"""
