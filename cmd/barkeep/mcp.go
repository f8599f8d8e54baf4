package main

import (
	"errors"
	"io"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"barkeep/app"
	"barkeep/mcp"
	"barkeep/yahoo"
)

// mcpCommand serves the archive to a language model.
type mcpCommand struct{}

// Help is the text below the flags.
func (c *mcpCommand) Help() string {
	return "It speaks the Model Context Protocol on its standard input and output, for the program that starts it: give that " +
		"program the command \"barkeep mcp\" and DATABASE_URL. It only reads, and asks the provider for nothing."
}

// Run carries the command out.
func (c *mcpCommand) Run(p *process) error {
	found := false
	p.log = logAll
	err := p.reading(func(s setup, names naming, archive app.ReadOnly) error {
		found = true
		reader, err := app.NewReader(archive, s.options())
		if err != nil {
			return err
		}
		server, err := mcp.New(mcp.Config{
			Archive: archive, Reader: reader, Serves: yahoo.Capabilities(), Resolve: yahoo.Resolve, Views: names.Renderer, Now: s.now,
			Version: version,
		})
		if err != nil {
			return err
		}
		err = server.Run(p.ctx, &sdk.StdioTransport{})
		if errors.Is(err, io.EOF) || p.ctx.Err() != nil { // who started it has ended it
			err = nil
		}
		return err
	})
	if err == nil && !found {
		return exit(exitFailed)
	}
	return err
}
