// Package view holds the JSON shapes of runs, cells, slots and series. /status, /api/v1 and the command line show the same
// ones.
package view
