# SPDX-License-Identifier: Apache-2.0


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    text = "path %s, query %s\n"
    return [(text % (environ["PATH_INFO"], environ["QUERY_STRING"])).encode()]
