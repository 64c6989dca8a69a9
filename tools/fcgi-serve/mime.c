/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of files by their extension: those of monkey.mime, and for the
 * extensions that it does not name the common ones below.
 *
 * A file of no known type is sent without any Content-Type: Monkey reads
 * DefaultMimeType but never puts it into an answer.
 */
#include "mime.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "log.h"
#include "mem.h"

struct type {
    char *extension;
    char *row;
    struct mk_mimetype told; /* to plugins */
};

static const char *const common[][2] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"atom", "application/atom+xml"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/x-debian-package"},
    {"doc", "application/msword"},
    {"docx",
     "application/vnd.openxmlformats-officedocument"
     ".wordprocessingml.document"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"exe", "application/octet-stream"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar"},
    {"iso", "application/octet-stream"},
    {"jar", "application/java-archive"},
    {"jpe", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/opus"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"ps", "application/postscript"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"svgz", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xml", "text/xml"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
};

static struct type *types;
static size_t count;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct type *)a)->extension,
                  ((const struct type *)b)->extension);
}

static struct type *lookup(const char *extension)
{
    struct type key = {.extension = serve_mem_dup(extension)};
    struct type *found = NULL;

    if (count > 0)
        found = bsearch(&key, types, count, sizeof(*types), compare);
    serve_mem_free(key.extension);
    return found;
}

/* The first type of an extension counts. */
static void add(const char *extension, const char *type)
{
    struct type *new;

    if (lookup(extension) != NULL)
        return;
    types = serve_mem_realloc(types, (count + 1) * sizeof(*types));
    new = &types[count++];
    new->extension = serve_mem_dup(extension);
    new->row = serve_mem_printf("Content-Type: %s\r\n", type);
    new->told = (struct mk_mimetype){.header = {new->row, strlen(new->row)}};
    for (char *c = new->extension; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    qsort(types, count, sizeof(*types), compare);
}

static int read_types(const char *file)
{
    const struct fcgi_tree_section *section;
    struct fcgi_tree tree;
    bool good = serve_conf_read(&tree, file);

    section = fcgi_tree_section(&tree, "MIMETYPES");
    if (good && section == NULL)
        serve_err("%s: there is no [MIMETYPES]", file);
    for (size_t i = 0; good && section && i < section->n_entries; i++)
        add(section->entries[i].key, section->entries[i].value);
    fcgi_tree_free(&tree);
    /* 1.8 does without. */
    return (good && section != NULL) || MK_ABI == 18 ? 0 : -1;
}

int serve_mime_read(const char *file)
{
    if (file != NULL && read_types(file) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        add(common[i][0], common[i][1]);
    return 0;
}

void serve_mime_free(void)
{
    for (size_t i = 0; i < count; i++) {
        serve_mem_free(types[i].extension);
        serve_mem_free(types[i].row);
    }
    serve_mem_free(types);
    types = NULL;
    count = 0;
}

void serve_mime_find(const char *path, struct mk_ptr *row)
{
    const char *dot = strrchr(path, '.');
    const struct type *type = NULL;

    if (dot != NULL && dot != path)
        type = lookup(dot + 1);
    if (type == NULL)
        return;
    row->data = type->row;
    row->len = strlen(type->row);
}

struct mk_mimetype *serve_mime_lookup(const char *extension)
{
    struct type *type = lookup(extension);

    return type != NULL ? &type->told : NULL;
}
