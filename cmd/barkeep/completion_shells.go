package main

import (
	"fmt"
	"io"
	"strings"
)

// script gathers the lines of a shell script.
type script struct{ strings.Builder }

func (s *script) line(format string, args ...any) {
	fmt.Fprintf(s, format+"\n", args...)
}

// to writes the script.
func (s *script) to(w io.Writer) error {
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write the completion script: %w", err)
	}
	return nil
}

// bashHead needs neither the package bash-completion nor a bash newer than macOS's 3.2. An = between flag and value is a word
// of its own to bash.
const bashHead = `# Completion of barkeep for bash, made by: barkeep completion bash

_barkeep_list() {
    local given="" value
    [[ $cur == *,* ]] && given=${cur%,*},
    for value in "$@"; do
        [[ ,$given == *,"$value",* ]] || COMPREPLY+=($(compgen -W "$given$value" -- "$cur"))
    done
    compopt -o nospace 2>/dev/null
}

_barkeep_paths() {
    local IFS=$'\n'
    COMPREPLY=($(compgen "$1" -- "$cur"))
    compopt -o filenames 2>/dev/null
}

_barkeep() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" i
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=""
    elif [[ $prev == = && $COMP_CWORD -ge 2 ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
    done
    case $command:$prev in`

// writeBash prints the script for bash.
func writeBash(w io.Writer, commands []completed) error {
	var s script
	s.line("%s", bashHead)
	for _, c := range commands {
		for _, o := range c.options {
			if o.name == "" || o.takes == takesNothing {
				continue
			}
			s.line("        %s:--%s) %s; return 0 ;;", c.name, o.name, bashValue(o))
		}
	}
	s.line("    esac\n    case $command in")
	for _, c := range commands {
		var words []string
		if c.name == "" {
			for _, other := range commands[1:] {
				words = append(words, other.name)
			}
		}
		for _, o := range c.options {
			if o.name == "" {
				words = append(words, o.values...)
			} else {
				words = append(words, "--"+o.name)
			}
		}
		s.line("        %s) COMPREPLY=($(compgen -W %s -- \"$cur\")) ;;", quote(c.name), quote(strings.Join(words, " ")))
	}
	s.line("    esac\n}\n\ncomplete -F _barkeep barkeep")
	return s.to(w)
}

// bashValue is the command that offers a flag's values.
func bashValue(o option) string {
	switch o.takes {
	case takesChoice:
		return fmt.Sprintf("COMPREPLY=($(compgen -W %s -- \"$cur\"))", quote(strings.Join(o.values, " ")))
	case takesList:
		return "_barkeep_list " + strings.Join(o.values, " ")
	case takesFolder:
		return "_barkeep_paths -d"
	case takesFile:
		return "_barkeep_paths -f"
	default:
		return ":"
	}
}

// writeZsh prints the script for zsh, which works from a folder of fpath and by source.
func writeZsh(w io.Writer, commands []completed) error {
	var s script
	s.line("#compdef barkeep\n# Completion of barkeep for zsh, made by: barkeep completion zsh\n\n_barkeep() {")
	s.line("    local curcontext=$curcontext context state state_descr line\n    typeset -A opt_args\n    local -a commands")
	s.line("    commands=(")
	for _, c := range commands[1:] {
		s.line("        %s", quote(c.name+":"+c.help))
	}
	s.line("    )\n    _arguments -C \\")
	for _, o := range commands[0].options {
		s.line("        %s \\", zshOption(o))
	}
	s.line("        '1: :->command' '*:: :->rest' && return\n    case $state in")
	s.line("    command) _describe -t commands 'barkeep command' commands ;;\n    rest)\n        case $words[1] in")
	for _, c := range commands[1:] {
		s.line("        %s)\n            _arguments \\", c.name)
		for _, o := range c.options {
			s.line("                %s \\", zshOption(o))
		}
		s.line("                && return ;;")
	}
	s.line("        esac ;;\n    esac\n}\n")
	s.line("if [[ $funcstack[1] == _barkeep ]]; then\n    _barkeep \"$@\"\nelse\n    compdef _barkeep barkeep\nfi")
	return s.to(w)
}

// zshOption is a flag or an argument as _arguments takes it.
func zshOption(o option) string {
	escaped := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `:`, `\:`)
	value := escaped.Replace(o.label) + ":"
	switch o.takes {
	case takesChoice:
		value += "(" + strings.Join(o.values, " ") + ")"
	case takesList:
		value += "_values -s , " + o.name + " " + strings.Join(o.values, " ")
	case takesFolder:
		value += "_files -/"
	case takesFile:
		value += "_files"
	}
	help := "[" + escaped.Replace(o.help) + "]"
	switch {
	case o.name == "":
		return quote(":" + value)
	case o.short != "":
		return fmt.Sprintf("%s{-%s,--%s}%s", quote("(-"+o.short+" --"+o.name+")"), o.short, o.name, quote(help))
	case o.takes == takesNothing:
		return quote("--" + o.name + help)
	case o.again:
		return quote("*--" + o.name + "=" + help + ":" + value)
	default:
		return quote("--" + o.name + "=" + help + ":" + value)
	}
}

// writeFish prints the script for fish.
func writeFish(w io.Writer, commands []completed) error {
	var s script
	s.line("# Completion of barkeep for fish, made by: barkeep completion fish\n\ncomplete -c barkeep -f")
	for _, c := range commands[1:] {
		s.line("complete -c barkeep -n __fish_use_subcommand -a %s -d %s", c.name, fishQuote(c.help))
	}
	for _, c := range commands {
		when := "__fish_use_subcommand"
		if c.name != "" {
			when = quote("__fish_seen_subcommand_from " + c.name)
		}
		for _, o := range c.options {
			if o.name == "" && o.takes == takesAnything {
				continue
			}
			line := "complete -c barkeep -n " + when
			if o.name != "" {
				line += " -l " + o.name
			}
			if o.short != "" {
				line += " -s " + o.short
			}
			s.line("%s%s -d %s", line, fishValue(o), fishQuote(o.help))
		}
	}
	return s.to(w)
}

// fishValue is what fish offers after a flag, or as an argument.
func fishValue(o option) string {
	exclusive := ""
	if o.name != "" {
		exclusive = " -x"
	}
	switch o.takes {
	case takesNothing:
		return ""
	case takesChoice:
		return exclusive + " -a " + quote(strings.Join(o.values, " "))
	case takesList:
		return exclusive + " -a " + quote("(__fish_append , "+strings.Join(o.values, " ")+")")
	case takesFolder:
		return exclusive + " -a '(__fish_complete_directories)'"
	case takesFile:
		return " -r -F"
	default:
		return exclusive
	}
}

// quote makes text one word of bash and zsh.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// fishQuote makes text one word of fish, whose quotes know two escapes.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
