package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// environment is what the process was started in, as far as its variables and its file system tell.
type environment struct {
	container bool
	file      string            // the compose file that started it; empty for none
	defaults  map[string]string // what that file sets, unless .env or the shell says otherwise, for servers that it starts
	off       map[string]string // the same for servers whose profile is switched off
}

// composeService is a variable that names a server, and the service of the compose files that it names by default.
type composeService struct{ key, service, profile string }

// The servers that a compose file brings.
func postgresService() composeService { return composeService{"DATABASE_URL", "postgres", "bundled"} }
func redisService() composeService    { return composeService{"REDIS_URL", "redis", "bundled"} }

// readEnvironment reads what the image and the compose files say in BARKEEP_CONTAINER, BARKEEP_COMPOSE_FILE,
// BARKEEP_COMPOSE_PROFILES (a profile that is off starts no server) and BARKEEP_COMPOSE_DATABASE_URL, _REDIS_URL.
func readEnvironment(environ []string) environment {
	values := make(map[string]string, len(environ))
	for _, pair := range environ {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	env := environment{
		container: inContainer(values), file: values["BARKEEP_COMPOSE_FILE"],
		defaults: map[string]string{}, off: map[string]string{},
	}
	profiles, selective := values["BARKEEP_COMPOSE_PROFILES"]
	for _, s := range []composeService{postgresService(), redisService()} {
		preset := values["BARKEEP_COMPOSE_"+s.key]
		switch {
		case preset == "":
		case selective && !slices.Contains(strings.Split(profiles, ","), s.profile):
			env.off[s.key] = preset
		default:
			env.defaults[s.key] = preset
		}
	}
	return env
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

// check warns where the worker uses another server than the one that its compose file starts.
func (e environment) check(s Setup) []Finding {
	var all []Finding
	for _, one := range []struct {
		service   composeService
		url, name string
	}{
		{postgresService(), s.Database.URL, s.Database.Name},
		{redisService(), s.Redis.URL, s.Redis.Name},
	} {
		key := one.service.key
		if preset, known := e.defaults[key]; known && one.url != preset && !s.unusable(key) {
			all = append(all, Finding{
				"settings", Warning,
				fmt.Sprintf("%s is %s, not %s, the service that %s starts", key, one.name, s.Redact(preset), e.file),
				"unless that is meant, remove " + key + " from .env and from the shell: both win over " + e.file,
			})
		}
	}
	return all
}

// remedy is what to do about a server that does not answer. The usual mistakes are a URL that says localhost inside a
// container, where that is the container itself, and a service that was not switched on.
func (e environment) remedy(s Setup, service composeService, address, example string) string {
	key, host := service.key, ""
	for _, h := range hosts(address) {
		if loopback(h) {
			host = h
		}
	}
	preset, known := e.defaults[key]
	switch {
	case address == e.off[key] && address != "":
		return fmt.Sprintf("%s does not start %s: add %s to COMPOSE_PROFILES in .env, or set %s to a server of your own", e.file,
			service.service, service.profile, key)
	case !e.container || host == "":
		return "see that it runs and that " + key + " names it"
	case known && address != preset:
		return fmt.Sprintf("%s says %s inside a container, which is the container itself; it comes from .env or the shell, which win "+
			"over %s: remove it there, and %s is used", key, host, e.file, s.Redact(preset))
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
