/* SPDX-License-Identifier: Apache-2.0
 *
 * replay [FOLDER] - hands each fuzzer its corpus once, FOLDER/NAME/...: what
 * has been reached by fuzzing stays right. A test of the suite, with
 * t/fuzz/corpus; no libFuzzer is needed.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define SIZE_MOST (1 << 20)

#define EACH(macro)                                                    \
    macro(answer) macro(config) macro(http) macro(names) macro(origin) \
        macro(params) macro(request) macro(tree)
#define DECLARE(name) int fuzz_##name(const uint8_t *data, size_t size);
#define ROW(name) {#name, fuzz_##name},

EACH(DECLARE)

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} fuzzers[] = {EACH(ROW)};

#define COUNT (sizeof(fuzzers) / sizeof(fuzzers[0]))

static bool run_file(int (*run)(const uint8_t *data, size_t size),
                     const char *path)
{
    FILE *in = fopen(path, "rb");
    uint8_t *data = malloc(SIZE_MOST), *exact;
    size_t size;

    if (in == NULL || data == NULL)
        return false;
    size = fread(data, 1, SIZE_MOST, in);
    fclose(in);
    /* So that a sanitizer sees the end of it. */
    exact = malloc(size > 0 ? size : 1);
    check(exact != NULL);
    memcpy(exact, data, size);
    free(data);
    run(exact, size);
    free(exact);
    return true;
}

/* Returns how many inputs there are in a folder. */
static unsigned run_folder(int (*run)(const uint8_t *data, size_t size),
                           const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[8192];
    unsigned n = 0;

    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        n += run_file(run, path);
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    const char *top = getenv("TOP_SRCDIR");
    char folder[4096], path[4352];
    int bad = 0;

    snprintf(folder, sizeof(folder), "%s/t/fuzz/corpus",
             top != NULL ? top : ".");
    if (argc > 1)
        snprintf(folder, sizeof(folder), "%s", argv[1]);
    printf("1..%zu\n", COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        unsigned n;

        snprintf(path, sizeof(path), "%s/%s", folder, fuzzers[i].name);
        n = run_folder(fuzzers[i].run, path);
        printf("%s %zu - %s: %u inputs\n", n > 0 ? "ok" : "not ok", i + 1,
               fuzzers[i].name, n);
        fflush(stdout);
        bad += n == 0;
    }
    return bad > 0;
}
