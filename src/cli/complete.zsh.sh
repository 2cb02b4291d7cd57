#compdef poison
# zsh completions of poison: the program says what may stand in the last word's place

_poison() {
    local line files
    local -a asked offered suffix
    asked=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    for line in ${(f)"$(_poison_ask "${${(Q)words[1]}/#\~\//$HOME/}" || _poison_ask poison)"}; do
        case $line in
        '=') compset -P 1 '*=' ;;
        ',') compset -P '*,'; suffix=(-S '') ;;
        '/') files=1 ;;
        *) offered+=("$line") ;;
        esac
    done
    (( ! $#offered )) || _describe poison offered $suffix
    [[ -z $files ]] || _files
}

_poison_ask() { command "$1" completions --words "${(@)asked}" </dev/null 2>/dev/null }

if [[ $funcstack[1] == _poison ]]; then _poison "$@"; else compdef _poison poison; fi
