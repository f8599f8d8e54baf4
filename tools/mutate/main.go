// Command mutate changes one thing at a time in the packages that it is given, such as an operator, a condition, a statement or a
// result, and runs their tests on each change: a mutant that no test fails on has survived, and shows what is not tested. The
// source stays as it is (go test -overlay). Survivors are listed with their place; a score is printed for each package.
//
// The exit status is 0 whatever survived, 1 when the tests fail without a change, 2 for a wrong command line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	folder   string // of the module; empty for where the command was started
	workers  int
	list     bool
	only     *regexp.Regexp // of files
	sample   int            // how many mutants of each package are tested; 0 for all
	packages []string
	out      io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// errUsage marks a command line that cannot be used.
var errUsage = errors.New("usage: mutate [-C DIR] [-workers N] [-list] [-only REGEXP] [-sample N] PACKAGE...")

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	var all tally
	for _, name := range o.packages {
		p, err := load(ctx, o.folder, name)
		if err != nil {
			return err
		}
		counted, err := o.mutate(ctx, p)
		if err != nil {
			return err
		}
		all = all.add(counted)
	}
	if len(o.packages) > 1 && !o.list {
		fmt.Fprintf(out, "all: %s\n", all)
	}
	return nil
}

func parse(args []string, out io.Writer) (options, error) {
	o := options{out: out}
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.StringVar(&o.folder, "C", "", "the folder that packages are named from")
	flags.IntVar(&o.workers, "workers", 2, "how many mutants are tested at once")
	flags.BoolVar(&o.list, "list", false, "list the mutants and test none")
	only := flags.String("only", "", "mutate only the files whose names match this regular expression")
	flags.IntVar(&o.sample, "sample", 0, "test so many mutants of each package, evenly spread; 0 for all")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, errors.Join(errUsage, err)
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, errors.Join(errUsage, err)
	}
	if o.packages = flags.Args(); len(o.packages) == 0 || o.workers < 1 || o.sample < 0 {
		return o, errUsage
	}
	return o, nil
}

// mutate tests all mutants of one package.
func (o options) mutate(ctx context.Context, p *target) (tally, error) {
	mutants := spread(p.mutants(o.only), o.sample)
	if o.list {
		for _, m := range mutants {
			fmt.Fprintln(o.out, m)
		}
		fmt.Fprintf(o.out, "%s: %d mutants\n", p.path, len(mutants))
		return tally{}, nil
	}
	began := time.Now()
	tester, err := newTester(ctx, p)
	if err != nil {
		return tally{}, err
	}
	defer tester.close()
	counted, err := tester.testAll(ctx, mutants, o.workers, o.out)
	if err != nil {
		return tally{}, err
	}
	fmt.Fprintf(o.out, "%s: %s; %s\n", p.path, counted, time.Since(began).Round(time.Second))
	return counted, nil
}

// spread picks n of the mutants, evenly over the source; all of them when n is 0.
func spread(mutants []mutant, n int) []mutant {
	if n == 0 || n >= len(mutants) {
		return mutants
	}
	picked := make([]mutant, n)
	for i := range picked {
		picked[i] = mutants[i*len(mutants)/n]
	}
	return picked
}
