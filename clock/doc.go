// Package clock judges the clock of this process by others: the database's, and the one that the provider dates its answers by.
// A process whose clock is minutes off runs nothing, since it would run slots before their time and store bars that are still
// forming; one that is off by less says so. Of all clocks the one counts by which a bar closes later.
package clock
