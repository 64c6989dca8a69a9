# SPDX-License-Identifier: Apache-2.0
#
# The rules of plugins.load, and one change of it: monkey-fastcgi(8) runs this.
# Lines that are not touched are printed as they were read. Environment:
#
#   JOB=add     puts other FastCGI plugins aside and adds ours
#   JOB=remove  takes our line out and puts back what was put aside
#   JOB=keep    changes nothing
#   JOB=list    prints what is loaded, one file a line
#   PLUGIN      path of the plugin
#   FILE        what messages call the file
#
# Ends with 1 and a message where Monkey would not read the file, either.
BEGIN {
    # Not by -v, which would take backslashes away.
    job = ENVIRON["JOB"]
    plugin = ENVIRON["PLUGIN"]
    # A line that is put aside keeps its text behind this.
    aside = "#monkey-fastcgi# "
    folder = plugin
    sub(/[^\/]*$/, "", folder)
}

function problem(text)
{
    printf "%s:%d: %s\n", ENVIRON["FILE"], NR, text >"/dev/stderr"
    broken = 1
    exit 1
}

# The plugin that a Load line names, or "". Monkey compares without case, and
# splits at the first space.
function loaded(line,    body, key)
{
    body = substr(line, length(indent) + 1)
    sub(/\r$/, "", body)
    key = body
    sub(/ .*/, "", key)
    if (tolower(key) != "load" || index(body, " ") == 0)
        return ""
    sub(/^[^ ]* +/, "", body)
    sub(/[ \t]+$/, "", body)
    return body
}

function is_fastcgi(file)
{
    return file ~ /-fastcgi(18)?\.so$/
}

# The same plugin has a name for each kind of Monkey.
function is_ours(file)
{
    return file == folder "monkey-fastcgi.so" ||
        file == folder "monkey-fastcgi18.so"
}

{
    line[NR] = $0
    text = $0
    sub(/\r$/, "", text)
    if (text == "" || text ~ /^#/ || text ~ /^@/)
        next
    if (text ~ /^\[/) {
        if (index(text, "]") == 0)
            problem("the heading has no closing bracket")
        name = tolower(substr(text, 2, index(text, "]") - 2))
        inside = name == "plugins" && !heading
        if (inside) {
            heading = NR
            end_of_line = $0 ~ /\r$/ ? "\r" : ""
        }
        next
    }
    if (indent == "") {
        match(text, /^[ \t]*/)
        indent = substr(text, 1, RLENGTH)
        if (indent == "")
            problem("a key must be indented")
    }
    rest = substr(text, length(indent) + 1)
    if (substr(text, 1, length(indent)) != indent || rest ~ /^[ \t]/)
        problem("not indented like the lines above: Monkey does not start " \
            "with that")
    if (!inside || rest == "")
        next
    if (index(rest, aside) == 1) {
        was[NR] = indent substr(rest, length(aside) + 1)
        if (is_ours(loaded(was[NR])))
            ours[NR] = 1
        if (!spot)
            spot = NR
        next
    }
    file = rest ~ /^#/ ? "" : loaded(text)
    if (file == "")
        next
    last = NR
    if (job == "list")
        print file
    if (is_ours(file))
        ours[NR] = 1
    if (file == plugin)
        present = 1
    else if (is_fastcgi(file)) {
        other[NR] = 1
        spot = NR
    }
}

function add(    i, place, new)
{
    if (indent == "")
        indent = "    "
    new = indent "Load " plugin end_of_line
    if (length(new) > 253)
        problem("with this path the line is longer than Monkey 1.6 reads")
    place = spot ? spot : last ? last : heading
    if (present)
        place = 0
    for (i = 1; i <= NR; i++) {
        if (i in other) {
            line[i] = indent aside substr(line[i], length(indent) + 1)
            if (length(line[i]) > 253)
                problem("line " i " would get longer than Monkey 1.6 reads")
        }
        print line[i]
        if (i == place)
            print new
    }
    if (!heading) {
        print "[PLUGINS]"
        print new
    }
}

function remove(    i)
{
    for (i = 1; i <= NR; i++) {
        if (i in ours)
            continue
        if (i in was)
            print was[i] (line[i] ~ /\r$/ ? "\r" : "")
        else
            print line[i]
    }
}

END {
    if (broken)
        exit 1
    if (job == "add")
        add()
    else if (job == "remove")
        remove()
    else if (job == "keep")
        for (i = 1; i <= NR; i++)
            print line[i]
}