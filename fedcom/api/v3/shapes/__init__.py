"""What the API answers: Lemmy 0.19's objects, made of views.

The structs have the names and properties of the types in lemmy-js-client 0.19; the functions beside
them are pure.
"""
