/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks of a configuration. Each has an id that never changes its meaning,
 * so that people can search for it and tools can filter by it. The id of a
 * check that is removed is not used again.
 *
 * FC001 to FC099 need nothing but the file. FC1xx are fcgi-check's: they look
 * at Monkey's other files, sockets and users.
 */
#ifndef FCGI_CONFIG_CHECKS_H
#define FCGI_CONFIG_CHECKS_H

#include <stddef.h>

#include "config/diag.h"

#define FCGI_CHECK_BRACKET "FC001"
#define FCGI_CHECK_NO_SECTION_YET "FC002"
#define FCGI_CHECK_NO_VALUE "FC003"
#define FCGI_CHECK_UNKNOWN_KEY "FC004"
#define FCGI_CHECK_UNKNOWN_SECTION "FC005"
#define FCGI_CHECK_DUPLICATE_KEY "FC006"
#define FCGI_CHECK_DUPLICATE_NAME "FC007"
#define FCGI_CHECK_TIME "FC008"
#define FCGI_CHECK_ONE_OF_NONE "FC009"
#define FCGI_CHECK_ONE_OF_MANY "FC010"
#define FCGI_CHECK_PATH "FC011"
#define FCGI_CHECK_HASH "FC012"
#define FCGI_CHECK_TAB "FC013"
#define FCGI_CHECK_INDENT "FC014"
#define FCGI_CHECK_LONG_LINE "FC015"
#define FCGI_CHECK_AFTER_BRACKET "FC016"
#define FCGI_CHECK_HEADING_COLUMN "FC017"
#define FCGI_CHECK_NO_INDENT "FC018"
#define FCGI_CHECK_NUL "FC019"
#define FCGI_CHECK_CRLF "FC020"
#define FCGI_CHECK_BOM "FC021"
#define FCGI_CHECK_NO_SERVER "FC022"
#define FCGI_CHECK_REQUIRED "FC023"
#define FCGI_CHECK_NO_KEYS "FC024"
#define FCGI_CHECK_ADDRESS "FC025"
#define FCGI_CHECK_RANGE "FC026"
#define FCGI_CHECK_NAME_BLANK "FC027"
#define FCGI_CHECK_CONTROL "FC028"
#define FCGI_CHECK_TOO_MANY "FC029"
#define FCGI_CHECK_UNREADABLE "FC030"
#define FCGI_CHECK_NOT_A_FILE "FC031"
#define FCGI_CHECK_TOO_LARGE "FC032"
#define FCGI_CHECK_MEMORY "FC033"
#define FCGI_CHECK_LIBRARY "FC034"
#define FCGI_CHECK_EQUALS "FC035"
#define FCGI_CHECK_FAR_SCRIPT "FC036"
#define FCGI_CHECK_FRONT_FILE "FC037"
#define FCGI_CHECK_HIDDEN_NEED "FC038"
#define FCGI_CHECK_HIDDEN_PARAM "FC039"
#define FCGI_CHECK_QUEUE_UNUSED "FC040"
#define FCGI_CHECK_KEEP_ALIVE_OFF "FC041"
#define FCGI_CHECK_ALL_BACKUP "FC042"
#define FCGI_CHECK_NEVER_OUT "FC043"
#define FCGI_CHECK_COMMENT "FC044"
#define FCGI_CHECK_TRUSTS_ALL "FC050"
#define FCGI_CHECK_REAL_ELSEWHERE "FC051"
#define FCGI_CHECK_LINKS_UNCHECKED "FC052"
#define FCGI_CHECK_INTERCEPT_OFF "FC053"
#define FCGI_CHECK_FORMAT_UNUSED "FC054"
#define FCGI_CHECK_ROLE_UNUSED "FC055"
#define FCGI_CHECK_SECTION_TWICE "FC060"
#define FCGI_CHECK_SWITCH "FC061"
#define FCGI_CHECK_COUNT "FC062"
#define FCGI_CHECK_SIZE "FC063"
#define FCGI_CHECK_WRONG_SECTION "FC064"
#define FCGI_CHECK_FORM "FC065"
#define FCGI_CHECK_PAIR_VALUE "FC066"

/* Monkey's other files, sockets, users. */
#define FCGI_CHECK_MATCH_NOT_LOADED "FC101"
#define FCGI_CHECK_NO_RULE "FC102"
#define FCGI_CHECK_NOT_ENABLED "FC103"
#define FCGI_CHECK_LOADED_TWICE "FC104"
#define FCGI_CHECK_LOAD_RELATIVE "FC105"
#define FCGI_CHECK_PLUGIN_MISSING "FC106"
#define FCGI_CHECK_PLUGIN_FORMAT "FC107"
#define FCGI_CHECK_PLUGIN_ABI "FC108"
#define FCGI_CHECK_PLUGIN_NAME "FC109"
#define FCGI_CHECK_SECTION_MISSING "FC110"
#define FCGI_CHECK_KEY_MISSING "FC111"
#define FCGI_CHECK_VALUE_REFUSED "FC112"
#define FCGI_CHECK_SECTION_IGNORED "FC113"
#define FCGI_CHECK_KEY_IGNORED "FC114"
#define FCGI_CHECK_KEY_UNKNOWN "FC115"
#define FCGI_CHECK_PLUGIN_OTHER "FC116"
#define FCGI_CHECK_SITE_BACKUP "FC117"
#define FCGI_CHECK_INCLUDE "FC118"
#define FCGI_CHECK_LISTEN_WORD "FC119"
#define FCGI_CHECK_MATCH_INCOMPLETE "FC120"
#define FCGI_CHECK_MATCH_REGEX "FC121"
#define FCGI_CHECK_MATCH_SERVER "FC122"
#define FCGI_CHECK_SERVER_UNUSED "FC123"
#define FCGI_CHECK_MATCH_SHADOWED "FC124"
#define FCGI_CHECK_MATCH_NO_END "FC125"
#define FCGI_CHECK_INDEX_SOURCE "FC126"
#define FCGI_CHECK_POOL_DIFFERS "FC128"
#define FCGI_CHECK_SOCKET_MISSING "FC130"
#define FCGI_CHECK_NOT_A_SOCKET "FC131"
#define FCGI_CHECK_SOCKET_DENIED "FC132"
#define FCGI_CHECK_USER_UNKNOWN "FC133"
#define FCGI_CHECK_USER_MISSING "FC134"
#define FCGI_CHECK_DOCUMENT_ROOT "FC135"
#define FCGI_CHECK_NO_TYPES "FC136"
#define FCGI_CHECK_LINKS_OFF "FC137"
#define FCGI_CHECK_STATUS_UNUSED "FC138"
#define FCGI_CHECK_NO_PAGE "FC139"
#define FCGI_CHECK_NO_ANSWER "FC140"
#define FCGI_CHECK_MATCH_BRACKETS "FC150"
#define FCGI_CHECK_MATCH_DEAD "FC151"
#define FCGI_CHECK_NAME_TWICE "FC152"
#define FCGI_CHECK_SELF "FC153"
#define FCGI_CHECK_MATCH_ROLE "FC154"

struct fcgi_check {
    const char *id;
    enum fcgi_diag_severity severity;
    const char *title;   /* a few words: for a list of all checks */
    const char *explain; /* why it matters and how to fix it; may be several
                            sentences, no newline */
};

/* The table, in the order of the ids. */
const struct fcgi_check *fcgi_checks(size_t *count);

/* The entry of an id, in any case ("fc004"), or NULL. */
const struct fcgi_check *fcgi_check_find(const char *id);

/* Its severity; that of an error, if the table has no such id. */
enum fcgi_diag_severity fcgi_check_severity(const char *id);

/* fcgi_diag_add() with the severity that the table has for `id`. */
void fcgi_check_report(struct fcgi_diag_list *diags, const char *id,
                       const char *file, unsigned line, unsigned column,
                       unsigned length, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

#endif
