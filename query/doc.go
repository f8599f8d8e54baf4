// Package query is the one way in which stored bars are read for people and programs: a request names a series, a window, a
// limit and which end of the window is wanted; the answer holds the bars and says where they came from. The newest bars come
// from what this process read lately, or from the cache, when these answer exactly as the archive would, and from the archive
// in every other case. Runs, slots and the status of an archive are read here too, for the command line and HTTP alike.
package query
