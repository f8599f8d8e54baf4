// Package redis keeps what Barkeep may lose: the cache of the newest bars, leases, the request budget that all
// processes share, and the markers of the slots. It lives in Redis (one server, a cluster, or a primary that sentinels
// watch), or inside this process when no URL is given; losing it costs speed, never data.
//
// The keys, all of which a person can read with redis-cli (the prefix is "barkeep" by default):
//
//	{prefix}:candles:{instrument}:{timeframe}  string, JSON: the newest bars of a series
//	{prefix}:lease:{name}                      string, JSON: who holds the lease; gone when nobody does
//	{prefix}:fence:{name}                      string, integer: the last fencing number given out
//	{prefix}:run:{job}:{date}:{slot}           string, JSON: a ledger.Marker, who runs the slot or that it is done
//	{prefix}:budget:{name}                     hash: next (server time, µs), day (days since 1970, UTC), used
//
// Every question touches one key, so that a Redis Cluster takes it as it is; its keys lie on all nodes. The braces above are
// not part of the names, so there are no hash tags.
package redis
