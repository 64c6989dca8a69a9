/* SPDX-License-Identifier: Apache-2.0
 *
 * For t/check: a library that looks like another FastCGI plugin for Monkey.
 */
__attribute__((visibility("default"))) char mk_plugin_fastcgi[128] = {1};
