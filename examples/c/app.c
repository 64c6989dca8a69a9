/* SPDX-License-Identifier: Apache-2.0 */
#include <fcgiapp.h>

int main(void)
{
    FCGX_Stream *in;
    FCGX_Stream *out;
    FCGX_Stream *err;
    FCGX_ParamArray env;

    while (FCGX_Accept(&in, &out, &err, &env) == 0) {
        const char *path = FCGX_GetParam("PATH_INFO", env);
        const char *query = FCGX_GetParam("QUERY_STRING", env);

        FCGX_FPrintF(out, "Content-Type: text/plain\r\n\r\n");
        FCGX_FPrintF(out, "path %s, query %s\n", path ? path : "",
                     query ? query : "");
    }
    return 0;
}
