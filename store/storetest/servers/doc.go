// Package servers runs throwaway PostgreSQL and Redis servers for tests.
//
// A server lives in a temporary folder and on a free port of 127.0.0.1. It ends with the process that started it, however
// that one ends: Close removes everything, and a guard (see guard.go) does the same when the process is killed before it
// could. Tests use RunPostgres, RunRedis, RunRedisCluster and RunRedisSentinel, which fail the test when there is no server to
// be had.
package servers
