"""What the API answers: Lemmy 0.19's objects, made of views.

The structs have the names and properties of the types in lemmy-js-client 0.19; the functions beside
them are pure.

In reading order: `text` (Markdown), `person`, `community`, `post`, `comment`, `inbox`
(replies and mentions), `message`, `site` (with the caller's own settings), `responses` (an object
and a little more), `report`, `modlog`, `application` and `media` (uploads).
"""
