package app

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"barkeep/config"
)

// surroundings are what the process was started in, as far as its environment and its file system tell.
type surroundings struct {
	container bool
	file      string            // the compose file that started it; "" for none
	defaults  map[string]string // what that file sets, unless .env or the shell says otherwise, for servers that it starts
	off       map[string]string // the same for servers whose profile is switched off
}

// composeService is a variable that names a server, and the service of the compose files that is meant.
type composeService struct{ key, service, profile string }

// The servers that a compose file brings.
func postgresService() composeService { return composeService{"DATABASE_URL", "postgres", "bundled"} }
func redisService() composeService    { return composeService{"REDIS_URL", "redis", "bundled"} }

func services() []composeService { return []composeService{postgresService(), redisService()} }

// readSurroundings reads what the image and the compose files say in BARKEEP_CONTAINER, BARKEEP_COMPOSE_FILE,
// BARKEEP_COMPOSE_PROFILES (a profile that is off starts no server) and BARKEEP_COMPOSE_DATABASE_URL, _REDIS_URL.
func readSurroundings(environ []string) surroundings {
	values := make(map[string]string, len(environ))
	for _, pair := range environ {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	at := surroundings{
		container: inContainer(values), file: values["BARKEEP_COMPOSE_FILE"],
		defaults: map[string]string{}, off: map[string]string{},
	}
	profiles, selective := values["BARKEEP_COMPOSE_PROFILES"]
	for _, s := range services() {
		meant := values["BARKEEP_COMPOSE_"+s.key]
		switch {
		case meant == "":
		case selective && !slices.Contains(strings.Split(profiles, ","), s.profile):
			at.off[s.key] = meant
		default:
			at.defaults[s.key] = meant
		}
	}
	return at
}

// inContainer tells whether this process runs in a container.
func inContainer(values map[string]string) bool {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return values["KUBERNETES_SERVICE_HOST"] != "" || values["BARKEEP_CONTAINER"] == "true"
}

// check reports values that win over others without anybody seeing it: of .env over a compose file, of the environment over
// .env, of a secret's file over its variable.
func (s surroundings) check(c config.Config) []Finding {
	var all []Finding
	for _, o := range c.Overrides {
		all = append(all, found("settings", fmt.Sprintf("%s is set twice: %s wins over %s", o.Key, o.Winner, o.Loser)))
	}
	for _, service := range services() {
		used := given(c, service.key)
		if meant, ok := s.defaults[service.key]; ok && used != meant {
			all = append(all, Finding{
				"settings", FindingWarn,
				fmt.Sprintf("%s is %s, not %s, the service that %s starts", service.key, shown(c, service.key), config.Redact(meant), s.file),
				"unless that is meant, remove " + service.key + " from .env and from the shell: both win over " + s.file,
			})
		}
	}
	return all
}

// given is what the configuration says for a variable that names a server, and shown is the same without its password.
func given(c config.Config, key string) string {
	if key == "REDIS_URL" {
		return c.RedisURL
	}
	return c.DatabaseURL
}

func shown(c config.Config, key string) string {
	if key == "REDIS_URL" {
		return c.RedisName()
	}
	return c.DatabaseName()
}

// elsewhere is the remedy for a server that does not answer. The usual mistakes are a URL that says localhost inside a
// container, where that is the container itself, and a service that was not switched on.
func (s surroundings) elsewhere(c config.Config, service composeService, example string) string {
	key, used := service.key, given(c, service.key)
	host := ""
	for _, h := range hosts(used) {
		if loopback(h) {
			host = h
		}
	}
	meant, ok := s.defaults[key]
	switch {
	case used == s.off[key] && used != "":
		return fmt.Sprintf("%s does not start %s: add %s to COMPOSE_PROFILES in .env, or set %s to a server of your own", s.file,
			service.service, service.profile, key)
	case !s.container || host == "":
		return "see that it runs and that " + key + " names it"
	case ok && used != meant:
		return fmt.Sprintf("%s says %s inside a container, which is the container itself; it comes from .env or the shell, which win "+
			"over %s: remove it there, and %s is used", key, host, s.file, config.Redact(meant))
	default:
		return fmt.Sprintf("%s says %s inside a container, which is the container itself: use the service's name, such as %s, "+
			"or host.docker.internal for a server on the machine around it", key, host, example)
	}
}

// hosts are the hosts that a URL names: one, or with addr=host:port in its query, as for a Redis Cluster, several.
func hosts(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	all := []string{u.Hostname()}
	for _, more := range u.Query()["addr"] {
		if host, _, err := net.SplitHostPort(more); err == nil {
			all = append(all, host)
		}
	}
	return all
}

// loopback tells whether a host is the machine, or the container, that asks.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && (ip.IsLoopback() || ip.IsUnspecified()))
}

// onImage tells whether a path lies in the container's own layers, which go with the container, rather than on a volume.
func (s surroundings) onImage(path string) bool {
	if !s.container {
		return false
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false // nothing is known
	}
	defer mounts.Close() //nolint:errcheck // it was only read
	longest := ""
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		// Its fifth field is where the file system is mounted (proc_pid_mountinfo(5)).
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && within(path, fields[4]) && len(fields[4]) > len(longest) {
			longest = fields[4]
		}
	}
	return longest == "/"
}

// within tells whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
