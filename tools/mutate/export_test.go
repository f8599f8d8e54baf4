package main

import (
	"context"
	"io"
)

// Run carries out a command line.
func Run(ctx context.Context, out io.Writer, args ...string) error { return run(ctx, args, out) }
