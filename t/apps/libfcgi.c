/* SPDX-License-Identifier: Apache-2.0
 *
 * An application in C, with libfcgi, for t/e2e/apps.t: see there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

/* The body's size and a checksum (FNV-1a), for want of MD5. */
static void sum(FCGX_Request *request)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t length = 0;
    char text[64];
    int c;

    while ((c = FCGX_GetChar(request->in)) >= 0) {
        hash = (hash ^ (uint64_t)c) * 0x100000001b3u;
        length++;
    }
    snprintf(text, sizeof(text), "%zu %" PRIx64 "\n", length, hash);
    FCGX_PutS(text, request->out);
}

static void answer(FCGX_Request *request, unsigned served)
{
    const char *at = FCGX_GetParam("PATH_INFO", request->envp);

    at = at != NULL ? at : "";
    if (strcmp(at, "/moved") == 0) {
        FCGX_PutS("Location: http://h.test/there\r\n\r\n", request->out);
        return;
    }
    FCGX_FPrintF(request->out, "Content-Type: text/plain\r\nX-Served: %u\r\n",
                 served);
    if (strcmp(at, "/env") == 0) {
        FCGX_PutS("\r\n", request->out);
        for (char **env = request->envp; *env != NULL; env++)
            FCGX_FPrintF(request->out, "%s\n", *env);
    } else if (strcmp(at, "/md5") == 0) {
        FCGX_PutS("\r\n", request->out);
        sum(request);
    } else if (strcmp(at, "/cookies") == 0) {
        FCGX_PutS(
            "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\n"
            "cookies\n",
            request->out);
    } else if (strcmp(at, "/big") == 0) {
        FCGX_PutS("\r\n", request->out);
        for (int i = 0; i < 1000000; i++)
            FCGX_PutChar('x', request->out);
    } else if (strcmp(at, "/stderr") == 0) {
        FCGX_PutS("a word from the program\n", request->err);
        FCGX_PutS("\r\nsaid\n", request->out);
    } else {
        FCGX_FPrintF(request->out,
                     "Status: 404 Not Here\r\n\r\n"
                     "nothing at <%s>\n",
                     at);
    }
}

int main(void)
{
    unsigned served = 0;
    FCGX_Request request;

    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        answer(&request, ++served);
        FCGX_Finish_r(&request);
    }
    return 0;
}
