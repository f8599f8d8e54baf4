// Command barkeep keeps a complete, correct archive of market candles.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"barkeep/config"
	"barkeep/term"
)

// version is stamped by the Makefile.
var version = "dev"

// process is what a command gets from the outside.
type process struct {
	ctx      context.Context
	environ  []string
	out, err io.Writer
	log      wantedLog
	secrets  *config.Redactor // for what is printed; nil until the configuration was read
}

// exit is a command's way to end with a code that is no error, such as a partial run that was fully reported.
type exit int

// Error is never shown.
func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(os.Args[1:], &process{ctx: ctx, environ: os.Environ(), out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// complaints is where errors are told: in a pipe in one line each, on a terminal in as many as it takes.
func (p *process) complaints() io.Writer {
	if s := term.Of(p.err, p.environ); s.Live {
		return term.Fit(s)
	}
	return p.err
}

// run parses and carries out one command line and returns its exit code.
func run(args []string, p *process) int {
	p.out = term.Of(p.out, p.environ)
	done := -1 // set when kong has answered by itself, as it does for --help
	parser, err := kong.New(&commands{}, kong.Name("barkeep"), kong.Vars{"version": "barkeep " + version}, kong.UsageOnError(),
		kong.Description("Barkeep keeps your bars: a complete, correct archive of market candles."), kong.Writers(p.out, p.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Exit(func(code int) { done = code }))
	if err != nil {
		fmt.Fprintln(p.err, "barkeep:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(ahead(args))
	if done >= 0 {
		return done
	}
	if err != nil {
		fmt.Fprintf(p.complaints(), "barkeep: %s (barkeep --help lists what there is)\n", p.secrets.Text(err.Error()))
		return exitUsage
	}
	err = parsed.Run(p)
	var code exit
	if errors.As(err, &code) {
		return int(code)
	}
	if err != nil {
		fmt.Fprintln(p.complaints(), "barkeep:", p.secrets.Text(message(err)))
	}
	return exitCode(err)
}
