// Package yahoo asks Yahoo Finance's chart endpoint for bars and tells what it answered, in the words of package
// market.
//
// Three rooms, each usable alone: Decode turns a body into columns exactly as served; Chart.Closed applies the
// provider's row rules (DESIGN.md section 5) and leaves closed, distinct, flagged bars; Client puts both behind pacing,
// a shared budget, retries and a circuit breaker.
package yahoo
