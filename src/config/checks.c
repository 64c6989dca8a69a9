/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of checks: id, severity, title, explanation.
 *
 * An error is refused by Monkey 1.6, or cannot be anything but a mistake; a
 * warning is accepted by Monkey, though hardly as it was meant.
 */
#include "config/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static const struct fcgi_check checks[] = {
    {FCGI_CHECK_BRACKET, FCGI_DIAG_ERROR, "heading without ']'",
     "A section starts with its name in brackets, alone on its line: "
     "[FASTCGI_SERVER]. Monkey refuses a line that starts with '[' and has no "
     "']'."},
    {FCGI_CHECK_NO_SECTION_YET, FCGI_DIAG_ERROR, "key before any section",
     "A key belongs to the section above it. Keys before the first heading "
     "belong to none and have no effect. Put the heading above them."},
    {FCGI_CHECK_NO_VALUE, FCGI_DIAG_ERROR, "key without a value",
     "Every key needs a value, behind a space. To use a key's default, leave "
     "the whole line out."},
    {FCGI_CHECK_UNKNOWN_KEY, FCGI_DIAG_ERROR, "unknown key",
     "The section has no key of this name. Monkey itself passes over unknown "
     "keys without a word, so that a typing error silently leaves the default "
     "in force; here it is an error. Upper and lower case are the same."},
    {FCGI_CHECK_UNKNOWN_SECTION, FCGI_DIAG_ERROR, "unknown section",
     "Only [FASTCGI_SERVER] and [FASTCGI] have a meaning in this file. Upper "
     "and lower case are the same, blanks inside the brackets are not "
     "allowed."},
    {FCGI_CHECK_DUPLICATE_KEY, FCGI_DIAG_ERROR, "key given twice",
     "Monkey takes the first value of a key and passes over the others. Two "
     "values are a mistake: remove one. A second server needs a second "
     "[FASTCGI_SERVER] heading."},
    {FCGI_CHECK_DUPLICATE_NAME, FCGI_DIAG_ERROR, "server name used twice",
     "Match rules and log lines refer to a server by its ServerName, so it "
     "must be unique in the file. Upper and lower case differ."},
    {FCGI_CHECK_TIME, FCGI_DIAG_ERROR, "not a time",
     "A time is a whole number with its unit behind it, without a blank: ms, "
     "s, m or h, as in 500ms, 5s, 2m, 1h. Without a unit it means seconds."},
    {FCGI_CHECK_ONE_OF_NONE, FCGI_DIAG_ERROR, "no ServerAddr or ServerPath",
     "A server is reached over TCP (ServerAddr HOST:PORT) or over a Unix "
     "socket (ServerPath /path). Each section needs one of the two."},
    {FCGI_CHECK_ONE_OF_MANY, FCGI_DIAG_ERROR, "both ServerAddr and ServerPath",
     "A section describes one server, which listens in one place. Remove one "
     "of the two keys, or give the second a section of its own."},
    {FCGI_CHECK_PATH, FCGI_DIAG_ERROR, "bad socket path",
     "ServerPath is the absolute path of a Unix socket, up to 107 bytes (the "
     "kernel's limit), without quotes and without 'unix:'. The socket need "
     "not exist yet."},
    {FCGI_CHECK_HASH, FCGI_DIAG_WARNING, "'#' inside a value",
     "In Monkey's files '#' starts a comment in column 1 or right after the "
     "indentation, nowhere else. Behind a value it becomes part of the value. "
     "Put the comment on a line of its own."},
    {FCGI_CHECK_TAB, FCGI_DIAG_ERROR, "tab between key and value",
     "Monkey splits a line at its first space. With a tab there, it takes the "
     "tab as part of the key's name. Use spaces."},
    {FCGI_CHECK_INDENT, FCGI_DIAG_ERROR, "indentation differs",
     "The first indented line of the file fixes the indentation, and Monkey "
     "refuses any line whose indentation is another, comments and lines of "
     "blanks included. Use the same blanks everywhere; tabs and spaces are "
     "not the same."},
    {FCGI_CHECK_LONG_LINE, FCGI_DIAG_ERROR, "line too long",
     "Monkey 1.6 reads 254 bytes of a line of its own files and takes what "
     "follows for another line. Monkey 1.8, and the plugin in fastcgi.conf, "
     "stop at one of more than 4,094. Shorten the line; break a comment into "
     "several."},
    {FCGI_CHECK_AFTER_BRACKET, FCGI_DIAG_WARNING, "text behind a heading",
     "What follows the ']' of a heading has no effect. A key belongs on a "
     "line of its own below."},
    {FCGI_CHECK_HEADING_COLUMN, FCGI_DIAG_ERROR, "heading is indented",
     "Monkey recognizes a heading only if its '[' is the first byte of the "
     "line; behind blanks it is taken for a key. Remove the blanks."},
    {FCGI_CHECK_NO_INDENT, FCGI_DIAG_ERROR, "key is not indented",
     "Keys are indented by at least one blank. Monkey takes the first byte of "
     "a line for indentation, whatever it is, and would lose a letter."},
    {FCGI_CHECK_NUL, FCGI_DIAG_ERROR, "NUL byte",
     "A NUL byte ends a line's text for Monkey, and the rest is lost. The "
     "file is not plain text, or was saved as UTF-16: save it as UTF-8."},
    {FCGI_CHECK_CRLF, FCGI_DIAG_WARNING, "lines end in CR LF",
     "The file was written with Windows line ends. Monkey 1.6 removes the CR, "
     "other tools do not. Convert it, for instance with dos2unix."},
    {FCGI_CHECK_BOM, FCGI_DIAG_ERROR, "byte order mark",
     "The file starts with a UTF-8 byte order mark, three bytes that an "
     "editor does not show. Monkey takes them for text. Save the file as "
     "UTF-8 without BOM."},
    {FCGI_CHECK_NO_SERVER, FCGI_DIAG_ERROR, "no [FASTCGI_SERVER]",
     "Without a server there is nothing to pass requests to. Add at least one "
     "[FASTCGI_SERVER] with ServerName and ServerAddr or ServerPath."},
    {FCGI_CHECK_REQUIRED, FCGI_DIAG_ERROR, "required key is missing",
     "The section has no value for a key that has no default."},
    {FCGI_CHECK_NO_KEYS, FCGI_DIAG_ERROR, "section without keys",
     "A heading is followed by no key at all. Give it its keys, or remove the "
     "heading; keys that start with '#' are comments."},
    {FCGI_CHECK_ADDRESS, FCGI_DIAG_ERROR, "bad address",
     "ServerAddr is HOST:PORT, where HOST is a name, an IPv4 address, or an "
     "IPv6 address in brackets, and PORT a number from 1 to 65535."},
    {FCGI_CHECK_RANGE, FCGI_DIAG_ERROR, "value out of range",
     "The value is below or above what the key allows. Where 0 is not allowed "
     "there is no value for 'no limit': a request without one could hold its "
     "client for ever."},
    {FCGI_CHECK_NAME_BLANK, FCGI_DIAG_WARNING, "blank in a server name",
     "A Match rule lists servers by name, with blanks between them. A name "
     "with a blank in it cannot be listed there."},
    {FCGI_CHECK_CONTROL, FCGI_DIAG_ERROR, "control character",
     "The line contains a byte that no editor shows, such as a lone carriage "
     "return or an escape sequence. Remove it."},
    {FCGI_CHECK_TOO_MANY, FCGI_DIAG_ERROR, "too many findings",
     "The file has so many errors that the rest was not looked at. It may not "
     "be a configuration file."},
    {FCGI_CHECK_UNREADABLE, FCGI_DIAG_ERROR, "file cannot be read",
     "The file does not exist, or may not be read by the user that runs "
     "the program, or the disk reports an error."},
    {FCGI_CHECK_NOT_A_FILE, FCGI_DIAG_ERROR, "not a regular file",
     "The name belongs to a directory, a FIFO, a socket or a device. The "
     "configuration is read from regular files only."},
    {FCGI_CHECK_TOO_LARGE, FCGI_DIAG_ERROR, "file too large",
     "A configuration of more than 32 MiB is taken for a mistake."},
    {FCGI_CHECK_MEMORY, FCGI_DIAG_ERROR, "out of memory",
     "The configuration could not be read because memory was short."},
    {FCGI_CHECK_LIBRARY, FCGI_DIAG_ERROR, "libconfuse refuses the file",
     "The file passed this program's own checks, but not the library's. That "
     "is a defect of this program: please report it together with the file."},
    {FCGI_CHECK_EQUALS, FCGI_DIAG_ERROR, "'=' between key and value",
     "Monkey's files have nothing but spaces between a key and its value. An "
     "'=' becomes part of the one or the other. Remove it."},
    {FCGI_CHECK_FAR_SCRIPT, FCGI_DIAG_WARNING,
     "CheckScript On beside DocumentRoot",
     "CheckScript looks for scripts below Monkey's own document root, and "
     "DocumentRoot says that the application has another. That is right where "
     "both see the same files, as in a container with a shared volume; where "
     "they do not, every request is answered 404: set CheckScript to Off."},
    {FCGI_CHECK_FRONT_FILE, FCGI_DIAG_WARNING,
     "CheckScript On and a FrontController that is no file",
     "A FrontController without an extension is the place of an application "
     "that has no files. With CheckScript On it must be a file below the "
     "document root, or all is answered 404."},
    {FCGI_CHECK_HIDDEN_NEED, FCGI_DIAG_WARNING,
     "a variable is hidden that applications need",
     "Without SCRIPT_FILENAME or SCRIPT_NAME an application does not know "
     "what to run, without REQUEST_METHOD or CONTENT_LENGTH not what it is "
     "asked. Remove the name from HideParam, or set it by Param."},
    {FCGI_CHECK_HIDDEN_PARAM, FCGI_DIAG_WARNING,
     "a variable in Param and in HideParam",
     "HideParam hides what the request itself has; what Param says is told "
     "all the same. Remove one of the two."},
    {FCGI_CHECK_QUEUE_UNUSED, FCGI_DIAG_WARNING,
     "queue without a limit of connections",
     "QueueSize and QueueTimeout are about requests that wait for a "
     "connection. "
     "Where MaxConnections is 0, and Concurrency Off, or connections are not "
     "kept, there is no limit, and nobody waits. Set MaxConnections, or remove "
     "the two."},
    {FCGI_CHECK_KEEP_ALIVE_OFF, FCGI_DIAG_WARNING,
     "keys of kept connections with KeepAlive Off",
     "KeepAliveTimeout and KeepAliveRequests are about connections that are "
     "kept. With KeepAlive Off none is. Set KeepAlive to On, which is the "
     "default, or remove the two."},
    {FCGI_CHECK_ALL_BACKUP, FCGI_DIAG_WARNING, "all servers are Backup",
     "A Backup server is used where no other one is up. Where there is no "
     "other one the key says nothing, and all are used alike. Remove it from "
     "those that are to be used first."},
    {FCGI_CHECK_NEVER_OUT, FCGI_DIAG_WARNING,
     "a server that is never taken out",
     "With MaxFails 0 no failure takes a server out, so that FailTimeout and "
     "HealthCheck change nothing. Set MaxFails to 1 or more, or remove the "
     "two."},
    {FCGI_CHECK_COMMENT, FCGI_DIAG_ERROR, "comment without '#'",
     "Comments begin with '#'. A line that begins with ';' or '//' is taken "
     "for a key, at which Monkey stops, or which it passes over."},
    {FCGI_CHECK_TRUSTS_ALL, FCGI_DIAG_WARNING,
     "TrustedProxies trusts everybody",
     "A network of 0 bits has every address in it, so that each client is a "
     "proxy that is believed: it chooses the REMOTE_ADDR that the application "
     "sees, be it that of an administrator. Name the addresses that proxies "
     "connect from."},
    {FCGI_CHECK_REAL_ELSEWHERE, FCGI_DIAG_WARNING,
     "RealPath beside DocumentRoot",
     "RealPath follows the links that this machine has, and DocumentRoot says "
     "that the application sees its files elsewhere, where that means nothing: "
     "RealPath has no effect. Remove one of the two."},
    {FCGI_CHECK_LINKS_UNCHECKED, FCGI_DIAG_WARNING,
     "LinkRoots with CheckScript Off",
     "Where CheckScript is Off links may lead anywhere, so that LinkRoots "
     "keeps none from it. Set CheckScript to On, or remove LinkRoots."},
    {FCGI_CHECK_INTERCEPT_OFF, FCGI_DIAG_WARNING,
     "InterceptErrors Off beside others",
     "Off says that no error of the application has its body replaced; beside "
     "On or a status it says nothing, as those hold. Remove it, or them."},
    {FCGI_CHECK_FORMAT_UNUSED, FCGI_DIAG_WARNING,
     "AccessLogFormat without AccessLog",
     "AccessLogFormat says what a line of the access log is. AccessLog, which "
     "is Off by default, says where it goes; without it there are no lines. "
     "Set "
     "AccessLog, or remove AccessLogFormat."},
    {FCGI_CHECK_ROLE_UNUSED, FCGI_DIAG_WARNING, "key without effect",
     "An authorizer runs no script that a request asks for: keys that tell "
     "which file is a script have no effect for it. They belong to the server "
     "that answers."},
    {FCGI_CHECK_SECTION_TWICE, FCGI_DIAG_ERROR, "section given twice",
     "[FASTCGI] says what holds for all servers, so one is enough. Move the "
     "keys of the second into the first."},
    {FCGI_CHECK_SWITCH, FCGI_DIAG_ERROR, "neither On nor Off",
     "The key is a switch. It is On or Off, in upper or lower case."},
    {FCGI_CHECK_COUNT, FCGI_DIAG_ERROR, "not a number",
     "The value is a whole number without a unit, such as 0 or 1000."},
    {FCGI_CHECK_SIZE, FCGI_DIAG_ERROR, "not a size",
     "A size is a whole number of bytes, or of KiB with k behind it or of MiB "
     "with m, without a blank: 65536, 64k, 1m."},
    {FCGI_CHECK_WRONG_SECTION, FCGI_DIAG_ERROR, "key in the wrong section",
     "ServerName, ServerAddr and ServerPath say which server it is, so they "
     "belong into that server's [FASTCGI_SERVER]. [FASTCGI] has what servers "
     "share."},
    {FCGI_CHECK_FORM, FCGI_DIAG_ERROR, "value of the wrong form",
     "The key wants a text of a certain form, which the message names."},
    {FCGI_CHECK_PAIR_VALUE, FCGI_DIAG_WARNING, "name without a value",
     "The key takes a name and, behind a blank, a value. Without one the "
     "application gets an empty text."},
    {FCGI_CHECK_MATCH_NOT_LOADED, FCGI_DIAG_ERROR,
     "rule for a plugin that is not loaded",
     "Where a Match rule names a plugin that plugins.load does not load, "
     "Monkey 1.6 refuses to start, and 1.8 answers 500 to what the rule "
     "matches. Add the Load line, or remove the rule."},
    {FCGI_CHECK_NO_RULE, FCGI_DIAG_WARNING,
     "plugin loaded, but no rule uses it",
     "plugins.load loads the FastCGI plugin, but no site has a Match "
     "rule for it, so that it is never asked and scripts are sent as "
     "text. Add a rule to the [HANDLERS] of a site."},
    {FCGI_CHECK_NOT_ENABLED, FCGI_DIAG_WARNING, "FastCGI is not enabled",
     "Neither does plugins.load load the plugin nor does a site use it. "
     "fastcgi.conf then has no effect."},
    {FCGI_CHECK_LOADED_TWICE, FCGI_DIAG_ERROR, "plugin loaded twice",
     "A second Load line for the same plugin puts it into Monkey's lists "
     "twice, which breaks them. Remove one of the two."},
    {FCGI_CHECK_LOAD_RELATIVE, FCGI_DIAG_ERROR,
     "plugin without an absolute path",
     "Monkey hands the path to the dynamic linker as it is. A relative "
     "one depends on the directory that Monkey happens to be started in, "
     "and one without '/' is searched among the system's libraries."},
    {FCGI_CHECK_PLUGIN_MISSING, FCGI_DIAG_ERROR, "plugin's file is missing",
     "Monkey only warns of a plugin that it cannot load, and then stops "
     "at the first rule that names it. Install the plugin, or correct "
     "the path."},
    {FCGI_CHECK_PLUGIN_FORMAT, FCGI_DIAG_ERROR,
     "plugin's file is no library for this machine",
     "A plugin is a shared object (ELF) for the machine. The file is "
     "something else."},
    {FCGI_CHECK_PLUGIN_ABI, FCGI_DIAG_ERROR, "plugin does not fit this Monkey",
     "Monkey looks for the symbol mk_plugin_NAME, with the NAME of the "
     "file's name. A file without it is no plugin, was renamed, or was "
     "built for another Monkey."},
    {FCGI_CHECK_PLUGIN_NAME, FCGI_DIAG_ERROR,
     "plugin's file has no name for Monkey",
     "Monkey takes the plugin's name from what stands between the last "
     "'-' of the path and its last three characters: monkey-fastcgi.so. "
     "Without a '-' it crashes."},
    {FCGI_CHECK_SECTION_MISSING, FCGI_DIAG_ERROR,
     "section that Monkey needs is missing",
     "Monkey does not start, or passes over the site, without this "
     "section."},
    {FCGI_CHECK_KEY_MISSING, FCGI_DIAG_ERROR,
     "key that Monkey needs is missing",
     "Monkey does not start, or passes over the site, without this key; "
     "it has no default."},
    {FCGI_CHECK_VALUE_REFUSED, FCGI_DIAG_ERROR, "value that Monkey refuses",
     "Monkey does not start with this value."},
    {FCGI_CHECK_SECTION_IGNORED, FCGI_DIAG_WARNING, "section has no effect",
     "Monkey takes the first section of a name and passes over the "
     "others. Move the keys into the first."},
    {FCGI_CHECK_KEY_IGNORED, FCGI_DIAG_WARNING, "key has no effect",
     "Monkey takes the first value of this key and passes over the "
     "others. Remove one of them."},
    {FCGI_CHECK_KEY_UNKNOWN, FCGI_DIAG_WARNING, "key that Monkey does not know",
     "Monkey passes over keys that it does not know, without a word. "
     "This one is close to one that it knows."},
    {FCGI_CHECK_PLUGIN_OTHER, FCGI_DIAG_WARNING, "another FastCGI plugin",
     "The file is a FastCGI plugin for Monkey, but not this one: the one that "
     "Monkey ships has the same name. It reads the same fastcgi.conf, of which "
     "it knows but three keys. Load the one that belongs to fcgi-check."},
    {FCGI_CHECK_SITE_BACKUP, FCGI_DIAG_WARNING, "old copy of a site in sites/",
     "Monkey takes every file in sites/ for a site, but those whose names "
     "begin with '.' or end with '~'. A copy that an editor or a package's "
     "upgrade has left there is served, too, and where it has the same "
     "ServerName as the site itself it is a matter of luck which one holds. "
     "Move it elsewhere, or remove it."},
    {FCGI_CHECK_INCLUDE, FCGI_DIAG_ERROR, "file cannot be included",
     "Monkey 1.8 reads with '@INCLUDE PATH' another file in place of that "
     "line; "
     "with a '*' in it, all that match. A relative path is looked for in the "
     "directory that Monkey was started in, then beside the file that it began "
     "with. If there is none, if a file includes itself, or if an absolute "
     "path "
     "is included again, Monkey takes nothing of the whole file, and with most "
     "files does not start."},
    {FCGI_CHECK_LISTEN_WORD, FCGI_DIAG_ERROR, "word of Listen without effect",
     "Monkey passes over words behind the port that it does not know. TLS is "
     "'ssl' in Monkey 1.6 and 'tls' in 1.8: with the other's word it speaks "
     "plain HTTP on that port."},
    {FCGI_CHECK_MATCH_INCOMPLETE, FCGI_DIAG_ERROR, "rule without a handler",
     "A Match rule has a regular expression and the name of a plugin, "
     "with spaces between them: Match /.*\\.php$ fastcgi. Monkey refuses "
     "to start with less."},
    {FCGI_CHECK_MATCH_REGEX, FCGI_DIAG_ERROR, "regular expression is wrong",
     "Monkey refuses to start when the regular expression of a rule does "
     "not compile. It has no blanks. In Monkey 1.6 it is POSIX extended, "
     "without regard to case; in 1.8 it is made of . ^ $ * + ? [...] \\d \\w "
     "\\s, and upper and lower case differ."},
    {FCGI_CHECK_MATCH_SERVER, FCGI_DIAG_ERROR,
     "rule for a server that does not exist",
     "The words behind 'fastcgi' in a rule are names of servers, each "
     "the ServerName of a [FASTCGI_SERVER] in fastcgi.conf, upper and "
     "lower case being different, with '!' behind those of authorizers. The "
     "plugin refuses to start when there "
     "is none of that name."},
    {FCGI_CHECK_SERVER_UNUSED, FCGI_DIAG_WARNING, "server that no rule uses",
     "All rules name the servers that they mean, and none names this "
     "one, so that it gets no requests. A rule without names uses all "
     "servers."},
    {FCGI_CHECK_MATCH_SHADOWED, FCGI_DIAG_WARNING, "rule that is never reached",
     "Monkey takes the first rule of a site that matches. All that this "
     "rule matches is matched by an earlier one. Put it above that one, "
     "or remove it."},
    {FCGI_CHECK_MATCH_NO_END, FCGI_DIAG_WARNING,
     "rule for .php that does not end there",
     "A rule's expression matches anywhere in the path: without a '$' behind "
     "it, \\.php also matches /cat.php.jpg and /cat.php_.jpg. The plugin runs "
     "what has that extension as its last one, and answers 403 to the others, "
     "which Monkey would show. Write \\.php$, or set Extensions where scripts "
     "get a path behind their name: what has none of them is Monkey's then."},
    {FCGI_CHECK_INDEX_SOURCE, FCGI_DIAG_ERROR,
     "index file would be shown as source",
     "Indexfile of monkey.conf names a script, but no rule of the site "
     "hands that script to a plugin, so that Monkey sends its source to "
     "whoever asks for the directory."},
    {FCGI_CHECK_POOL_DIFFERS, FCGI_DIAG_WARNING,
     "servers of one rule that differ",
     "Several servers get the requests of one rule, but which script a request "
     "is for, and who its client is, is decided before one of them is chosen, "
     "by the keys of the first that the rule names (of the first in the file "
     "where it names none). Index, FrontController, PathInfo, Extensions, "
     "CheckScript, LinkRoots, RealPath and TrustedProxies of the others have "
     "no effect there. Let them have the same values, or make a rule for each "
     "server."},
    {FCGI_CHECK_SOCKET_MISSING, FCGI_DIAG_WARNING, "socket does not exist",
     "There is nothing at the path of ServerPath. That is no mistake if "
     "the application starts later; requests get a 503 until then."},
    {FCGI_CHECK_NOT_A_SOCKET, FCGI_DIAG_ERROR, "not a socket",
     "ServerPath leads to something that is no Unix socket, such as a "
     "directory or a file."},
    {FCGI_CHECK_SOCKET_DENIED, FCGI_DIAG_ERROR, "socket may not be opened",
     "The user that Monkey runs as (User of monkey.conf, or --user) "
     "needs search permission (x) for every directory of the path, and "
     "write permission for the socket."},
    {FCGI_CHECK_USER_UNKNOWN, FCGI_DIAG_ERROR, "user does not exist",
     "Monkey goes on as root, after a message, if there is no user of "
     "that name; a number is no name. Correct it, or create the user."},
    {FCGI_CHECK_USER_MISSING, FCGI_DIAG_WARNING, "Monkey runs as root",
     "Monkey becomes the User of monkey.conf once it has its ports. Without "
     "that key it stays what it was started as, which is mostly root. Add "
     "User, or tell fcgi-check by --user who starts it."},
    {FCGI_CHECK_DOCUMENT_ROOT, FCGI_DIAG_ERROR, "DocumentRoot cannot be used",
     "Monkey starts with a DocumentRoot that is not there, is no directory, "
     "or may not be searched by its user, and then has no file: it answers "
     "404, or 403, to all that no rule takes."},
    {FCGI_CHECK_NO_TYPES, FCGI_DIAG_ERROR, "monkey.mime cannot be read",
     "Monkey 1.6 starts without a monkey.mime that it can read, and crashes "
     "at the first file that it sends. Monkey 1.8 does without."},
    {FCGI_CHECK_LINKS_OFF, FCGI_DIAG_WARNING, "LinkRoots with SymLink Off",
     "With SymLink Off in monkey.conf, or without that key, no symbolic link "
     "is followed, wherever LinkRoots lets one lead. Set SymLink to On, which "
     "has Monkey follow links to its own files, too, or remove LinkRoots."},
    {FCGI_CHECK_STATUS_UNUSED, FCGI_DIAG_WARNING,
     "StatusAllow without a status page",
     "StatusAllow says who is shown a server by the status page, and no Match "
     "rule asks for that. Add 'Match ^/fcgi-status$ fastcgi =status' to the "
     "[HANDLERS] of a site, before rules that match it, too, or remove "
     "StatusAllow."},
    {FCGI_CHECK_NO_PAGE, FCGI_DIAG_WARNING,
     "errors that are intercepted, and have no page",
     "InterceptErrors puts a page in place of what the application answers an "
     "error with: that of an ErrorPage, or of [ERROR_PAGES] of the site. Where "
     "there is neither, On does nothing, and a status has a page of one line. "
     "Give the page, or remove InterceptErrors."},
    {FCGI_CHECK_NO_ANSWER, FCGI_DIAG_ERROR, "server does not answer",
     "With --live each server was asked, with a request for its limits "
     "(FCGI_GET_VALUES) that runs no script, and this one gave no answer "
     "in time. Is the application running, does it listen there, and may the "
     "user that runs fcgi-check open its socket?"},
    {FCGI_CHECK_MATCH_BRACKETS, FCGI_DIAG_ERROR,
     "brackets lost to those of a later rule",
     "Monkey 1.8 keeps what stands in the brackets of a Match rule in one "
     "place for all rules of all sites. The rule that is read last has it; an "
     "earlier one then matches by the later one's brackets, and so perhaps "
     "lets a script be sent as text. Let one rule alone have brackets."},
    {FCGI_CHECK_MATCH_DEAD, FCGI_DIAG_ERROR,
     "expression with a part that matches nothing",
     "In expressions of Monkey 1.8 '^' is a begin only where it stands first, "
     "'$' an end only where it stands last, '*', '+' and '?' count what "
     "stands before them, and letters beyond ASCII match in brackets alone. "
     "Elsewhere these match nothing, and so the rule does not either."},
    {FCGI_CHECK_NAME_TWICE, FCGI_DIAG_WARNING, "two sites with one name",
     "Monkey takes the first site that has the name of a request's Host: "
     "sites/default, then the others in the order of the directory, which is "
     "no order at all. Give each its own ServerName."},
    {FCGI_CHECK_SELF, FCGI_DIAG_ERROR, "server that is Monkey itself",
     "ServerAddr is where the FastCGI application listens. Where it is a "
     "Listen of monkey.conf Monkey talks to itself, in a protocol that it does "
     "not understand, and each request is answered 502 or 504."},
    {FCGI_CHECK_MATCH_ROLE, FCGI_DIAG_ERROR,
     "rule for a server of another role",
     "A rule asks the servers that have '!' behind their names whether a "
     "request may go on, and the others for the answer. The former have Role "
     "Authorizer in fastcgi.conf, the latter have not. The plugin refuses to "
     "start where the two disagree, so that nothing is left unguarded."},
};

const struct fcgi_check *fcgi_checks(size_t *count)
{
    *count = sizeof(checks) / sizeof(checks[0]);
    return checks;
}

const struct fcgi_check *fcgi_check_find(const char *id)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcasecmp(checks[i].id, id) == 0)
            return &checks[i];
    return NULL;
}

enum fcgi_diag_severity fcgi_check_severity(const char *id)
{
    const struct fcgi_check *check = fcgi_check_find(id);

    return check ? check->severity : FCGI_DIAG_ERROR;
}

void fcgi_check_report(struct fcgi_diag_list *diags, const char *id,
                       const char *file, unsigned line, unsigned column,
                       unsigned length, const char *format, ...)
{
    char message[1024]; /* quotes of longer lines are cut */
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    fcgi_diag_add(diags, fcgi_check_severity(id), id, file, line, column,
                  length, "%s", message);
}
