package main

// Run is what the command does.
func Run(args ...string) error { return run(args) }
