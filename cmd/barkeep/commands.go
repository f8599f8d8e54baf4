package main

import "github.com/alecthomas/kong"

// commands are what barkeep can do.
type commands struct {
	ShowVersion kong.VersionFlag `name:"version" hidden:""` // for habit; shown, it would stand in the help of every command

	Serve      serveCommand      `cmd:"" help:"Run the worker: the import at its times, and HTTP."`
	Sync       syncCommand       `cmd:"" help:"Bring the archive up to date: fetch what is new, backfill series without records."`
	Wait       waitCommand       `cmd:"" help:"Wait until a slot of the import is done, for scripts that need its data."`
	Status     statusCommand     `cmd:"" help:"Show the archive's series, newest bars and recent runs."`
	Runs       runsCommand       `cmd:"" help:"Show recent runs, or one with the evidence of its series."`
	Show       showCommand       `cmd:"" help:"Show the bars of a series: candles in the terminal, or a table."`
	Coverage   coverageCommand   `cmd:"" help:"Show how much of what is expected is there, and why the rest is not."`
	Revisions  revisionsCommand  `cmd:"" help:"Show how stored bars changed: before, after, when, by which run and why."`
	Dataset    datasetCommand    `cmd:"" help:"Pin series as they were known at an instant, and prove them again."`
	Calendar   calendarCommands  `cmd:"" help:"Show when an instrument trades: its sessions in local time, UTC and Pacific time."`
	Rebuild    rebuildCommand    `cmd:"" help:"Fold what is derived anew, and give daily bars the keys of their calendar."`
	Actions    actionsCommand    `cmd:"" help:"Show splits and dividends; add one that the provider forgot, or take back a wrong one."`
	Accept     acceptCommand     `cmd:"" help:"Go on with answers that were held back: another listing, or another scale."`
	MCP        mcpCommand        `cmd:"" name:"mcp" help:"Serve the archive to a language model, by the Model Context Protocol on stdin and stdout."`
	Doctor     doctorCommand     `cmd:"" help:"Check the set-up and say what to do about what is wrong."`
	Notify     notifyCommand     `cmd:"" help:"Try whether notices arrive: send one to every address, and ping the heartbeat."`
	Health     healthCommand     `cmd:"" help:"Ask a running worker whether it can do its work."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the archive's schema up to date; sync does this by itself."`
	Import     importCommand     `cmd:"" help:"Take bars in from files: what fills gaps is stored, what contradicts is listed."`
	Heal       healCommand       `cmd:"" help:"Fill gaps from another archive, or from a running Barkeep, where both agree."`
	Verify     verifyCommand     `cmd:"" help:"Digest the archive month by month, find faults, and compare it with another one."`
	Backup     backupCommand     `cmd:"" help:"Copy the embedded archive into a file while a worker runs, and check the copy."`
	Export     exportCommand     `cmd:"" help:"Write bars into a folder that DuckDB and Spark read, or into one file: CSV, Parquet or Arrow."`
	Demo       demoCommand       `cmd:"" help:"Run everything offline: fake provider, a dozen futures, a temporary archive."`
	Provider   providerCommand   `cmd:"" help:"Serve the fake provider on a port, for tests and replays."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Completion completionCommand `cmd:"" help:"Print what teaches a shell to complete barkeep's commands and flags."`
}
