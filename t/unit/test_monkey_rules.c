/* SPDX-License-Identifier: Apache-2.0
 *
 * Which virtual host and which rule a request is for, and which files a rule
 * means; with rules as Monkey 1.6 has them.
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monkey/way.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 4

static struct fcgi_text text_of(const char *text)
{
    return (struct fcgi_text){text, strlen(text)};
}

static void list_init(struct mk_list *list)
{
    list->next = list->prev = list;
}

static void list_add(struct mk_list *list, struct mk_list *node)
{
    node->next = list;
    node->prev = list->prev;
    list->prev->next = node;
    list->prev = node;
}

/* A virtual host with names and rules. */
struct site {
    struct mk_host vhost;
    struct mk_host_alias names[MOST];
    struct mk_host_handler rules[MOST];
    struct mk_handler_param words[MOST][2];
    char text[MOST][16];
};

struct rule {
    const char *match, *plugin, *word;
};

/* The words of a rule, as the core has them. */
static void add_words(struct site *site, size_t i, const char *words)
{
    char *text = site->text[i], *rest = NULL;
    struct mk_handler_param *param = site->words[i];

    assert_true(strlen(words) < sizeof(site->text[i]));
    strcpy(text, words);
    for (char *word = strtok_r(text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest), param++) {
        param->p = (struct mk_ptr){word, strlen(word)};
        list_add(&site->rules[i].params, &param->head);
    }
}

static void make_site(struct site *site, const char *const *names,
                      const struct rule *rules)
{
    memset(site, 0, sizeof(*site));
    list_init(&site->vhost.server_names);
    list_init(&site->vhost.handlers);
    for (size_t i = 0; i < MOST && names != NULL && names[i] != NULL; i++) {
        site->names[i].name = (char *)(uintptr_t)names[i];
        site->names[i].len = (unsigned)strlen(names[i]);
        list_add(&site->vhost.server_names, &site->names[i].head);
    }
    for (size_t i = 0; i < MOST && rules != NULL && rules[i].match != NULL;
         i++) {
        struct mk_host_handler *rule = &site->rules[i];

        assert_int_equal(regcomp(&rule->match, rules[i].match,
                                 REG_EXTENDED | REG_ICASE | REG_NOSUB),
                         0);
        rule->name = (char *)(uintptr_t)rules[i].plugin;
        list_init(&rule->params);
        if (rules[i].word != NULL)
            add_words(site, i, rules[i].word);
        list_add(&site->vhost.handlers, &rule->head);
    }
}

static void free_site(struct site *site)
{
    for (size_t i = 0; i < MOST; i++)
        if (site->rules[i].name != NULL)
            regfree(&site->rules[i].match);
}

static void test_hosts(void **state)
{
    static const char *const first[] = {"first.test", "localhost", NULL};
    static const char *const second[] = {"B.test", "www.b.test", NULL};
    static const struct {
        const char *host;
        int site;
        const char *alias;
    } rows[] = {
        {"first.test", 0, "first.test"}, {"localhost", 0, "localhost"},
        {"LOCALHOST", 0, "localhost"},   {"b.test", 1, "B.test"},
        {"B.TEST", 1, "B.test"},         {"www.B.test", 1, "www.b.test"},
        {"xb.test", 0, "first.test"},    {"b.tes", 0, "first.test"},
        {"b.testx", 0, "first.test"},    {"", 0, "first.test"},
    };
    static struct site sites[2];
    static struct mk_config config;
    const struct mk_host_alias *alias;

    (void)state;
    list_init(&config.hosts);
    assert_null(fcgi_monkey16_rules_host(&config, text_of("a"), &alias));
    make_site(&sites[0], first, NULL);
    make_site(&sites[1], second, NULL);
    list_add(&config.hosts, &sites[0].vhost.head);
    list_add(&config.hosts, &sites[1].vhost.head);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_ptr_equal(
            fcgi_monkey16_rules_host(&config, text_of(rows[i].host), &alias),
            &sites[rows[i].site].vhost);
        assert_string_equal(alias->name, rows[i].alias);
    }
}

static void test_find(void **state)
{
    static const struct {
        struct rule rules[MOST];
        const char *path;
        int found; /* the rule's place; -1: none of ours */
        bool others;
    } rows[] = {
        {{{"/.*\\.php", "fastcgi", NULL}}, "/x.php", 0, false},
        {{{"/.*\\.php", "fastcgi", NULL}}, "/X.PHP", 0, false},
        {{{"/.*\\.php", "fastcgi", NULL}}, "/x.txt", -1, false},
        {{{"/.*\\.php", "cgi", NULL}}, "/x.php", -1, true},
        /* The first that matches is taken. */
        {{{"/a/.*", "fastcgi", "a"}, {"/.*", "fastcgi", "b"}},
         "/a/x",
         0,
         false},
        {{{"/a/.*", "fastcgi", "a"}, {"/.*", "fastcgi", "b"}},
         "/b/x",
         1,
         false},
        /* Another plugin in front may leave it to us, and has to be asked. */
        {{{"/.*", "auth", NULL}, {"/.*\\.php", "fastcgi", NULL}},
         "/x.php",
         1,
         true},
        {{{"/s/.*", "auth", NULL}, {"/.*\\.php", "fastcgi", NULL}},
         "/x.php",
         1,
         false},
        {{{"/.*\\.php", "fastcgi", NULL}, {"/.*", "auth", NULL}},
         "/x.php",
         0,
         false},
        {{{NULL, NULL, NULL}}, "/x.php", -1, false},
    };
    static struct site site;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fcgi_monkey_way way;

        make_site(&site, NULL, rows[i].rules);
        assert_int_equal(fcgi_monkey16_way_find(&way, &site.vhost, NULL,
                                                text_of(rows[i].path)),
                         rows[i].found >= 0);
        if (rows[i].found >= 0) {
            assert_ptr_equal(way.params, &site.rules[rows[i].found].params);
            assert_false(way.is_file);
            assert_int_equal(way.authorizers.count, 0);
        }
        assert_int_equal(way.others, rows[i].others);
        free_site(&site);
    }
}

/* Rules with authorizers: `asked` are the places of those that are followed. */
static void test_authorizers(void **state)
{
    static const struct {
        struct rule rules[MOST];
        const char *path, *asked;
        int answers; /* the rule that names who answers; -1: a file is sent */
        const char *why;
    } rows[] = {
        {{{"/.*", "fastcgi", "a!"}}, "/x", "0", -1, NULL},
        {{{"/.*", "fastcgi", "a! php"}}, "/x", "0", 0, NULL},
        {{{"/.*", "fastcgi", "php a!"}}, "/x", "0", 0, NULL},
        {{{"/p/.*", "fastcgi", "a!"}, {"/.*", "fastcgi", "php"}},
         "/p/x",
         "0",
         1,
         NULL},
        {{{"/p/.*", "fastcgi", "a!"}, {"/.*", "fastcgi", NULL}},
         "/p/x",
         "0",
         1,
         NULL},
        {{{"/p/.*", "fastcgi", "a!"}, {"/.*", "fastcgi", "php"}},
         "/x",
         "",
         1,
         NULL},
        {{{"/.*", "fastcgi", "a!"}, {"/p/.*", "fastcgi", "b! php"}},
         "/p/x",
         "01",
         1,
         NULL},
        {{{"/.*", "fastcgi", "a!"}, {"/s", "fastcgi", "=status"}},
         "/s",
         "0",
         1,
         NULL},
        /* Who answers ends it: nobody is asked behind. */
        {{{"/.*", "fastcgi", "php"}, {"/.*", "fastcgi", "a!"}},
         "/x",
         "",
         0,
         NULL},
        /* Another plugin behind an authorizer cannot be asked. */
        {{{"/.*", "fastcgi", "a!"}, {"/.*", "auth", NULL}},
         "/x",
         "0",
         -1,
         "another plugin's"},
        {{{"/.*", "fastcgi", "a!"}, {"/y", "cgi", NULL}}, "/x", "0", -1, NULL},
        {{{"/.*", "fastcgi", "a! php"}, {"/.*", "auth", NULL}},
         "/x",
         "0",
         0,
         NULL},
    };
    static struct site site;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fcgi_monkey_way way;
        size_t n = strlen(rows[i].asked);

        make_site(&site, NULL, rows[i].rules);
        assert_true(fcgi_monkey16_way_find(&way, &site.vhost, NULL,
                                           text_of(rows[i].path)));
        assert_int_equal(way.authorizers.count, n);
        for (size_t k = 0; k < n; k++)
            assert_ptr_equal(way.authorizers.args[k],
                             &site.rules[rows[i].asked[k] - '0'].params);
        assert_int_equal(way.is_file, rows[i].answers < 0);
        assert_ptr_equal(
            way.params,
            &site.rules[rows[i].answers < 0 ? 0 : rows[i].answers].params);
        if (rows[i].why != NULL)
            assert_non_null(strstr(way.why, rows[i].why));
        else
            assert_null(way.why);
        free_site(&site);
    }
}

/* What the core has chosen is followed, whatever the path. */
static void test_chosen(void **state)
{
    static const struct rule rules[MOST] = {{"/a", "fastcgi", "a!"},
                                            {"/b", "fastcgi", "php"}};
    static struct site site;
    struct fcgi_monkey_way way;

    (void)state;
    make_site(&site, NULL, rules);
    assert_true(fcgi_monkey16_way_find(&way, &site.vhost, &site.rules[0].params,
                                       text_of("/other")));
    assert_int_equal(way.authorizers.count, 1);
    assert_true(way.is_file);
    assert_true(fcgi_monkey16_way_find(&way, &site.vhost, &site.rules[1].params,
                                       text_of("/a")));
    assert_int_equal(way.authorizers.count, 0);
    free_site(&site);
}

/* More than can be followed are none that are passed over. */
static void test_too_many(void **state)
{
    static struct mk_host_handler rules[FCGI_AUTHORIZERS_MAX + 1];
    static struct mk_handler_param word;
    static char name[] = "a!";
    struct fcgi_monkey_way way;
    struct mk_host vhost;

    (void)state;
    memset(&vhost, 0, sizeof(vhost));
    list_init(&vhost.handlers);
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct mk_handler_param *one = calloc(1, sizeof(word));

        assert_int_equal(regcomp(&rules[i].match, "/", REG_EXTENDED), 0);
        rules[i].name = (char *)(uintptr_t) "fastcgi";
        one->p = (struct mk_ptr){name, 2};
        list_init(&rules[i].params);
        list_add(&rules[i].params, &one->head);
        list_add(&vhost.handlers, &rules[i].head);
    }
    assert_true(fcgi_monkey16_way_find(&way, &vhost, NULL, text_of("/x")));
    assert_non_null(way.why);
    for (size_t i = 0; i < COUNT(rules); i++) {
        free(MK_ENTRY(rules[i].params.next, struct mk_handler_param, head));
        regfree(&rules[i].match);
    }
}

/* Whether a rule means the file, and not only a part of its path. */
static void test_is_script(void **state)
{
    static const struct {
        const char *match, *path;
        bool want;
    } rows[] = {
        {"/.*\\.php", "/x.php", true},
        {"/.*\\.php", "/a.b/x.php", true},
        {"/.*\\.php", "/x.tar.php", true},
        {"/.*\\.php", "/x.php.txt", false},
        {"/.*\\.php", "/x.php_.jpg", false},
        {"/.*\\.php", "/x.php1.jpg", false},
        {"/.*\\.php", "/x.php/picture.jpg", false},
        {"/.*\\.php", "/x.php_b/picture.jpg", false},
        {"/.*\\.php", "/x.php/y.php", true},
        {"/.*\\.php(/.*)?$", "/x.php", true},
        {"/.*\\.php(/.*)?$", "/x.php/picture.jpg", false},
        {"/.*\\.php(/.*)?$", "/x.php/y.php", true},
        {"/.*\\.php$", "/x.php", true},
        {"/.*\\.php$", "/x.txt", false},
        {"/.*", "/picture.jpg", true},
        {"/.*", "/x.php_b/picture.jpg", true},
        {"/app", "/app/page.php", true},
        {"/app", "/application.php", false},
        {"/app/.*", "/app/v1.0/page.php", true},
        {"/cgi-bin/", "/cgi-bin/v1.0/tool", true},
    };
    static struct site site;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule rules[MOST] = {{rows[i].match, "fastcgi", NULL}};
        struct fcgi_monkey_rules all;

        make_site(&site, NULL, rules);
        all = (struct fcgi_monkey_rules){&site.vhost, &site.rules[0].params};
        if (fcgi_monkey16_rules_is_script(&all, rows[i].path,
                                          strlen(rows[i].path)) != rows[i].want)
            fail_msg("%s: %s", rows[i].match, rows[i].path);
        free_site(&site);
    }
}

/* Rules with the same words are asked together, others are not. */
static void test_words(void **state)
{
    static const struct rule rules[MOST] = {
        {"/.*\\.php$", "fastcgi", "a"},
        {"/.*\\.pl$", "fastcgi", "a"},
        {"/.*\\.py$", "fastcgi", "b"},
        {"/.*\\.rb$", "cgi", "a"},
    };
    static struct site site;
    struct fcgi_monkey_rules all;

    (void)state;
    make_site(&site, NULL, rules);
    all = (struct fcgi_monkey_rules){&site.vhost, &site.rules[0].params};
    assert_true(fcgi_monkey16_rules_is_script(&all, "/x.php", 6));
    assert_true(fcgi_monkey16_rules_is_script(&all, "/x.pl", 5));
    assert_false(fcgi_monkey16_rules_is_script(&all, "/x.py", 5));
    assert_false(fcgi_monkey16_rules_is_script(&all, "/x.rb", 5));
    free_site(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),       cmocka_unit_test(test_find),
        cmocka_unit_test(test_authorizers), cmocka_unit_test(test_chosen),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_is_script),
        cmocka_unit_test(test_words),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("monkey/rules", tests, NULL, NULL);
}
