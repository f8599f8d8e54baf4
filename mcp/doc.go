// Package mcp serves an archive to language models by the Model Context Protocol (https://modelcontextprotocol.io): bars,
// coverage, runs, actions, calendars and what is stored. Every answer says how complete it is and as of when; what is not there
// is an error that says what is, so that nothing has to be guessed. It reads only.
package mcp
