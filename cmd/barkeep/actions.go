package main

// actionsCommand shows the corporate actions of instruments and changes them.
type actionsCommand struct {
	List actionsList `cmd:"" default:"withargs" help:"Show splits, dividends and capital gains; the word list may be left out."`
}
