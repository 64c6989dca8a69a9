/* SPDX-License-Identifier: Apache-2.0
 *
 * An authorizer with libfcgi, for t/e2e/authorizer.t: who knows the password
 * gets the name as REMOTE_USER, others are asked for it.
 */
#include <string.h>

#include <fcgiapp.h>

static const char *param(const FCGX_Request *request, const char *name)
{
    const char *value = FCGX_GetParam(name, request->envp);

    return value != NULL ? value : "";
}

static void answer(FCGX_Request *request)
{
    if (strcmp(param(request, "FCGI_ROLE"), "AUTHORIZER") != 0)
        FCGX_PutS("Status: 500\r\n\r\nno Authorizer is wanted\n", request->out);
    else if (FCGX_GetChar(request->in) != -1)
        FCGX_PutS("Status: 500\r\n\r\nan Authorizer has no body\n",
                  request->out);
    else if (strcmp(param(request, "HTTP_AUTHORIZATION"),
                    "Basic YW5uOnNlY3JldA==") == 0) /* ann:secret */
        FCGX_PutS(
            "Status: 200\r\nVariable-REMOTE_USER: ann\r\n"
            "Variable-AUTH_METHOD: libfcgi\r\n\r\n",
            request->out);
    else
        FCGX_PutS(
            "Status: 401\r\nWWW-Authenticate: Basic realm=\"private\"\r\n"
            "Content-Type: text/plain\r\n\r\nwho are you?\n",
            request->out);
}

int main(void)
{
    FCGX_Request request;

    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        answer(&request);
        FCGX_Finish_r(&request);
    }
    return 0;
}
