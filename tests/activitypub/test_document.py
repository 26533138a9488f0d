from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from activitypub.document import (
    Document,
    KeyDocument,
    MentionTag,
    MultikeyDocument,
    has_activitystreams_context,
    to_datetime,
)
from activitypub.iri import PUBLIC

ANN = "https://a.example/u/ann"
EVA = "https://evil.example/u/eva"
CATS = "https://a.example/c/cats"
POST = "https://a.example/post/1"


NAMES = st.sampled_from(
    [
        "id",
        "type",
        "actor",
        "object",
        "target",
        "origin",
        "to",
        "cc",
        "audience",
        "attributedTo",
        "name",
        "nameMap",
        "content",
        "contentMap",
        "source",
        "mediaType",
        "language",
        "identifier",
        "url",
        "href",
        "attachment",
        "tag",
        "inReplyTo",
        "published",
        "endTime",
        "icon",
        "image",
        "inbox",
        "endpoints",
        "sharedInbox",
        "publicKey",
        "publicKeyPem",
        "assertionMethod",
        "publicKeyMultibase",
        "controller",
        "proof",
        "owner",
        "items",
        "orderedItems",
        "first",
        "next",
        "totalItems",
        "moderators",
        "sensitive",
        "@context",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
PROPERTIES = [name for name, value in vars(Document).items() if isinstance(value, property)]


@given(st.dictionaries(NAMES, ANYTHING, max_size=6))
def test_reading_any_property_of_any_document_never_raises(raw):
    document = Document(raw)
    for name in PROPERTIES:
        getattr(document, name)
    has_activitystreams_context(raw)


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_empty_document_has_nothing(name):
    assert getattr(Document({}), name) in (None, "", (), False, ("",))


@pytest.mark.parametrize(
    "context",
    [
        "https://www.w3.org/ns/activitystreams",
        ["https://w3id.org/security/v1", "https://www.w3.org/ns/activitystreams", {"x": "y:z"}],
        ["https://a.example/contexts"],
    ],
)
def test_a_document_with_an_activitystreams_context(context):
    assert has_activitystreams_context({"id": ANN, "@context": context})


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        [],
        "http://www.w3.org/ns/activitystreams",
        "https://www.w3.org/ns/activitystreams#",
        ["https://w3id.org/security/v1"],
        [["https://www.w3.org/ns/activitystreams"]],
        ["https://evil.example/contexts"],
    ],
)
def test_a_document_without_an_activitystreams_context(context):
    assert not has_activitystreams_context({"id": ANN, "@context": context})


def test_without_an_id_no_context_is_its_own():
    assert not has_activitystreams_context({"@context": ["https://a.example/contexts"]})


# Each row is a variant of a peer that must not be an error.
@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"type": ["x:Odd", "Note"]}, "type", "Note"),
        ({"type": ["x:Odd", "x:Even"]}, "type", "x:Odd"),
        ({"type": 5}, "type", ""),
        ({"type": ["Note", 5, ""]}, "types", ("Note",)),
        ({"id": ""}, "id", None),
        ({"id": {"id": POST}}, "id", None),
        ({"actor": ANN}, "actor", ANN),
        ({"actor": {"id": ANN, "type": "Person"}}, "actor", ANN),
        ({"actor": [ANN]}, "actor", ANN),
        ({"actor": [ANN, ANN]}, "actor", ANN),
        ({"actor": [ANN, EVA]}, "actor", None),
        ({"actor": []}, "actor", None),
        ({"object": POST}, "object_id", POST),
        ({"object": {"id": POST, "type": "Tombstone"}}, "object_id", POST),
        ({"object": [POST]}, "object", POST),
        ({"object": [POST, CATS]}, "object", None),
        ({"object": [POST, CATS]}, "object_id", None),
        ({"object": [POST, CATS]}, "objects", (POST, CATS)),
        ({"object": [POST, {"id": CATS}]}, "objects", (POST, Document({"id": CATS}))),
        ({"object": POST}, "object_document", None),
        ({"object": {"id": POST}}, "object_document", Document({"id": POST})),
        ({"object": 5}, "object", None),
        ({"target": {"id": CATS}}, "target", CATS),
        ({"target": [CATS, ANN]}, "target", None),
        ({"origin": CATS}, "origin", CATS),
        ({"to": PUBLIC}, "to", (PUBLIC,)),
        ({"to": "as:Public", "cc": ["Public", ANN]}, "to", (PUBLIC,)),
        ({"cc": ["Public", None, {"id": ANN}, 5]}, "cc", (PUBLIC, ANN)),
        ({"to": None}, "to", ()),
        ({"cc": "Public"}, "is_public", True),
        ({"to": "as:Public"}, "is_public", True),
        ({"audience": PUBLIC, "bto": PUBLIC}, "is_public", False),
        ({"audience": [CATS, ANN]}, "audience", CATS),
        ({"audience": {"id": CATS, "type": "Group"}}, "audiences", (CATS,)),
        ({"to": ANN, "cc": [ANN, CATS], "audience": POST}, "addressed", (ANN, CATS, POST)),
        ({"bto": ANN, "bcc": CATS}, "addressed", (ANN, CATS)),
        ({"inReplyTo": {"id": POST, "type": "Note"}}, "in_reply_to", POST),
        ({"inReplyTo": None}, "in_reply_to", None),
        ({"inReplyTo": [POST, CATS]}, "in_reply_to", POST),
        ({"summary": None}, "summary", None),
        ({"summary": "cw"}, "summary", "cw"),
        ({"name": "", "nameMap": {"en": "x"}}, "name", ""),
        ({"contentMap": {"de": "<p>ja</p>", "en": "<p>yes</p>"}}, "content", "<p>ja</p>"),
        ({"content": None, "contentMap": {"en": None}}, "content", None),
        ({"content": None, "contentMap": "x"}, "content", None),
        ({"content": "a", "contentMap": {"en": "b"}}, "content", "a"),
        ({"source": "https://link.example/"}, "source_markdown", None),
        (
            {"source": {"content": "*x*", "mediaType": "text/markdown"}},
            "source_markdown",
            "*x*",
        ),
        (
            {"source": {"content": "*x*", "mediaType": "Text/Markdown; variant=GFM"}},
            "source_markdown",
            "*x*",
        ),
        (
            {"source": {"content": "$[x2 x]", "mediaType": "text/x.misskeymarkdown"}},
            "source_markdown",
            None,
        ),
        ({"content": "*x*", "mediaType": "text/markdown"}, "source_markdown", "*x*"),
        ({"content": "<b>", "mediaType": "text/html"}, "source_markdown", None),
        ({"mimeType": "text/html"}, "media_type", "text/html"),
        ({"language": {"identifier": "fr", "name": "x"}}, "language", "fr"),
        ({"language": "fr"}, "language", "fr"),
        ({"language": [{"identifier": "fr"}, {"identifier": "de"}]}, "languages", ("fr", "de")),
        ({"language": {"identifier": "und"}, "contentMap": {"en": "x"}}, "language", None),
        ({"contentMap": {"und": "x"}, "nameMap": {"da": "x"}}, "language", "da"),
        ({"contentMap": {"en": 5}}, "language", None),
        ({"@context": ["https://x.example/context", {"@language": "en"}]}, "language", "en"),
        ({"@context": ["https://x.example/context", {"@language": "und"}]}, "language", None),
        ({"@context": {"@language": "en"}, "contentMap": {"da": "x"}}, "language", "da"),
        ({"@context": {"@language": 5}}, "language", None),
        ({"attributedTo": [{"type": "Group", "id": CATS}, POST]}, "groups", (CATS,)),
        ({"attributedTo": [{"type": "Group"}, {"type": "Person", "id": POST}]}, "groups", ()),
        ({"attributedTo": CATS}, "groups", ()),
        ({"url": POST}, "url", POST),
        ({"url": [{"type": "Link", "href": POST}]}, "url", POST),
        (
            {
                "url": [
                    {"type": "Link", "mediaType": "application/x-mpegURL", "href": CATS},
                    {"type": "Link", "mediaType": "text/html", "href": POST},
                ]
            },
            "url",
            POST,
        ),
        ({"url": ["magnet:?x", {"href": "javascript:alert(1)"}, POST]}, "url", POST),
        ({"url": "javascript:alert(1)"}, "url", None),
        ({"url": {"href": 5}}, "url", None),
        ({"attachment": {"type": "Link"}}, "attachments", (Document({"type": "Link"}),)),
        ({"attachment": [None, "x", {"a": 1}]}, "attachments", (Document({"a": 1}),)),
        ({"tag": {"type": "Hashtag"}}, "tags", (Document({"type": "Hashtag"}),)),
        (
            {"tag": {"type": "Mention", "href": CATS, "name": "@cats@a.example"}},
            "mentions",
            (MentionTag(CATS, "@cats@a.example"),),
        ),
        (
            {"tag": [{"type": "Mention", "href": CATS}, {"type": "Mention"}, {"type": "Emoji"}]},
            "mentions",
            (MentionTag(CATS, None),),
        ),
        ({"sensitive": True}, "sensitive", True),
        ({"sensitive": "true"}, "sensitive", True),
        ({"sensitive": "no"}, "sensitive", False),
        ({"sensitive": []}, "sensitive", False),
        ({"icon": {"type": "Image", "url": POST}}, "icon_url", POST),
        ({"icon": [{"type": "Image", "url": {"href": POST}}]}, "icon_url", POST),
        ({"icon": {"type": "Link", "href": POST}}, "icon_url", POST),
        ({"icon": POST}, "icon_url", POST),
        ({"image": [{"url": "data:x"}, POST]}, "image_url", POST),
        ({"image": 5}, "image_url", None),
        ({"published": "2021-03-01T13:42:43.966208Z"}, "published", "2021-03-01 13:42:43.966208"),
        ({"updated": "2021-03-01T13:42:43"}, "updated", "2021-03-01 13:42:43"),
        ({"endTime": "2021-03-01T13:42:43Z"}, "ends_at", "2021-03-01 13:42:43"),
        ({"expires": "2021-03-01T13:42:43Z"}, "ends_at", "2021-03-01 13:42:43"),
        ({"expires": None}, "ends_at", None),
        ({"inbox": CATS}, "inbox", CATS),
        ({"outbox": {"id": CATS, "type": "OrderedCollection"}}, "outbox", CATS),
        ({"followers": [CATS]}, "followers", None),
        ({"following": CATS}, "following", CATS),
        ({"featured": CATS}, "featured", CATS),
        ({"endpoints": {"sharedInbox": POST}, "sharedInbox": CATS}, "shared_inbox", POST),
        ({"sharedInbox": CATS}, "shared_inbox", CATS),
        ({"endpoints": "x", "sharedInbox": 5}, "shared_inbox", None),
        ({"preferredUsername": "ann"}, "preferred_username", "ann"),
        ({"attributedTo": CATS}, "moderators", CATS),
        ({"moderators": CATS}, "moderators", CATS),
        ({"attributedTo": [{"type": "Person", "id": ANN}]}, "moderators", None),
        ({"attributedTo": [{"type": "Person", "id": ANN}], "moderators": CATS}, "moderators", CATS),
        ({"attributedTo": [{}], "moderators": CATS}, "moderators", CATS),
        ({"orderedItems": [POST, {"id": CATS}]}, "items", (POST, Document({"id": CATS}))),
        ({"items": POST}, "items", (POST,)),
        ({"first": {"type": "CollectionPage"}}, "first", Document({"type": "CollectionPage"})),
        ({"first": POST}, "first", POST),
        ({"next": {"id": POST}}, "next", POST),
        ({"totalItems": 0}, "total_items", 0),
        ({"totalItems": -1}, "total_items", None),
        ({"totalItems": True}, "total_items", None),
        ({"totalItems": "3"}, "total_items", None),
        ({"totalItems": 2**53 - 1}, "total_items", 2**53 - 1),
        ({"totalItems": 2**53}, "total_items", None),
    ],
)
def test_the_variants_of_peers_are_read(raw, name, value):
    found = getattr(Document(raw), name)
    if isinstance(found, datetime):
        assert found.tzinfo is UTC
        found = str(found.replace(tzinfo=None))
    assert found == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T03:58:38.440917907Z", datetime(2026, 11, 22, 3, 58, 38, 440917, UTC)),
        ("2026-11-22T03:58:38.5+02:00", datetime(2026, 11, 22, 1, 58, 38, 500000, UTC)),
        ("2026-11-22t03:58z", datetime(2026, 11, 22, 3, 58, tzinfo=UTC)),
        ("2026-11-22 03:58:38+0100", datetime(2026, 11, 22, 2, 58, 38, tzinfo=UTC)),
        ("2026-11-22T03:58:38", datetime(2026, 11, 22, 3, 58, 38, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-11-22T03:58:60Z", None),
        ("2026-11-22", None),
        ("yesterday", None),
        ("2026-11-22T03:58:38." + "1" * 70 + "Z", None),
        (1700000000, None),
        (None, None),
    ],
)
def test_dates_are_utc_or_nothing(text, expected):
    assert to_datetime(text) == expected


PERSON = {"type": "Person", "id": ANN}
CHANNEL = {"type": "Group", "id": CATS}


@pytest.mark.parametrize(
    ("raw", "owner"),
    [
        ({"type": "Like", "actor": ANN}, ANN),
        ({"type": "Warn", "actor": ANN}, ANN),
        ({"type": "x:Unheard", "actor": ANN}, ANN),
        ({"type": "Create", "actor": ANN, "attributedTo": ANN}, ANN),
        ({"type": "Create", "attributedTo": ANN}, None),
        ({"type": "Person", "id": ANN}, ANN),
        ({"type": "Group", "id": CATS, "attributedTo": ANN}, CATS),
        ({"type": "Note", "attributedTo": ANN}, ANN),
        ({"type": "Note", "attributedTo": {"id": ANN}}, ANN),
        ({"type": "Note", "actor": ANN, "attributedTo": ANN}, ANN),
        ({"type": "Note", "actor": ANN}, ANN),
        ({"attributedTo": ANN}, ANN),
        ({"type": "Video", "attributedTo": [PERSON, CHANNEL]}, ANN),
        ({"type": "Video", "attributedTo": [CHANNEL, PERSON]}, ANN),
        ({"type": "Video", "attributedTo": [CHANNEL]}, CATS),
        ({"type": "Note", "attributedTo": [ANN, EVA]}, ANN),
        ({"type": "Note", "attributedTo": [EVA, ANN]}, EVA),
        ({"type": "Note", "attributedTo": [{"type": "Person"}, ANN]}, ANN),
        ({"type": "OrderedCollection"}, None),
        ({"type": "OrderedCollectionPage", "attributedTo": ANN}, ANN),
        ({"type": "Key", "owner": ANN, "publicKeyPem": "x"}, ANN),
        ({"type": "Multikey", "controller": ANN}, ANN),
        ({"owner": ANN, "publicKeyPem": "x", "attributedTo": EVA}, ANN),
        # FEP-fe34: two families of types, or two owners, is nobody's document.
        ({"type": ["Create", "Note"], "actor": EVA, "attributedTo": ANN}, None),
        ({"type": ["Person", "Note"], "id": EVA, "attributedTo": ANN}, None),
        ({"type": ["Note", "Person"], "id": EVA, "attributedTo": ANN}, None),
        ({"type": "Create", "actor": EVA, "attributedTo": ANN}, None),
        ({"type": "Note", "actor": EVA, "attributedTo": ANN}, None),
        ({"type": "Note", "actor": [EVA, ANN], "attributedTo": ANN}, None),
        ({"type": "Person", "id": ANN, "actor": EVA}, None),
        ({"type": "Like", "actor": [ANN, EVA]}, None),
    ],
)
def test_there_is_one_owner_or_none(raw, owner):
    assert Document(raw).owner == owner


@pytest.mark.parametrize(
    ("raw", "shape", "subject"),
    [
        ({"type": "Follow", "id": "i", "object": CATS}, ("Follow",), CATS),
        (
            {"type": "Undo", "id": "i", "object": {"type": "Like", "object": POST}},
            "Undo Like",
            POST,
        ),
        ({"type": "Undo", "id": "i", "object": POST}, ("Undo",), POST),
        ({"type": "Create", "object": {"type": "Note", "id": POST}}, ("Create", "Note"), POST),
        ({"type": "Create", "id": "i", "object": {"type": "Note"}}, ("Create", "Note"), "i"),
        ({"type": "Delete", "object": {"id": POST, "type": "Tombstone"}}, "Delete Tombstone", POST),
        ({"type": "Delete", "object": {"id": POST}}, ("Delete",), POST),
        (
            {
                "type": "Announce",
                "object": {
                    "type": "Undo",
                    "object": {"type": "Like", "object": {"id": POST}},
                },
            },
            ("Announce", "Undo"),
            POST,
        ),
        ({"type": "Announce", "object": [POST, CATS]}, ("Announce",), POST),
        ({"type": "Add", "object": POST, "target": CATS}, ("Add",), POST),
        ({"type": "Leave", "id": "i"}, ("Leave",), "i"),
        ({"type": "Note", "id": POST, "object": {"type": "Like"}}, ("Note",), POST),
        ({}, ("",), None),
    ],
)
def test_shape_and_subject_of_an_activity(raw, shape, subject):
    document = Document(raw)
    assert document.shape == (tuple(shape.split()) if isinstance(shape, str) else shape)
    assert document.subject_id == subject


KEY = {"id": f"{ANN}#main-key", "owner": ANN, "publicKeyPem": "pem"}
READ_KEY = KeyDocument(f"{ANN}#main-key", ANN, "pem")


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        ({"publicKey": KEY}, (READ_KEY,)),
        ({"publicKey": [KEY, KEY | {"id": "k2"}]}, (READ_KEY, KeyDocument("k2", ANN, "pem"))),
        ({"publicKey": [KEY | {"publicKeyPem": None}, {"id": "x"}, "x", KEY]}, (READ_KEY,)),
        ({"publicKey": [KEY] * 50}, (READ_KEY,) * 10),
        ({"publicKey": KEY | {"owner": None, "controller": ANN}}, (READ_KEY,)),
        ({"publicKey": KEY | {"owner": {"id": ANN}}}, (READ_KEY,)),
        # Without an owner it belongs to the document, if its id shows that.
        ({"id": ANN, "publicKey": KEY | {"owner": None}}, (READ_KEY,)),
        ({"id": EVA, "publicKey": KEY | {"owner": None}}, ()),
        ({"publicKey": KEY | {"owner": None}}, ()),
        (KEY | {"owner": None}, ()),
        (KEY, (READ_KEY,)),
        ({"publicKey": f"{ANN}#main-key"}, ()),
    ],
)
def test_keys_are_read_in_every_form(raw, keys):
    assert Document(raw).public_keys == keys


MULTIKEY = {
    "id": f"{ANN}#ed25519-key",
    "type": "Multikey",
    "controller": ANN,
    "publicKeyMultibase": "z6Mk",
}
READ_MULTIKEY = MultikeyDocument(f"{ANN}#ed25519-key", ANN, "z6Mk")


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        ({"assertionMethod": MULTIKEY}, (READ_MULTIKEY,)),
        (
            {"assertionMethod": [MULTIKEY, "x", MULTIKEY | {"type": "JsonWebKey"}]},
            (READ_MULTIKEY,),
        ),
        ({"assertionMethod": [MULTIKEY | {"controller": {"id": ANN}}]}, (READ_MULTIKEY,)),
        ({"assertionMethod": [MULTIKEY] * 50}, (READ_MULTIKEY,) * 10),
        ({"assertionMethod": MULTIKEY | {"controller": None, "owner": ANN}}, ()),
        ({"id": ANN, "assertionMethod": MULTIKEY | {"controller": None}}, (READ_MULTIKEY,)),
        ({"id": EVA, "assertionMethod": MULTIKEY | {"controller": None}}, ()),
        (MULTIKEY | {"controller": None}, ()),
        ({"assertionMethod": MULTIKEY | {"publicKeyMultibase": 1}}, ()),
        ({"assertionMethod": f"{ANN}#ed25519-key"}, ()),
        (MULTIKEY, (READ_MULTIKEY,)),
        ({"type": "Person"}, ()),
    ],
)
def test_multikeys_are_read_in_every_form(raw, keys):
    assert Document(raw).assertion_methods == keys


@pytest.mark.parametrize(
    ("proof", "has"),
    [({"type": "x"}, True), ([{}], True), ([], False), ("x", False), (None, False)],
)
def test_a_document_may_carry_a_proof(proof, has):
    assert Document({"proof": proof}).has_proof is has


@pytest.mark.parametrize(
    ("more", "signed"),
    [
        ({"proof": {"type": "DataIntegrityProof"}}, True),
        ({"signature": {"type": "RsaSignature2017"}}, True),
        ({"signature": "x"}, False),
        ({}, False),
    ],
)
def test_an_activity_may_name_its_author(more, signed):
    assert Document(more).is_signed is signed


def test_fields_without_a_reader_are_kept():
    assert Document({"removeData": True}).get("removeData") is True
    assert Document({}).get("removeData") is None


def test_kinds_are_distinguished_by_type():
    assert Document({"type": "Group"}).is_actor
    assert not Document({"type": "Note", "actor": ANN}).is_activity
    assert Document({"actor": ANN}).is_activity
    assert Document({"href": CATS}).href == CATS


@pytest.mark.parametrize(
    ("raw", "thread", "replies"),
    [
        ({}, None, None),
        (
            {"context": "https://a.example/c", "replies": "https://a.example/r"},
            "https://a.example/c",
            "https://a.example/r",
        ),
        (
            {"context": {"id": "https://a.example/c"}, "replies": {"items": []}},
            "https://a.example/c",
            Document({"items": []}),
        ),
        ({"context": ["https://a.example/c", "https://a.example/d"], "replies": 7}, None, None),
        ({"context": 7, "replies": []}, None, None),
    ],
)
def test_a_conversation_is_named_or_embedded(raw, thread, replies):
    document = Document(raw)
    assert (document.thread, document.replies) == (thread, replies)
