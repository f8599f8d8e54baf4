package server

import (
	"errors"
	"fmt"
)

// Limits bound what all clients together can cost. The defaults keep a worker below half of the 512 MiB that its container has.
type Limits struct {
	Connections int // open at once; 1,792 by default
	Waiting     int // requests that wait for a slot; 512 by default
	Requests    int // others, those that wait for their turn included; 512 by default
	AtOnce      int // of Requests; 32 by default
	Readers     int // requests for bars, those that wait for their turn included; 256 by default
	Monitors    int // requests for /readyz and /metrics, of which 8 go on at once; 256 by default
}

// monitorsAtOnce is how many of Monitors are answered at once.
const monitorsAtOnce = 8

// withDefaults fills what was left zero.
func (l Limits) withDefaults() Limits {
	for _, field := range []struct {
		value *int
		def   int
	}{{&l.Connections, 1792}, {&l.Waiting, 512}, {&l.Requests, 512}, {&l.AtOnce, 32}, {&l.Readers, 256}, {&l.Monitors, 256}} {
		if *field.value == 0 {
			*field.value = field.def
		}
	}
	return l
}

// check holds the limits to each other: requests that hold their connections must be fewer than connections.
func (l Limits) check() error {
	l = l.withDefaults()
	if min(l.Connections, l.Waiting, l.Requests, l.AtOnce, l.Readers, l.Monitors) < 1 {
		return fmt.Errorf("limits %+v: accepted are numbers of 1 or more", l)
	}
	if l.Connections <= l.Waiting+l.Requests+l.Readers+l.Monitors {
		return errors.New("limits: Connections must be more than Waiting, Requests, Readers and Monitors together, so that a monitor " +
			"finds room")
	}
	return nil
}
