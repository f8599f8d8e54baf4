// Package term is how what people read looks, the same in all commands: how wide it may be, colours by what they mean, tables
// that fit, words for ages and times. It knows nothing of archives and runs.
//
// Nothing is wider than the screen: columns that matter least are left out, texts go on in the next line, and no word is cut.
// What is longer than a line without a blank, such as a path, stays whole: it is there to be copied.
package term
