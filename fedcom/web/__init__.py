"""The pages, made on the server and complete without scripts.

In reading order: `routes` (every address), `routing` (who is refused before a handler is asked),
`visits` (who asks), `render` (templates), `words` (in which language), `forms` and `notices` (what
was typed, what to say next), `errors` (pages for what went wrong), `places` (addresses → rows);
then a file for each family of pages: `feeds` (lists of posts), `communities`, `posts` (writing
them), `threads` (reading and answering), `content` (the buttons below posts and comments),
`history` (what they said before), `pictures` and `media` (sending and showing them), `moderation`
and `reports`, `shelf` and `drafts` (what members keep for themselves), `guide` (help), `people`,
`notifications`, `messages`, `syndication`, `private_feeds` and `feed_documents` (lists for feed
readers), `settings`, `own_data` (export, deletion), `search`, `sign_in` and `trap` (what programs
trip over), `password_reset`, `email` (links that confirm addresses), `setup`, `admin`,
`admin_people`, `admin_federation`, `troubles` (what admins see on every page), `colours`,
`static_files`.

A handler reads: form → visit → one action in a unit → redirect. Texts are marked for translation
with `_()`, `{% trans %}` and `words`.
"""
