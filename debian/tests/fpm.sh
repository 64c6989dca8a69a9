# shellcheck shell=sh
# For the tests: a php-fpm of their own, listening on $dir/php.sock, that ends
# with the script. What the script wants done then is in end().

end()
{
    :
}

clean_up()
{
    trap - EXIT
    end
    [ -z "${fpm_pid:-}" ] || kill "$fpm_pid" 2>/dev/null || :
    [ -z "${fpm_pid:-}" ] || wait "$fpm_pid" 2>/dev/null || :
    rm -rf "$dir"
}

dir=$(mktemp -d)
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
# php-fpm's workers are www-data where the test is root.
chmod 755 "$dir"

start_fpm()
{
    cat >"$dir/fpm.conf" <<END
[global]
error_log = $dir/fpm.log
daemonize = no
[test]
$([ "$(id -u)" -ne 0 ] || printf 'user = www-data\ngroup = www-data\n')
listen = $dir/php.sock
pm = static
pm.max_children = 2
END
    for fpm in /usr/sbin/php-fpm*; do :; done
    "$fpm" -n -y "$dir/fpm.conf" -F >"$dir/fpm.out" 2>&1 &
    fpm_pid=$!
    tries=0
    until [ -S "$dir/php.sock" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            cat "$dir/fpm.out" "$dir/fpm.log"
            exit 1
        fi
        sleep 0.1
    done
}
