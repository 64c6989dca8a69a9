/* SPDX-License-Identifier: Apache-2.0
 *
 * Inclusion of regular expressions, by automata.
 *
 * An expression becomes a nondeterministic automaton (Thompson's). What it
 * finds is unanchored, so its start is added after every byte, and once it has
 * found something nothing can undo that. Both automata then run side by side
 * over all texts, sets of states being determined as they come up: if the
 * narrow one ever accepts where the wide one does not, that text is the proof
 * that it is not included.
 */
#include "regex.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define NODES_MAX 512
#define PAIRS_MAX 2000 /* of sets of states */
#define DEPTH_MAX 40   /* of groups */
#define REPEAT_MAX 255

enum node_kind { BYTES, BEGIN, END, SPLIT, JOIN, FOUND };

struct node {
    enum node_kind kind;
    uint64_t bytes[4]; /* BYTES: which */
    int next, other;   /* -1: not yet connected; `other`: SPLIT alone */
};

struct machine {
    struct node nodes[NODES_MAX];
    int n;
    int start;
    const char *at; /* what is to be read yet */
    bool failed;
    bool cased; /* upper and lower case are different */
    int depth;
};

/* A part of the automaton with one way in and one out. */
struct part {
    int in, out;
};

static struct part read_choice(struct machine *m);

static struct part add(struct machine *m, enum node_kind kind)
{
    if (m->n == NODES_MAX) {
        m->failed = true;
        m->n = 0; /* what comes of it is not used */
    }
    m->nodes[m->n] = (struct node){.kind = kind, .next = -1, .other = -1};
    return (struct part){m->n, m->n++};
}

static void set_byte(uint64_t bytes[static 4], int c)
{
    bytes[c / 64] |= (uint64_t)1 << (c % 64);
}

static bool has_byte(const uint64_t bytes[static 4], int c)
{
    return bytes[c / 64] >> (c % 64) & 1;
}

static void set_both_cases(const struct machine *m, uint64_t bytes[static 4],
                           int c)
{
    bool both = c < 128 && !m->cased;

    set_byte(bytes, c);
    set_byte(bytes, both ? tolower(c) : c);
    set_byte(bytes, both ? toupper(c) : c);
}

static struct part read_byte(struct machine *m, int c)
{
    struct part part = add(m, BYTES);

    set_both_cases(m, m->nodes[part.in].bytes, c);
    return part;
}

/* [:alpha:] and the like; `at` is behind its "[:". */
static bool read_class(struct machine *m, uint64_t bytes[static 4])
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {
        {"alpha", isalpha}, {"digit", isdigit},   {"alnum", isalnum},
        {"upper", isalpha}, {"lower", isalpha},   {"space", isspace},
        {"punct", ispunct}, {"print", isprint},   {"graph", isgraph},
        {"cntrl", iscntrl}, {"xdigit", isxdigit}, {"blank", isblank},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t len = strlen(classes[i].name);

        if (strncmp(m->at, classes[i].name, len) == 0 &&
            strncmp(m->at + len, ":]", 2) == 0) {
            for (int c = 1; c < 128; c++)
                if (classes[i].is(c))
                    set_both_cases(m, bytes, c);
            m->at += len + 2;
            return true;
        }
    }
    return false;
}

/* One byte of a bracket expression, or the start of a range. */
static int bracket_byte(struct machine *m)
{
    unsigned char c = (unsigned char)*m->at;

    if (c == '\0' ||
        (c == '[' && m->at[1] && strchr(".=:", m->at[1]) != NULL)) {
        m->failed = true;
        return 0;
    }
    m->at++;
    return c;
}

/* `at` is behind the '['. */
static struct part read_bracket(struct machine *m)
{
    struct part part = add(m, BYTES);
    uint64_t *bytes = m->nodes[part.in].bytes;
    bool not = *m->at == '^';
    bool first = true;

    m->at += not ? 1 : 0;
    while (!m->failed && (first || *m->at != ']')) {
        int low, high;

        first = false;
        if (strncmp(m->at, "[:", 2) == 0) {
            m->at += 2;
            m->failed = !read_class(m, bytes);
            continue;
        }
        low = high = bracket_byte(m);
        if (m->at[0] == '-' && m->at[1] != ']' && !m->failed) {
            m->at++;
            high = bracket_byte(m);
        }
        for (int c = low; c <= high; c++)
            set_both_cases(m, bytes, c);
    }
    if (!m->failed)
        m->at++;
    for (int i = 0; not &&i < 4; i++)
        bytes[i] = ~bytes[i];
    return part;
}

static struct part read_atom(struct machine *m)
{
    struct part part = {0, 0};
    unsigned char c = (unsigned char)*m->at++;

    switch (c) {
    case '.':
        part = add(m, BYTES);
        memset(m->nodes[part.in].bytes, 0xff, sizeof(m->nodes[0].bytes));
        return part;
    case '^':
        return add(m, BEGIN);
    case '$':
        return add(m, END);
    case '[':
        return read_bracket(m);
    case '(':
        if (++m->depth > DEPTH_MAX || *m->at == ')') {
            m->failed = true;
            return add(m, JOIN);
        }
        part = read_choice(m);
        m->depth--;
        if (*m->at++ != ')')
            m->failed = true;
        return part;
    case '\\':
        c = (unsigned char)*m->at++;
        /* With others the C library has ideas of its own. */
        if (c == '\0' || c >= 128 || !ispunct(c) || strchr("<>`'", c)) {
            m->failed = true;
            return add(m, JOIN);
        }
        return read_byte(m, c);
    case '*':
    case '+':
    case '?':
    case '{':
        m->failed = true; /* what they mean here is for nobody to rely on */
        return add(m, JOIN);
    default:
        return read_byte(m, c);
    }
}

/* The part, or nothing (`least` 0); then again if it may be `endless`. */
static struct part repeat(struct machine *m, struct part part, bool skip,
                          bool endless)
{
    struct part in = add(m, skip ? SPLIT : JOIN);
    struct part out = add(m, endless ? SPLIT : JOIN);
    struct part end = add(m, JOIN);

    m->nodes[in.in].next = part.in;
    m->nodes[part.out].next = out.in;
    m->nodes[out.in].next = end.in;
    if (skip)
        m->nodes[in.in].other = end.in;
    if (endless)
        m->nodes[out.in].other = part.in;
    return (struct part){in.in, end.in};
}

static int read_number(struct machine *m)
{
    int n = 0;

    if (!isdigit((unsigned char)*m->at))
        return -1;
    while (isdigit((unsigned char)*m->at) && n <= REPEAT_MAX)
        n = n * 10 + (*m->at++ - '0');
    return n;
}

static struct part sequence(struct machine *m, struct part a, struct part b)
{
    m->nodes[a.out].next = b.in;
    return (struct part){a.in, b.out};
}

/* {m}, {m,} or {m,n} behind an atom that begins at `atom`: it is read again
 * for each time. */
static struct part read_interval(struct machine *m, const char *atom)
{
    struct part all = add(m, JOIN);
    const char *end;
    int least, most;

    m->at++;
    least = most = read_number(m);
    if (*m->at == ',') {
        m->at++;
        most = read_number(m);
    } else if (least < 0) {
        m->failed = true;
    }
    least = least < 0 ? 0 : least;
    if (*m->at != '}' || least > REPEAT_MAX || most > REPEAT_MAX ||
        (most >= 0 && most < least)) {
        m->failed = true;
        return all;
    }
    end = m->at + 1;
    for (int i = 0; i < (most < 0 ? least + 1 : most) && !m->failed; i++) {
        struct part part;

        m->at = atom;
        part = read_atom(m);
        if (i >= least)
            part = repeat(m, part, true, most < 0);
        all = sequence(m, all, part);
    }
    m->at = end;
    return all;
}

static struct part read_piece(struct machine *m)
{
    const char *atom = m->at;
    struct part part = read_atom(m);
    bool repeated = false;

    while (!m->failed && *m->at && strchr("*+?{", *m->at)) {
        const char c = *m->at;

        if (c != '{') {
            m->at++;
            part = repeat(m, part, c != '+', c != '?');
        } else if (repeated) {
            m->failed = true; /* an interval of repetitions: nobody's need */
        } else {
            part = read_interval(m, atom);
        }
        repeated = true;
    }
    return part;
}

static struct part read_branch(struct machine *m)
{
    struct part all = add(m, JOIN);

    while (!m->failed && *m->at && *m->at != '|' &&
           (*m->at != ')' || m->depth == 0))
        all = sequence(m, all, read_piece(m));
    return all;
}

static struct part read_choice(struct machine *m)
{
    struct part all = read_branch(m);

    while (!m->failed && *m->at == '|') {
        struct part split = add(m, SPLIT);
        struct part join = add(m, JOIN);
        struct part branch;

        m->at++;
        branch = read_branch(m);
        m->nodes[split.in].next = all.in;
        m->nodes[split.in].other = branch.in;
        m->nodes[all.out].next = join.in;
        m->nodes[branch.out].next = join.in;
        all = (struct part){split.in, join.in};
    }
    return all;
}

static bool compile(struct machine *m, const char *text)
{
    struct part all, found;

    m->n = 0;
    m->failed = false;
    m->depth = 0;
    m->at = text;
    all = read_choice(m);
    found = add(m, FOUND);
    all = sequence(m, all, found);
    m->start = all.in;
    return !m->failed && *m->at == '\0';
}

/* A set of states; `found` is never undone, and then the states do not
 * matter. */
struct set {
    uint64_t in[NODES_MAX / 64];
    bool found;
};

static void enter(const struct machine *m, struct set *set, int node,
                  bool begin, bool end)
{
    int stack[NODES_MAX * 2];
    int depth = 0;

    stack[depth++] = node;
    while (depth) {
        const struct node *at;
        int n = stack[--depth];

        if (n < 0 || set->in[n / 64] >> (n % 64) & 1)
            continue;
        set->in[n / 64] |= (uint64_t)1 << (n % 64);
        at = &m->nodes[n];
        switch (at->kind) {
        case FOUND:
            set->found = true;
            break;
        case SPLIT:
            stack[depth++] = at->other;
            stack[depth++] = at->next;
            break;
        case JOIN:
            stack[depth++] = at->next;
            break;
        case BEGIN:
            if (begin)
                stack[depth++] = at->next;
            break;
        case END:
            if (end)
                stack[depth++] = at->next;
            break;
        case BYTES:
            break;
        }
    }
}

static void normalize(struct set *set)
{
    if (set->found)
        memset(set->in, 0, sizeof(set->in));
}

static struct set step(const struct machine *m, const struct set *from, int c)
{
    struct set to = {.found = from->found};

    for (int i = 0; i < m->n && !to.found; i++)
        if (from->in[i / 64] >> (i % 64) & 1 && m->nodes[i].kind == BYTES &&
            has_byte(m->nodes[i].bytes, c))
            enter(m, &to, m->nodes[i].next, false, false);
    enter(m, &to, m->start, false, false);
    normalize(&to);
    return to;
}

/* Whether it accepts if the text ends here: a '$' may be passed now. */
static bool accepts(const struct machine *m, const struct set *set)
{
    struct set end = {.found = set->found};

    for (int i = 0; i < m->n && !end.found; i++)
        if (set->in[i / 64] >> (i % 64) & 1 && m->nodes[i].kind == END)
            enter(m, &end, i, false, true);
    return end.found;
}

struct pair {
    struct set wide, narrow;
};

/* What both have to do with one another, for one call. */
struct search {
    struct machine wide, narrow;
    struct pair pairs[PAIRS_MAX];
    size_t n;
};

/* Adds a pair if it is new. False where there are too many. */
static bool visit(struct search *s, const struct pair *pair)
{
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(&s->pairs[i].wide.in, &pair->wide.in,
                   sizeof(pair->wide.in)) == 0 &&
            memcmp(&s->pairs[i].narrow.in, &pair->narrow.in,
                   sizeof(pair->narrow.in)) == 0 &&
            s->pairs[i].wide.found == pair->wide.found &&
            s->pairs[i].narrow.found == pair->narrow.found)
            return true;
    if (s->n == PAIRS_MAX)
        return false;
    s->pairs[s->n++] = *pair;
    return true;
}

/* Bytes that no expression tells apart need to be tried once. */
static size_t representatives(const struct search *s, int out[static 256])
{
    const struct machine *machines[2] = {&s->wide, &s->narrow};
    uint64_t hashes[256] = {0};
    size_t n = 0;

    for (int c = 1; c < 256; c++) {
        uint64_t hash = 1469598103934665603U;
        bool known = false;

        for (int k = 0; k < 2; k++) {
            for (int i = 0; i < machines[k]->n; i++) {
                if (machines[k]->nodes[i].kind == BYTES) {
                    hash ^= has_byte(machines[k]->nodes[i].bytes, c) ? 2U : 1U;
                    hash *= 1099511628211U;
                }
            }
        }
        for (size_t i = 0; i < n && !known; i++)
            known = hashes[i] == hash;
        if (!known) {
            hashes[n] = hash;
            out[n++] = c;
        }
    }
    return n;
}

static bool is_included(const char *wide, const char *narrow, bool cased)
{
    static struct search s; /* large; the tool has one thread */
    struct pair pair = {0};
    int bytes[256];
    size_t n_bytes;

    if ((cased ? strcmp : strcasecmp)(wide, narrow) == 0)
        return true;
    s.wide.cased = s.narrow.cased = cased;
    if (!compile(&s.wide, wide) || !compile(&s.narrow, narrow))
        return false;
    n_bytes = representatives(&s, bytes);
    s.n = 0;
    enter(&s.wide, &pair.wide, s.wide.start, true, false);
    enter(&s.narrow, &pair.narrow, s.narrow.start, true, false);
    normalize(&pair.wide);
    normalize(&pair.narrow);
    pair.wide = step(&s.wide, &pair.wide, '/');
    pair.narrow = step(&s.narrow, &pair.narrow, '/');
    visit(&s, &pair);
    for (size_t i = 0; i < s.n; i++) {
        const struct pair *at = &s.pairs[i];

        if (at->wide.found)
            continue;
        if (accepts(&s.narrow, &at->narrow) && !accepts(&s.wide, &at->wide))
            return false;
        for (size_t k = 0; k < n_bytes; k++) {
            struct pair next = {step(&s.wide, &at->wide, bytes[k]),
                                step(&s.narrow, &at->narrow, bytes[k])};

            if (!visit(&s, &next))
                return false;
        }
    }
    return true;
}

bool check_regex_includes(const char *wide, const char *narrow)
{
    return is_included(wide, narrow, false);
}

bool check_regex_includes_cased(const char *wide, const char *narrow)
{
    return is_included(wide, narrow, true);
}
