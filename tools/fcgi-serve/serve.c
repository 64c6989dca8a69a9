/* SPDX-License-Identifier: Apache-2.0
 *
 * The one server of the process. It lies apart from server.c, which runs it, so
 * that what only looks at it does not depend on everything.
 */
#include "serve.h"

struct serve serve;
