package redis_test

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/store/redis"
)

func TestMalformedURLsOfSetsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"redis+ring://h:1":                                      "its scheme is not known",
		"unix+cluster:///s":                                     "its scheme is not known",
		"redis+cluster+sentinel://h:1":                          "its scheme is not known",
		"redis+cluster:h:1":                                     "its scheme is not known",
		"redis+cluster://h1:1,h2:2":                             "it names several hosts",
		"redis+cluster://h1,h2":                                 "it names several hosts",
		"redis+cluster://h1:x":                                  "further hosts belong into addr=",
		"redis+cluster://h:1?a=%zz":                             "options cannot be taken apart",
		"redis+cluster://h:1?a=1;b=2":                           "options cannot be taken apart",
		"redis+cluster://":                                      "names no host",
		"redis+cluster://:7000":                                 "names no host",
		"redis+sentinel:///0?master_name=m":                     "names no host",
		"redis+cluster://h:1/0":                                 "a cluster has no numbered databases",
		"redis+cluster://h:1?db=0":                              `option "db" is not known`,
		"redis+cluster://h:1?addr=h2":                           "an addr is not host:port",
		"redis+cluster://h:1?addr=h2:x":                         "an addr is not host:port",
		"redis+cluster://h:1?addr=h2:2,h3:3":                    "an addr is not host:port",
		"redis+cluster://h:1?addr=":                             "an addr is not host:port",
		"redis+cluster://h:1?addr=h:70000":                      "an addr is not host:port",
		"redis+cluster://h:1?pool_siz=3":                        `option "pool_siz" is not known`,
		"redis+cluster://h:1?pool_size=three":                   "option pool_size cannot have this value",
		"redis+cluster://h:1?pool_size=-1":                      "option pool_size is -1: accepted is 0 to 1000000",
		"redis+cluster://h:1?max_redirects=-5":                  "option max_redirects is -5: accepted is -1 to 1000000",
		"redis+cluster://h:1?read_timeout=soon":                 "option read_timeout cannot have this value",
		"redis+cluster://h:1?read_only=true":                    "option read_only reads from replicas",
		"redis+cluster://h:1?route_randomly=1":                  "option route_randomly reads from replicas",
		"redis+cluster://h:1?master_name=m":                     `option "master_name" is not known`,
		"redis+cluster://h:1#x":                                 "a # that is not percent-encoded",
		"redis+sentinel://h:1":                                  "master_name is missing",
		"redis+sentinel://h:1/0?master_name=":                   "master_name is missing",
		"redis+sentinel://h:1/x?master_name=m":                  "it names no database by its number",
		"redis+sentinel://h:1?master_name=m&db=x":               "option db cannot have this value",
		"redis+sentinel://h:1?master_name=m&route_by_latency=1": "option route_by_latency reads from replicas",
		"redis+sentinel://h:1?master_name=m&replica_only=true":  "option replica_only reads from replicas",
		"redis+sentinel://h:1?master_name=m&skip_verify=true":   `option "skip_verify" is not known`, // without TLS
		"redis://h:1?min_idle_conns=3000000000":                 "option min_idle_conns is 3000000000",
	} {
		s, err := redis.Open(t.Context(), redis.Config{URL: url, Now: time.Now})
		if !errors.Is(err, redis.ErrURL) || s != nil {
			t.Errorf("Open(%q): %v, want ErrURL", url, err)
			continue
		}
		for _, part := range []string{
			want, "redis+cluster://[user:password@]host:6379?addr=", "redis+sentinel://host:26379/0?master_name=NAME",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Open(%q): the error does not say %q: %v", url, part, err)
			}
		}
	}
}

func TestMalformedURLsOfSetsShowNoPassword(t *testing.T) {
	t.Parallel()
	const sentinel = "redis+sentinel://sentinel:hunter2@h:1/0?"
	for _, url := range []string{
		"redis+cluster://u:hunter2@h:1/3", "redis+cluster://u:hun/ter2@h:1", "redis+cluster://u:hun#ter2@h:1",
		"redis+cluster://u:hun?ter2@h:1", "redis+cluster://u:hunter2@h:1?addr=u:hunter2@h2:2",
		"redis+cluster://h:1?addr=:hunter2@h2:2", "redis+cluster://h:1?hunter2@h2", "redis+cluster://h:1?password=hunter2",
		"redis+cluster://:hunter2@h:x",
		sentinel, sentinel + "master_name=m&sentinel_password=hunter2", sentinel + "password=hunter2",
		sentinel + "master_name=m&password=hun&ter2", sentinel + "master_name=m&password=hun#ter2",
		sentinel + "master_name=m&password=hun;ter2", sentinel + "password=hunter2&master_name=m&pool_size=x",
		sentinel + "master_name=m&Password=hunter2", sentinel + "master_name=m&password=hun&ter2=x",
		"redis+sentinel://h:1?pass%77ord=hunter2", "redis+sentinel://h:1?%50assword=hunter2&a=%zz",
	} {
		s, err := redis.Open(t.Context(), redis.Config{URL: url, Now: time.Now})
		if !errors.Is(err, redis.ErrURL) || s != nil {
			t.Errorf("Open(%q): %v, want ErrURL", url, err)
			continue
		}
		for _, secret := range []string{"hunter2", "hun&", "hun#", "hun;", "ter2"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows %s: %v", secret, err)
			}
		}
	}
}

// clientOf opens a client of a URL where nobody listens, and returns what the client was told.
func clientOf[T any](t *testing.T, url string) (T, time.Duration) {
	t.Helper()
	s := open(t, url)
	client, ok := s.Client().(T)
	if !ok {
		t.Fatalf("%s gives a %T", url, s.Client())
	}
	return client, s.Timeout()
}

func TestOptionsOfURLsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	cluster, timeout := clientOf[*goredis.ClusterClient](t,
		"rediss+cluster://u:p%40ss@127.0.0.1:1?addr=127.0.0.2:1&addr=[::1]:1&pool_size=7&read_timeout=600ms&max_redirects=5"+
			"&read_only=false")
	c := cluster.Options()
	if timeout != 600*time.Millisecond || c.Username != "u" || c.Password != "p@ss" || c.PoolSize != 7 || c.MaxRedirects != 5 ||
		!slices.Equal(c.Addrs, []string{"127.0.0.1:1", "127.0.0.2:1", "[::1]:1"}) || c.TLSConfig.ServerName != "127.0.0.1" {
		t.Errorf("the cluster's client has %+v and a time-out of %s", c, timeout)
	}
	if c.ReadTimeout > timeout || c.DialTimeout > timeout || !c.ContextTimeoutEnabled || c.MaxRetries != -1 {
		t.Errorf("a try of the cluster's client takes up to %s and %s", c.DialTimeout, c.ReadTimeout)
	}
	failover, timeout := clientOf[*goredis.Client](t,
		"redis+sentinel://127.0.0.1:1/3?master_name=m&username=u&password=p&pool_size=7&read_timeout=1")
	o := failover.Options()
	if timeout != time.Second || o.DB != 3 || o.Username != "u" || o.Password != "p" || o.PoolSize != 7 || o.TLSConfig != nil ||
		!o.ContextTimeoutEnabled || o.ReadTimeout != time.Second {
		t.Errorf("the client behind sentinels has %+v and a time-out of %s", o, timeout)
	}
	failover, timeout = clientOf[*goredis.Client](t, "REDISS+SENTINEL://127.0.0.1:1?master_name=m&skip_verify=true&db=2")
	if o := failover.Options(); timeout != redis.DefaultTimeout || o.DB != 2 || o.TLSConfig == nil ||
		!o.TLSConfig.InsecureSkipVerify || o.TLSConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("the client behind sentinels with TLS has %+v and a time-out of %s", o, timeout)
	}
}
