package main

// actionsCommand shows the corporate actions of instruments and changes them.
type actionsCommand struct {
	List   actionsList   `cmd:"" default:"withargs" help:"Show them; the word list may be left out."`
	Add    actionsAdd    `cmd:"" help:"Add an action that the provider forgot; a split restates what is stored."`
	Remove actionsRemove `cmd:"" help:"Take back an action that was wrong."`
}
