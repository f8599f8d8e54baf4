// Package yahoo fetches bars from the chart endpoint of Yahoo Finance and says what it answered in the types of package
// market. docs/PROVIDER.md describes the provider.
//
// It has three parts that can be used alone: Decode turns a body into columns exactly as served; Chart.Closed applies the
// provider's row rules and leaves closed, distinct, flagged bars; Client puts both behind pacing, a shared budget, retries
// and a circuit breaker.
package yahoo
