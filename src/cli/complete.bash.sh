# bash completions of poison: the program says what may stand in the last word's place

_poison() {
    local words=() word last cur head=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do # bash splits words at = and :
        if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    cur=${words[-1]} last=${COMP_WORDS[COMP_CWORD]} COMPREPLY=()
    [[ $last != [=:]* ]] || last= # readline's own last word begins behind them
    while IFS= read -r word; do
        case $word in
        '=') head=${cur%%=*}= ;;
        ',') head=${cur%"${cur##*[=,]}"} ;;
        '/')
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do
                COMPREPLY+=("$head$word")
            done < <(compgen -f -- "${cur#"$head"}")
            ;;
        *)
            word=$head${word%%:*}
            [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
            ;;
        esac
    done < <(_poison_ask "${COMP_WORDS[0]/#\~\//$HOME/}" || _poison_ask poison)
    COMPREPLY=("${COMPREPLY[@]#"${cur%"$last"}"}") # without what stands before readline's word
}

_poison_ask() { command "$1" completions --words "${words[@]}" </dev/null 2>/dev/null; }

complete -F _poison poison
