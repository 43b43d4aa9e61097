# SPDX-License-Identifier: Apache-2.0
"""Completion for bash and zsh. One table of verbs in the shell's own words, and a short function that reads it:
what a word may be (its kind) follows from the verb, the option before it, and how many arguments there are.

A kind is "domain" or "config" (names that xvmd is asked for), "file", "none", or "=" and the choices."""

BASH = """\
# bash completion for xvm(1): made from toolstack/model/*.toml, not edited by hand.

_xvm_kinds() { # VERB PREVIOUS: sets options, positionals and kind (of the previous option's value; empty: it has none)
    kind=
    case $1 in
@verbs@
    *) options= positionals=() ;;
    esac
    case $2 in
@common@
    esac
    options+=" @common_options@"
}

_xvm_names() { # KIND: one a line; a daemon that does not answer costs a second, and no words
    case $1 in
    domain) timeout 1 xvm list -o csv --columns name --no-header 2>/dev/null ;;
    config) timeout 1 xvm config list -o csv --columns name --no-header 2>/dev/null ;;
    =*) printf '%s\\n' ${1#=} ;;
    esac
}

_xvm() {
    local current=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} at=2 count=0 options kind index
    local -a positionals
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "@first@ help --help --version" -- "$current"))
        return
    fi
    [[ $verb == help ]] && at=3
    case $verb in
@nouns@
    esac
    if [[ $verb == help ]]; then
        ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "@first@" -- "$current"))
        return
    fi
    for ((index = at; index < COMP_CWORD; index++)); do
        _xvm_kinds "$verb" "${COMP_WORDS[index]}"
        if [[ ${COMP_WORDS[index]} != -* ]]; then
            ((count++))
        elif [[ -n $kind ]]; then
            ((index++))
        fi
    done
    _xvm_kinds "$verb" "${COMP_WORDS[COMP_CWORD - 1]}"
    if [[ -z $kind && $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
        return
    fi
    kind=${kind:-${positionals[count]:-none}}
    if [[ $kind == file ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames 2>/dev/null
    else
        COMPREPLY=($(compgen -W "$(_xvm_names "$kind")" -- "$current"))
    fi
}

complete -F _xvm xvm
"""

ZSH = """\
#compdef xvm
# zsh completion for xvm(1): made from toolstack/model/*.toml, not edited by hand.

_xvm_kinds() { # VERB PREVIOUS: sets options, positionals and kind (of the previous option's value; empty: it has none)
    kind=
    case $1 in
@verbs@
    (*) options=(); positionals=() ;;
    esac
    case $2 in
@common@
    esac
    options+=(@common_options@)
}

_xvm_add() { # KIND
    case $1 in
    (domain) compadd -- ${(f)"$(timeout 1 xvm list -o csv --columns name --no-header 2>/dev/null)"} ;;
    (config) compadd -- ${(f)"$(timeout 1 xvm config list -o csv --columns name --no-header 2>/dev/null)"} ;;
    (file) _files ;;
    (\\=*) compadd -- ${=${1#?}} ;;
    esac
}

_xvm() {
    local verb=$words[2] kind
    integer at=3 count=0 index
    local -a options positionals
    if ((CURRENT == 2)); then
        compadd -- @first@ help --help --version
        return
    fi
    case $verb in
    (help) ((CURRENT == 3)) && compadd -- @first@; return ;;
@nouns@
    esac
    for ((index = at; index < CURRENT; index++)); do
        _xvm_kinds "$verb" "$words[index]"
        if [[ $words[index] != -* ]]; then
            ((count += 1))
        elif [[ -n $kind ]]; then
            ((index += 1))
        fi
    done
    _xvm_kinds "$verb" "$words[CURRENT-1]"
    if [[ -z $kind && $words[CURRENT] == -* ]]; then
        compadd -- $options
        return
    fi
    _xvm_add "${kind:-${positionals[count+1]:-none}}"
}

if [[ $funcstack[1] == _xvm ]]; then _xvm "$@"; else compdef _xvm xvm; fi
"""


def _kind(one):
    if one.choices:
        return "=" + " ".join(one.choices)
    return one.type if one.type in ("domain", "config", "file") else "none"


def _names(one):
    return [f"--{one.option}"] + ([f"-{one.letter}"] if one.letter else [])


def _quoted(kind):
    return f"'{kind}'" if " " in kind or "=" in kind else kind


def _value_cases(options, opened):
    """case lines that give the kind of an option's value."""
    lines = []
    for one in options:
        if one.type != "boolean":
            lines.append(f"    {opened}{'|'.join(_names(one))}) kind={_quoted(_kind(one))} ;;")
    return lines


def _pattern(verb):
    return "|".join(f"'{words}'" if " " in words else words for words in (verb.words, verb.alias) if words)


def _lines(model, opened, begin, end):
    """The shell's table of verbs; begin and end enclose the options' words."""
    lines = []
    for verb in model.commands:
        options = " ".join(name for one in verb.options for name in _names(one))
        kinds = " ".join(_quoted(_kind(one)) for one in verb.positionals)
        lines.append(f"    {opened}{_pattern(verb)})")
        lines.append(f"        options={begin}{options}{end} positionals=({kinds})")
        cases = _value_cases(verb.options, opened)
        if cases:
            lines += ["        case $2 in", *("    " + line for line in cases), "        esac"]
        lines.append("        ;;")
    return "\n".join(lines)


def _nouns(model):
    """noun: its second words."""
    nouns = {}
    for verb in model.commands:
        noun, _, second = verb.words.partition(" ")
        if second:
            nouns.setdefault(noun, []).append(second)
    return nouns


def _first(model):
    words = []
    for verb in model.commands:
        for word in (verb.words.split(" ")[0], verb.alias):
            if word and word not in words:
                words.append(word)
    return " ".join(words)


def _fill(text, model, opened, begin, end, nouns):
    common = [name for one in model.options for name in _names(one)]
    for name, value in {"verbs": _lines(model, opened, begin, end), "common": "\n".join(_value_cases(model.options, opened)),
                        "common_options": " ".join(common), "first": _first(model), "nouns": "\n".join(nouns)}.items():
        text = text.replace(f"@{name}@", value)
    return text


def bash(model):
    nouns = []
    for noun, seconds in _nouns(model).items():
        nouns.append(f"    {noun})\n        if ((COMP_CWORD == 2)); then\n"
                     f"            COMPREPLY=($(compgen -W \"{' '.join(seconds)}\" -- \"$current\"))\n"
                     f"            return\n        fi\n        verb+=\" ${{COMP_WORDS[2]}}\" at=3\n        ;;")
    return _fill(BASH, model, "", '"', '"', nouns)


def zsh(model):
    nouns = []
    for noun, seconds in _nouns(model).items():
        nouns.append(f"    ({noun})\n        if ((CURRENT == 3)); then\n            compadd -- {' '.join(seconds)}\n"
                     f"            return\n        fi\n        verb+=\" $words[3]\" at=4\n        ;;")
    return _fill(ZSH, model, "(", "(", ")", nouns)


def cpp(model):
    """toolstack/cli/scripts.hpp's functions."""
    return ("// SPDX-License-Identifier: Apache-2.0\n"
            "// Made from toolstack/model/*.toml by generate.py: not edited by hand.\n"
            "// clang-format off\n"
            '#include "toolstack/cli/scripts.hpp"\n\n'
            "namespace xvm::cli {\n\n"
            f'std::string_view bash_completion() noexcept {{\n    return R"xvm({bash(model)})xvm";\n}}\n\n'
            f'std::string_view zsh_completion() noexcept {{\n    return R"xvm({zsh(model)})xvm";\n}}\n\n'
            "} // namespace xvm::cli\n")
