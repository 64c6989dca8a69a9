/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole configurations that load, and files that cannot be read.
 */
#include "config/keys.h"
#include "test_config_util.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void loads_seed_form(void **state)
{
    struct fcgi_config *config =
        must_parse(TEXT("[FASTCGI_SERVER]\n"
                        "    ServerName     php5-fpm1\n"
                        "    ServerPath     /var/run/php5-fpm.sock\n"));

    (void)state;
    assert_string_equal(config->file, "f.conf");
    assert_int_equal(config->n_servers, 1);
    assert_string_equal(config->servers[0].name, "php5-fpm1");
    assert_int_equal(config->servers[0].line, 1);
    assert_int_equal(config->servers[0].endpoint.kind, FCGI_ENDPOINT_UNIX);
    assert_string_equal(config->servers[0].endpoint.path,
                        "/var/run/php5-fpm.sock");
    assert_int_equal(config->servers[0].connect_timeout, 5000);
    assert_int_equal(config->servers[0].send_timeout, 60000);
    assert_int_equal(config->servers[0].read_timeout, 60000);
    fcgi_config_free(config);
}

static void loads_several_servers(void **state)
{
    static const char text[] =
        "# comment\n"
        "\n"
        "[FASTCGI_SERVER]\n"
        "\tServerAddr [::1]:9000\n"
        "\t# comment\n"
        "\tServerName one\n"
        "\tREADTIMEOUT 250ms\n"
        "\tconnecttimeout 1\n"
        "\tSendTimeout\t 24h\n"
        "\n"
        "[fastcgi_server]   \n"
        "\tServerName One\n"
        "\t\n"
        "\tServerAddr app.example:65535  \n"
        "[FASTCGI_SERVER] # the last one\n"
        "\tServerPath   \t /a b\t c \n"
        "\tServerName \xc3\xbc";
    struct fcgi_config *config = must_parse(text, sizeof(text) - 1);
    const struct fcgi_server_config *servers = config->servers;

    (void)state;
    assert_int_equal(config->n_servers, 3);
    assert_string_equal(servers[0].name, "one");
    assert_int_equal(servers[0].line, 3);
    assert_int_equal(servers[0].endpoint.kind, FCGI_ENDPOINT_TCP);
    assert_string_equal(servers[0].endpoint.host, "::1");
    assert_int_equal(servers[0].endpoint.port, 9000);
    assert_int_equal(servers[0].connect_timeout, 1000);
    assert_int_equal(servers[0].send_timeout, 86400000);
    assert_int_equal(servers[0].read_timeout, 250);
    assert_string_equal(servers[1].name, "One");
    assert_int_equal(servers[1].line, 11);
    assert_string_equal(servers[1].endpoint.host, "app.example");
    assert_int_equal(servers[1].endpoint.port, 65535);
    assert_int_equal(servers[1].read_timeout, 60000);
    assert_string_equal(servers[2].name, "\xc3\xbc");
    assert_int_equal(servers[2].endpoint.kind, FCGI_ENDPOINT_UNIX);
    assert_string_equal(servers[2].endpoint.path, "/a b\t c");
    fcgi_config_free(config);
}

/* Nothing in a value has a meaning, for Monkey or for libconfuse. */
static void keeps_values_as_they_are(void **state)
{
    static const char *const values[] = {
        "/run/${HOME}.sock",
        "/$HOME",
        "/\"quoted\"",
        "/it's",
        "/back\\slash\\n",
        "/end\\",
        "/end\\'",
        "/end'",
        "/''\\\\''",
        "/{a}=(b),c+d",
        "/*/x/*/y",
        "//x",
        "/x#y",
        "/a = b",
        "/[x]",
        "/~user",
        "/%s%n%d",
        "/;,*",
        "/include('x')",
        "/\x80\xff",
    };
    struct fcgi_config *config;
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        int len = snprintf(text, sizeof(text),
                           HEADING
                           "    ServerName x%s\n"
                           "    ServerPath %s\n",
                           values[i], values[i]);

        config = must_parse(text, (size_t)len);
        assert_string_equal(config->servers[0].endpoint.path, values[i]);
        assert_string_equal(config->servers[0].name + 1, values[i]);
        fcgi_config_free(config);
    }
    for (int c = 1; c < 256; c++) {
        char value[] = {'/', (char)c, 'x', '\0'};
        int len;

        if (c < 0x20 || c == 0x7f)
            continue;
        len = snprintf(text, sizeof(text), HEADING NAME "    ServerPath %s\n",
                       value);
        config = must_parse(text, (size_t)len);
        assert_string_equal(config->servers[0].endpoint.path, value);
        fcgi_config_free(config);
    }
}

/* A directory for the files below, and its path with one more name. */
static char directory[] = "/tmp/fcgi-test-XXXXXX";

static const char *in_directory(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"fifo", "socket", "huge", "full",
                                        "good", "secret", "%s%n", "loop"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_directory(names[i]));
    return rmdir(directory);
}

/* Writes `count` times `text`. */
static const char *write_file(const char *name, const char *text, size_t count)
{
    const char *path = in_directory(name);
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    for (size_t i = 0; i < count; i++)
        assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    return path;
}

/* A file that gives one finding about itself and no configuration. */
static void check_refused(const char *path, const char *id, const char *message)
{
    struct fcgi_diag_list diags;
    char line[1024];

    fcgi_diag_list_init(&diags);
    assert_null(fcgi_config_load(path, &diags));
    assert_int_equal(diags.count, 1);
    assert_int_equal(diags.errors, 1);
    assert_string_equal(diags.items[0].file, path);
    assert_string_equal(diags.items[0].id, id);
    assert_int_equal(diags.items[0].line, 0);
    assert_non_null(strstr(diags.items[0].message, message));
    assert_non_null(strchr(diags.items[0].message, ';'));
    fcgi_diag_format(&diags.items[0], line, sizeof(line));
    assert_int_equal(strncmp(line, path, strlen(path)), 0);
    fcgi_diag_list_free(&diags);
}

static void refuses_what_is_no_file(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const char *path;

    (void)state;
    check_refused(directory, "FC031", "a directory");
    path = in_directory("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10); /* opening a FIFO waits for a writer, if done wrong */
    check_refused(path, "FC031", "a FIFO");
    alarm(0);
    path = in_directory("socket");
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    check_refused(path, "FC031", "a socket");
    close(fd);
    check_refused("/dev/null", "FC031", "a device");
}

static void refuses_what_cannot_be_opened(void **state)
{
    const char *path = in_directory("missing");

    (void)state;
    check_refused(path, "FC030", "No such file");
    check_refused("", "FC030", "No such file");
    check_refused("~/fastcgi.conf", "FC030", "No such file");
    check_refused(in_directory("%s%n"), "FC030", "No such file");
    path = in_directory("loop");
    assert_int_equal(symlink("loop", path), 0);
    check_refused(path, "FC030", "symbolic link");
    path = write_file("secret", HEADING NAME PATH, 1);
    check_refused(in_directory("secret/x"), "FC030", "Not a directory");
    path = in_directory("secret");
    assert_int_equal(chmod(path, 0), 0);
    if (geteuid() == 0) {
        /* root may read anything */
        assert_int_equal(chmod(directory, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
        check_refused(path, "FC030", "Permission denied");
        assert_int_equal(seteuid(0), 0);
    } else {
        check_refused(path, "FC030", "Permission denied");
    }
}

static void limits_the_size(void **state)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;
    /* 16 bytes each; the last 64 are for a server. */
    size_t lines = FCGI_CONFIG_FILE_MAX / 16;
    const char *path = write_file("huge", "#23456789ABCDEF\n", lines);

    (void)state;
    assert_int_equal(truncate(path, (off_t)FCGI_CONFIG_FILE_MAX + 1), 0);
    check_refused(path, "FC032", "32 MiB");
    path = write_file("full", HEADING NAME PATH, 1);
    assert_int_equal(truncate(path, 0), 0);
    path = write_file("full", "#23456789ABCDEF\n", lines - 4);
    {
        FILE *stream = fopen(path, "a");

        assert_non_null(stream);
        fputs(HEADING NAME PATH "#\n", stream); /* 63 of 64 bytes */
        fclose(stream);
    }
    fcgi_diag_list_init(&diags);
    config = fcgi_config_load(path, &diags);
    print_findings(&diags);
    assert_non_null(config);
    assert_int_equal(config->servers[0].line, lines - 3);
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
}

static void loads_installed_file(void **state)
{
    const char *top = getenv("TOP_SRCDIR");
    struct fcgi_diag_list diags;
    struct fcgi_config *config;
    char path[4096];

    (void)state;
    snprintf(path, sizeof(path), "%s/conf/fastcgi.conf", top ? top : ".");
    fcgi_diag_list_init(&diags);
    config = fcgi_config_load(path, &diags);
    print_findings(&diags);
    assert_int_equal(diags.count, 0);
    assert_non_null(config);
    assert_string_equal(config->file, path);
    assert_int_equal(config->n_servers, 1);
    assert_string_equal(config->servers[0].endpoint.path,
                        "/run/php/php-fpm.sock");
    fcgi_config_free(config);
}

/* [FASTCGI] holds for servers that say nothing else, wherever it stands. */
static void defaults_of_all_servers(void **state)
{
    static const char text[] =
        "[FASTCGI_SERVER]\n    ServerName a\n    ServerPath /a\n"
        "[FASTCGI]\n    ReadTimeout 7s\n    SendTimeout 8s\n"
        "[FASTCGI_SERVER]\n    ServerName b\n    ServerPath /b\n"
        "    SendTimeout 9s\n";
    struct fcgi_diag_list diags;
    struct fcgi_config *config;

    (void)state;
    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f.conf", TEXT(text), &diags);
    assert_non_null(config);
    assert_int_equal(diags.count, 0);
    assert_int_equal(config->n_servers, 2);
    assert_string_equal(config->servers[1].name, "b");
    assert_int_equal(config->servers[1].line, 7);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(config->servers[i].connect_timeout, 5000);
        assert_int_equal(config->servers[i].read_timeout, 7000);
        assert_int_equal(config->servers[i].send_timeout, i ? 9000 : 8000);
    }
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
}

/* The installed file documents every key, with the table's defaults. */
static void installed_file_has_all_keys(void **state)
{
    const char *top = getenv("TOP_SRCDIR");
    struct fcgi_diag_list diags;
    size_t n, len;
    const struct fcgi_section *section = fcgi_keys_sections(&n);
    char path[4096], line[128];
    char *text;

    (void)state;
    snprintf(path, sizeof(path), "%s/conf/fastcgi.conf", top ? top : ".");
    fcgi_diag_list_init(&diags);
    assert_int_equal(fcgi_config_read_file(path, &text, &len, &diags), 0);
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct fcgi_key *key = &section->keys[i];

        snprintf(line, sizeof(line), "%s %s\n", key->name, key->example);
        if (!strstr(text, line))
            fail_msg("%s lacks: %s", path, line);
    }
    free(text);
}

/* Findings of another file in the same list stay as they are. */
static void adds_to_a_list(void **state)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;

    (void)state;
    fcgi_diag_list_init(&diags);
    fcgi_diag_add(&diags, FCGI_DIAG_ERROR, "FC004", "other", 99, 1, 1, "x");
    config = fcgi_config_parse("f.conf", TEXT(HEADING NAME PATH), &diags);
    assert_non_null(config);
    fcgi_config_free(config);
    config = fcgi_config_parse("f.conf", TEXT(HEADING NAME), &diags);
    assert_null(config);
    assert_int_equal(diags.count, 2);
    assert_string_equal(diags.items[0].file, "other");
    assert_string_equal(diags.items[1].id, "FC009");
    fcgi_diag_list_free(&diags);
    fcgi_config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_seed_form),
        cmocka_unit_test(loads_several_servers),
        cmocka_unit_test(keeps_values_as_they_are),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(refuses_what_cannot_be_opened),
        cmocka_unit_test(limits_the_size),
        cmocka_unit_test(loads_installed_file),
        cmocka_unit_test(defaults_of_all_servers),
        cmocka_unit_test(installed_file_has_all_keys),
        cmocka_unit_test(adds_to_a_list),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
