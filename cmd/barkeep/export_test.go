package main

import (
	"context"
	"io"
)

// Run carries out one command line in this process and returns its exit code.
func Run(ctx context.Context, environ []string, out, err io.Writer, args ...string) int {
	return run(args, &process{ctx: ctx, environ: environ, out: out, err: err})
}
