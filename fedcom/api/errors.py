"""Errors as Lemmy's clients know them: `{"error": code, "message": sentence}`.

Clients compare the codes, which are those of `LemmyErrorType` in lemmy-js-client 0.19; the
sentence, which Lemmy gives for a few codes only, says what is wrong in particular. Lemmy 0.19
answers 401 to a wrong password, 404 to what does not exist, and 400 to everything else.
"""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from fedcom.errors import FedcomError, NotFound
from fedcom.http.problem import to_problem


class Failure(msgspec.Struct):
    """An error: its code, and a sentence about this case."""

    error: str
    message: str


UNKNOWN = "unknown"
"""Lemmy's code for errors without one of their own; our code then begins the sentence."""

KNOWN = frozenset(
    """
    alt_text_length_overflow application_question_required ban_expiration_in_past banned
    banned_from_community bio_length_overflow blocked_url
    cannot_create_post_or_comment_in_deleted_or_removed_community cannot_leave_admin
    cannot_receive_page cant_block_admin cant_block_local_instance cant_block_yourself
    cant_delete_site cant_enable_private_instance_and_federation_together captcha_incorrect
    community_already_exists community_block_already_exists community_follower_already_exists
    community_has_no_followers community_is_blocked community_moderator_already_exists
    community_user_already_banned contradicting_filters couldnt_create_audio_captcha
    couldnt_create_comment couldnt_create_post couldnt_create_private_message
    couldnt_create_report couldnt_find_activity couldnt_find_comment couldnt_find_comment_reply
    couldnt_find_comment_report couldnt_find_community couldnt_find_local_user
    couldnt_find_object couldnt_find_person couldnt_find_person_mention couldnt_find_post
    couldnt_find_post_report couldnt_find_private_message couldnt_find_private_message_report
    couldnt_find_registration_application couldnt_generate_totp couldnt_get_comments
    couldnt_get_posts couldnt_hide_post couldnt_like_comment couldnt_like_post
    couldnt_mark_post_as_read couldnt_parse_totp_secret couldnt_resolve_report
    couldnt_save_comment couldnt_save_post couldnt_send_webmention
    couldnt_set_all_email_verified couldnt_set_all_registrations_accepted couldnt_update_comment
    couldnt_update_community couldnt_update_community_hidden_status
    couldnt_update_person_mentions couldnt_update_post couldnt_update_private
    couldnt_update_private_message couldnt_update_replies couldnt_update_user deleted
    domain_blocked domain_not_in_allow_list downvotes_are_disabled
    edit_private_message_not_allowed email_already_exists email_not_verified email_required
    email_send_failed email_smtp_server_needs_a_port federation_disabled
    federation_disabled_by_strict_allow_list federation_forbidden_by_strict_allow_list
    honeypot_failed image_url_missing_last_path_segment image_url_missing_path_segments
    inbox_timeout incorrect_login incorrect_totp_token instance_block_already_exists
    instance_is_blocked instance_is_private invalid_body_field invalid_bot_action
    invalid_community invalid_default_post_listing_type invalid_display_name invalid_matrix_id
    invalid_name invalid_password invalid_post_title invalid_query invalid_regex
    invalid_unix_time invalid_url invalid_url_scheme invalid_vote_value language_not_allowed
    local_site_not_setup locked max_comment_depth_reached missing_an_email missing_totp_secret
    missing_totp_token new_post_cannot_be_locked no_admins no_comment_edit_allowed
    no_content_type_header no_email_setup no_id_given no_lines_in_html no_post_edit_allowed
    not_a_mod_or_admin not_a_moderator not_an_admin not_an_image_type not_higher_admin
    not_higher_mod not_logged_in not_top_admin not_top_mod object_is_not_public object_not_local
    only_admins_can_create_communities only_local_admin_can_remove_community
    only_local_admin_can_restore_community only_mods_can_post_in_community
    page_does_not_specify_creator passwords_do_not_match permissive_regex
    person_block_already_exists person_is_banned_from_community person_is_banned_from_site
    person_is_blocked pictrs_api_key_not_provided pictrs_caching_disabled
    pictrs_purge_response_error pictrs_response_error post_is_locked post_title_too_long
    rate_limit_error registration_application_answer_required
    registration_application_is_pending registration_closed registration_denied
    report_reason_required report_too_long site_already_exists site_ban
    site_description_length_overflow site_metadata_page_is_not_doctype_html
    site_name_length_overflow site_name_required slurs system_err_login token_not_found
    too_many_items totp_already_enabled unknown url_length_overflow url_without_domain
    user_already_exists
    """.split()  # noqa: SIM905 - a list of words reads better than one of strings
)
"""The codes of `LemmyErrorType` in lemmy-js-client 0.19."""

SAME: Mapping[str, str] = {
    "already_banned": "community_user_already_banned",
    "already_moderator": "community_moderator_already_exists",
    "already_reported": "couldnt_create_report",
    "already_resolved": "couldnt_resolve_report",
    "application_required": "registration_application_answer_required",
    "ban_expires_in_the_past": "ban_expiration_in_past",
    "body_too_long": "invalid_body_field",
    "body_characters": "invalid_body_field",
    "cannot_ban_admin": "not_higher_admin",
    "cannot_purge_admin": "not_higher_admin",
    "comment_empty": "invalid_body_field",
    "community_closed": "cannot_create_post_or_comment_in_deleted_or_removed_community",
    "community_missing": "couldnt_find_community",
    "community_name_taken": "community_already_exists",
    "confirmation_unknown": "token_not_found",
    "couldnt_find_actor": "couldnt_find_object",
    "couldnt_find_page": "couldnt_find_object",
    "couldnt_find_that_username_or_email": "couldnt_find_local_user",
    "cursor": "invalid_query",
    "email_invalid": "invalid_query",
    "email_taken": "email_already_exists",
    "expires_past": "ban_expiration_in_past",
    "instance_blocked": "domain_blocked",
    "language_unknown": "language_not_allowed",
    "last_admin": "cannot_leave_admin",
    "message_empty": "invalid_body_field",
    "name_characters": "invalid_name",
    "name_required": "invalid_name",
    "name_reserved": "invalid_name",
    "name_taken": "user_already_exists",
    "name_too_long": "invalid_name",
    "name_too_short": "invalid_name",
    "not_a_moderator": "not_a_mod_or_admin",
    "not_the_author": "no_post_edit_allowed",
    "own_host": "cant_block_local_instance",
    "own_content": "couldnt_create_report",
    "page_too_deep": "invalid_query",
    "password_common": "invalid_password",
    "password_too_long": "invalid_password",
    "password_too_short": "invalid_password",
    "person_block": "person_is_blocked",
    "person_unknown": "couldnt_find_person",
    "q_empty": "invalid_query",
    "q_too_long": "invalid_query",
    "reason_empty": "report_reason_required",
    "reason_too_long": "report_too_long",
    "replies_closed": "locked",
    "reset_unknown": "token_not_found",
    "saved_by_another": "invalid_query",
    "score": "invalid_vote_value",
    "title_too_long": "invalid_post_title",
    "title_too_short": "invalid_post_title",
    "token_wrong": "token_not_found",
    "trap_expired": "honeypot_failed",
    "trap_filled": "honeypot_failed",
    "trap_too_quick": "honeypot_failed",
    "url_characters": "invalid_url",
    "url_host": "invalid_url",
    "url_missing": "invalid_url",
    "url_scheme": "invalid_url_scheme",
    "url_too_long": "url_length_overflow",
    "url_unread": "invalid_url",
    "url_userinfo": "invalid_url",
    "who_own_host": "cant_block_local_instance",
    "who_self": "cant_block_yourself",
}
"""What Lemmy calls our errors that have another code."""


def answer_error(
    error: Exception, headers: Mapping[str, str], codes: Mapping[str, str] = SAME
) -> Response:
    """The response for one of `fedcom.http.problem.EXPECTED`, or a 500 for any other exception;
    `codes` are Lemmy's by ours.
    """
    problem = to_problem(error)
    code = codes.get(problem.code, problem.code)
    detail = problem.detail
    if code not in KNOWN:
        code, detail = UNKNOWN, f"{problem.code}: {detail}"
    body = msgspec.json.encode(Failure(code, detail))
    return Response(
        body,
        _status(error, problem.status, code),
        headers={**problem.headers, **headers, "Cache-Control": "no-store"},
        media_type="application/json",
    )


def _status(error: Exception, status: int, code: str) -> int:
    if code == "incorrect_login":
        return 401
    if isinstance(error, NotFound):
        return 404
    return 400 if isinstance(error, FedcomError) and status < 500 else status
