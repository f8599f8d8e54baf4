package main

import "fmt"

// verdict is what became of a mutant.
type verdict int

// The verdicts.
const (
	killed     verdict = iota // a test failed, or did not end
	survived                  // every test passed
	uncovered                 // no test runs the place
	uncompiled                // it is no program, and says nothing
)

// tally counts verdicts.
type tally [4]int

func (t tally) add(other tally) tally {
	for i := range t {
		t[i] += other[i]
	}
	return t
}

// String gives the counts and the score: the share that was killed of what could be.
func (t tally) String() string {
	lived := t[survived] + t[uncovered]
	text := fmt.Sprintf("%d killed, %d survived (%d of them where no test runs), %d did not compile", t[killed], lived, t[uncovered],
		t[uncompiled])
	if all := t[killed] + lived; all > 0 {
		text += fmt.Sprintf("; score %.1f%%", 100*float64(t[killed])/float64(all))
	}
	return text
}
