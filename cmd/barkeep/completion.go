package main

import (
	"io"
	"slices"

	"github.com/alecthomas/kong"
)

// completionCommand prints what teaches a shell to complete barkeep's command line.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help is the text below the argument.
func (c *completionCommand) Help() string {
	return "bash: barkeep completion bash >/etc/bash_completion.d/barkeep, or source <(barkeep completion bash) in ~/.bashrc. " +
		"zsh: barkeep completion zsh >\"${fpath[1]}/_barkeep\". " +
		"fish: barkeep completion fish >~/.config/fish/completions/barkeep.fish."
}

// Run carries the command out.
func (c *completionCommand) Run(p *process, parsed *kong.Context) error {
	write := map[string]func(io.Writer, []completed) error{"bash": writeBash, "zsh": writeZsh, "fish": writeFish}[c.Shell]
	return write(p.out, completable(parsed.Model.Node))
}

// completed is a command as a shell has to know it; the first of a list is barkeep itself, without a name.
type completed struct {
	name, help string
	options    []option
}

// option is a flag of a command, or an argument when it has no name.
type option struct {
	name, help, short string // short is empty for most
	label             string // what its value is, for people
	takes             taken
	values            []string // of a choice or a list
	again             bool     // it may be given several times
}

// taken is what comes after a flag.
type taken int

const (
	takesNothing taken = iota
	takesAnything
	takesChoice // one of the values
	takesList   // several of the values, with commas between
	takesFolder
	takesFile
)

// completable reads kong's model of the command line: barkeep itself, then its commands.
func completable(root *kong.Node) []completed {
	found := []completed{complete(root)}
	found[0].name = ""
	for _, node := range root.Children {
		if node.Hidden {
			continue
		}
		found = append(found, complete(node).with(node.Children))
	}
	return found
}

// with adds the commands below a command, as a choice of its first argument, and their flags.
func (c completed) with(children []*kong.Node) completed {
	if len(children) == 0 {
		return c
	}
	choice := option{label: "command", help: "What to do.", takes: takesChoice}
	for _, child := range children {
		choice.values = append(choice.values, child.Name)
		for _, o := range complete(child).options {
			known := func(other option) bool { return other.name == o.name }
			if o.name != "" && !slices.ContainsFunc(c.options, known) {
				c.options = append(c.options, o)
			}
		}
	}
	c.options = append(c.options, choice)
	return c
}

// complete reads one command, with the flags that all of them have.
func complete(node *kong.Node) completed {
	c := completed{name: node.Name, help: node.Help}
	for _, argument := range node.Positional {
		o := readOption(argument, argument.Name)
		o.name = ""
		c.options = append(c.options, o)
	}
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			o := readOption(flag.Value, flag.PlaceHolder)
			if flag.Short != 0 {
				o.short = string(flag.Short)
			}
			c.options = append(c.options, o)
		}
	}
	return c
}

// readOption tells from a value's type, its placeholder (DIR, FILE) and its name what a shell can offer for it.
func readOption(v *kong.Value, placeholder string) option {
	o := option{name: v.Name, help: v.Help, label: placeholder, takes: takesAnything, again: v.IsCumulative()}
	if o.label == "" {
		o.label = v.Name
	}
	switch {
	case v.IsBool():
		o.takes = takesNothing
	case v.Enum != "":
		o.takes, o.values = takesChoice, v.EnumSlice()
	case v.Name == "timeframe":
		o.takes, o.values = takesList, timeframes()
	case v.Tag.Type == "existingdir" || placeholder == "DIR":
		o.takes = takesFolder
	case v.Tag.Type == "existingfile" || placeholder == "FILE" || placeholder == "PATH":
		o.takes = takesFile
	}
	return o
}
