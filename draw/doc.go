// Package draw draws bars as text: candles on an axis of sessions for a terminal, in which closed hours take no room and absent
// bars do. It knows nothing of archives and terminals; who calls it says how wide the text may be and whether it may be
// coloured.
package draw
