/* SPDX-License-Identifier: Apache-2.0
 *
 * A FastCGI application as people write them with libfcgi: one process, one
 * request after another, started by spawn-fcgi or with a path to listen on.
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    FCGX_Request request;
    int fd = 0;

    if (FCGX_Init() != 0)
        return 1;
    if (argc > 1)
        fd = FCGX_OpenSocket(argv[1], 5);
    if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0)
        return 1;
    while (FCGX_Accept_r(&request) >= 0) {
        const char *name = FCGX_GetParam("SCRIPT_NAME", request.envp);
        const char *status = FCGX_GetParam("APP_STATUS", request.envp);
        char buf[4096];
        int n;

        FCGX_FPrintF(request.out, "Content-Type: text/plain\r\n\r\n");
        FCGX_FPrintF(request.out, "libfcgi %s\n", name != NULL ? name : "-");
        while ((n = FCGX_GetStr(buf, sizeof(buf), request.in)) > 0)
            FCGX_PutStr(buf, n, request.out);
        if (name != NULL && strcmp(name, "/err") == 0)
            FCGX_FPrintF(request.err, "word from libfcgi\n");
        /* libfcgi keeps it from request to request. */
        FCGX_SetExitStatus(status != NULL ? atoi(status) : 0, request.out);
        FCGX_Finish_r(&request);
    }
    return 0;
}
