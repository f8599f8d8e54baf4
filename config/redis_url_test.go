package config_test

import (
	"strings"
	"testing"
)

func TestRedisURLs(t *testing.T) {
	t.Parallel()
	for url, shown := range map[string]string{
		"redis://u:hunter2@h:6379/0":                             "redis://u:xxxxx@h:6379/0",
		"unix:///run/redis.sock?db=1":                            "unix:///run/redis.sock?db=1",
		"redis+cluster://h1:6379?addr=h2:6379":                   "redis+cluster://h1:6379?addr=h2:6379",
		"rediss+cluster://u:hunter2@h1:6379?addr=h2:6379":        "rediss+cluster://u:xxxxx@h1:6379?addr=h2:6379",
		"redis+sentinel://h:26379/0?master_name=m&addr=h2:26379": "redis+sentinel://h:26379/0?master_name=m&addr=h2:26379",
		"rediss+sentinel://u:hunter2@h:26379?master_name=m&username=w&password=hunter2": "rediss+sentinel://u:xxxxx@h:26379" +
			"?master_name=m&username=w&password=xxxxx",
		"redis+sentinel://h:1?sentinel_password=hunter2&master_name=m": "redis+sentinel://h:1?sentinel_password=xxxxx&master_name=m",
		"redis+sentinel://h:1?Password=hunter2":                        "redis+sentinel://h:1?Password=xxxxx",
		"redis+sentinel://h:1?pass%77ord=hunter2&password=hun%26ter2":  "redis+sentinel://h:1?pass%77ord=xxxxx&password=xxxxx",
		// Odd characters that were not percent-encoded.
		"redis+sentinel://h:1?password=hun;ter2&db=1": "redis+sentinel://h:1?password=xxxxx&db=1",
		"redis+sentinel://h:1?password=hun&ter2&db=1": "redis+sentinel://h:1?password=xxxxx&xxxxx&db=1",
		"redis+sentinel://h:1?password=hun#ter2":      "redis+sentinel://h:1?password=xxxxx#xxxxx",
		"redis+sentinel://h:1?password=hun=ter2":      "redis+sentinel://h:1?password=xxxxx",
	} {
		c, err := load(t, []string{"REDIS_URL=" + url}, "")
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if c.RedisName() != shown {
			t.Errorf("%s is shown as %s, want %s", url, c.RedisName(), shown)
		}
	}
}

func TestRedisURLsThatNameNoServer(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"redis+ring://h", "cluster://h", "redis+cluster:h", "redis+cluster://", "redis+sentinel:///0?master_name=m", "h:6379",
		"unix+cluster:///s", "redis+cluster://:hunter2@h:x",
	} {
		_, err := load(t, []string{"REDIS_URL=" + url}, "")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
			continue
		}
		for _, part := range []string{"REDIS_URL", "redis://host", "redis+cluster://host", "redis+sentinel://host", "master_name="} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not say %q: %v", url, part, err)
			}
		}
	}
}
