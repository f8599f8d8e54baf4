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
)

// version is stamped by the Makefile.
var version = "dev"

// commands are what barkeep can do.
type commands struct {
	ShowVersion kong.VersionFlag `name:"version" hidden:""` // for habit; shown, it would stand in the help of every command

	Serve      serveCommand      `cmd:"" help:"Run the worker: the import at its times, and HTTP."`
	Sync       syncCommand       `cmd:"" help:"Bring the archive up to date: fetch what is new, backfill series without records."`
	Status     statusCommand     `cmd:"" help:"Show the archive's series, newest bars and recent runs."`
	Import     importCommand     `cmd:"" help:"Take bars in from files: what fills gaps is stored, what contradicts is listed."`
	Heal       healCommand       `cmd:"" help:"Fill gaps from another archive, or from a running Barkeep, where both agree."`
	Runs       runsCommand       `cmd:"" help:"Show recent runs, or one with the evidence of its series."`
	Coverage   coverageCommand   `cmd:"" help:"Show how much of what is expected is there, and why the rest is not."`
	Revisions  revisionsCommand  `cmd:"" help:"Show how stored bars changed: before, after, when, by which run and why."`
	Dataset    datasetCommand    `cmd:"" help:"Pin series as they were known at an instant, and prove them again."`
	Calendar   calendarCommands  `cmd:"" help:"Show when an instrument trades: its sessions in local time, UTC and Pacific time."`
	Rebuild    rebuildCommand    `cmd:"" help:"Fold what is derived anew, and give daily bars the keys of their calendar."`
	Actions    actionsCommand    `cmd:"" help:"Show splits and dividends; add one that the provider forgot, or take back a wrong one."`
	Accept     acceptCommand     `cmd:"" help:"Go on with answers that were held back: another listing, or another scale."`
	Doctor     doctorCommand     `cmd:"" help:"Check the set-up and say what to do about what is wrong."`
	Health     healthCommand     `cmd:"" help:"Ask a running worker whether it can do its work."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the archive's schema up to date; sync does this by itself."`
	Verify     verifyCommand     `cmd:"" help:"Digest the archive month by month, find faults, and compare it with another one."`
	Backup     backupCommand     `cmd:"" help:"Copy the embedded archive into a file while a worker runs, and check the copy."`
	Demo       demoCommand       `cmd:"" help:"Run everything offline: fake provider, a dozen futures, a temporary archive."`
	Provider   providerCommand   `cmd:"" help:"Serve the fake provider on a port, for tests and replays."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Completion completionCommand `cmd:"" help:"Print what teaches a shell to complete barkeep's commands and flags."`
}

// process is what a command gets from the outside.
type process struct {
	ctx      context.Context
	environ  []string
	out, err io.Writer
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

// run parses and carries out one command line and returns its exit code.
func run(args []string, p *process) int {
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
	parsed, err := parser.Parse(args)
	if done >= 0 {
		return done
	}
	if err != nil {
		fmt.Fprintf(p.err, "barkeep: %s (barkeep --help lists what there is)\n", p.secrets.Text(err.Error()))
		return exitUsage
	}
	err = parsed.Run(p)
	var code exit
	if errors.As(err, &code) {
		return int(code)
	}
	if err != nil {
		fmt.Fprintln(p.err, "barkeep:", p.secrets.Text(message(err)))
	}
	return exitCode(err)
}
