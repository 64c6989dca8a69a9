# fish completion for monkey-fastcgi(8)
# SPDX-License-Identifier: Apache-2.0
complete -c monkey-fastcgi -n 'not __fish_seen_subcommand_from enable disable status' -f -a 'enable disable status'
complete -c monkey-fastcgi -n '__fish_seen_subcommand_from enable disable status' -f -a '(__fish_complete_directories)'
complete -c monkey-fastcgi -s m -l monkey -r -a '1.6 1.8' -d 'which Monkey'
complete -c monkey-fastcgi -s P -l plugin -r -d 'the plugin'
complete -c monkey-fastcgi -s n -l dry-run -d 'show what would be changed'
complete -c monkey-fastcgi -s q -l quiet -d 'print problems alone'
complete -c monkey-fastcgi -s h -l help -d 'print this help'
complete -c monkey-fastcgi -s V -l version -d 'print the version'
