/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rules of a virtual host make of a path: who has to let a request for
 * it pass, and who answers. Monkey goes by the first rule that matches; a rule
 * of ours that names nobody to answer, but authorizers, leaves that to the
 * rules behind it. Where none of them matches, the file is sent that Monkey
 * would send. Any thread.
 */
#ifndef FCGI_MONKEY_WAY_H
#define FCGI_MONKEY_WAY_H

#include "gateway/path.h"
#include "monkey/rules.h"

#define fcgi_monkey_way_find FCGI_MONKEY_NAME(way_find)
#define fcgi_monkey_way_split FCGI_MONKEY_NAME(way_split)

struct fcgi_monkey_way {
    /* The words of the rule that names who answers; those of the first rule of
     * ours where none does. */
    const struct mk_list *params;
    struct fcgi_authorizers authorizers; /* their arguments are words */
    bool others;  /* another plugin's rule stands in front, and may decline */
    bool is_file; /* nobody answers: the file is sent */
    const char *why; /* static: the rules cannot be followed; or NULL */
};

/*
 * Finds the way of a decoded path. `from`: the words of the rule that the core
 * has chosen, NULL for the first that matches. False where the request is not
 * ours.
 */
bool fcgi_monkey_way_find(struct fcgi_monkey_way *way,
                          const struct mk_host *vhost,
                          const struct mk_list *from, struct fcgi_text path);

/*
 * Tells the script out of the path of a request; `path`, `document_root`,
 * `script_filename`, `follow_links` and, where there is a front controller,
 * `has_index` are there already. The request points to `way` and `rules`, which
 * are those of the way, from now on. HOST means: without an authorizer.
 */
void fcgi_monkey_way_split(const struct fcgi_monkey_way *way,
                           const struct fcgi_monkey_rules *rules,
                           const struct fcgi_server *server,
                           struct fcgi_http_request *request,
                           struct fcgi_script *script);

#endif
