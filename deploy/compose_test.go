// Package deploy_test holds the Dockerfile, the compose files, .env.example and the pages that describe them to the program.
package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/joho/godotenv"

	"barkeep/config"
)

// The compose files, and the profiles that each has.
func composeFiles() map[string][]string {
	return map[string][]string{
		"docker-compose.dev.yml": {"offline"}, "docker-compose.yml": nil, "docker-compose.prod.yml": {"bundled", "updates"},
	}
}

// load reads a compose file as `docker compose` does, beside a .env of that text and in a shell with that environment.
func load(t *testing.T, file, dotenv string, shell ...string) *types.Project {
	t.Helper()
	folder := t.TempDir()
	env := filepath.Join(folder, ".env")
	if err := os.WriteFile(env, []byte(dotenv), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", file)},
		cli.WithWorkingDirectory(folder), cli.WithEnv(shell), cli.WithEnvFiles(env), cli.WithDotEnv, cli.WithDefaultProfiles())
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return project
}

// text reads a file of the project.
func text(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// service is a service of a project, by its name.
func service(t *testing.T, p *types.Project, name string) types.ServiceConfig {
	t.Helper()
	s, err := p.GetService(name)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return s
}

// all loads a file with every profile.
func all(t *testing.T, file, dotenv string) *types.Project {
	t.Helper()
	return load(t, file, dotenv, "COMPOSE_PROFILES="+strings.Join(composeFiles()[file], ","))
}

// TestComposeFilesPublishNothingButLoopback holds every service to the rules that the headers promise.
func TestComposeFilesPublishNothingButLoopback(t *testing.T) {
	t.Parallel()
	for file := range composeFiles() {
		for _, dotenv := range []string{"", text(t, ".env.example")} {
			p := all(t, file, dotenv)
			for name, s := range p.Services {
				for _, port := range s.Ports {
					if port.HostIP != "127.0.0.1" {
						t.Errorf("%s: %s publishes %s on %q", file, name, port.Published, port.HostIP)
					}
				}
				if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") && file == "docker-compose.prod.yml" {
					t.Errorf("%s: %s may gain privileges", file, name)
				}
				if s.MemLimit == 0 && file == "docker-compose.prod.yml" {
					t.Errorf("%s: %s has no memory limit", file, name)
				}
				if name != "password" && s.Restart != "unless-stopped" && file == "docker-compose.prod.yml" {
					t.Errorf("%s: %s restarts %q", file, name, s.Restart)
				}
			}
			s := service(t, p, "barkeep")
			if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s: barkeep has read_only %v, cap_drop %v, security_opt %v", file, s.ReadOnly, s.CapDrop, s.SecurityOpt)
			}
			// app closes within 8 s, after at most 10 s for HTTP and the schedule.
			if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < 20*time.Second {
				t.Errorf("%s: barkeep is killed after %v", file, s.StopGracePeriod)
			}
		}
	}
}

// TestBundledServersAreWaitedFor is the order of a start after a reboot.
func TestBundledServersAreWaitedFor(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"docker-compose.dev.yml", "docker-compose.prod.yml"} {
		p := all(t, file, "")
		for _, server := range []string{"postgres", "redis"} {
			if got := service(t, p, "barkeep").DependsOn[server].Condition; got != types.ServiceConditionHealthy {
				t.Errorf("%s: barkeep waits for %s to be %q", file, server, got)
			}
			if check := service(t, p, server).HealthCheck; check == nil || len(check.Test) == 0 {
				t.Errorf("%s: %s has no health check", file, server)
			}
		}
	}
	p := load(t, "docker-compose.prod.yml", "")
	if names := p.ServiceNames(); !slices.Equal(names, []string{"barkeep"}) {
		t.Errorf("without a profile docker-compose.prod.yml starts %v, want barkeep alone", names)
	}
	for name, wait := range service(t, p, "barkeep").DependsOn {
		if wait.Required {
			t.Errorf("without a profile it still needs %s", name)
		}
	}
	p = load(t, "docker-compose.prod.yml", text(t, ".env.example"))
	if names := p.ServiceNames(); !slices.Equal(names, []string{"barkeep", "password", "postgres", "redis"}) {
		t.Errorf(".env.example starts %v", names)
	}
	if !slices.Contains(service(t, p, "redis").Command, "--appendonly") {
		t.Error("the bundled Redis keeps no AOF")
	}
	if command := service(t, p, "redis").Command; !slices.Contains(command, "noeviction") {
		t.Errorf("the bundled Redis may evict markers: %v", command)
	}
}

// exempt are the variables that the image sets, and .env does not change; and the one by which commands elsewhere reach the worker.
func exempt(name string) bool {
	return name == "DATA_DIR" || name == "HTTP_ADDR" || name == "BARKEEP_SERVER"
}

// TestEveryVariableReachesTheContainer holds the compose files to the configuration, in both directions.
func TestEveryVariableReachesTheContainer(t *testing.T) {
	t.Parallel()
	var known []string
	for _, name := range config.Variables() {
		if !exempt(name) {
			known = append(known, name)
		}
	}
	for _, name := range config.Secrets() {
		known = append(known, name+"_FILE")
	}
	own := regexp.MustCompile(`^(BARKEEP_COMPOSE_.*|GOMEMLIMIT)$`)
	for file := range composeFiles() {
		shell := make([]string, len(known))
		for i, name := range known {
			shell[i] = name + "=set by the shell: " + name
		}
		got := service(t, load(t, file, "", shell...), "barkeep").Environment
		for _, name := range known {
			if got[name] == nil || *got[name] != "set by the shell: "+name {
				t.Errorf("%s: %s does not reach the container", file, name)
			}
		}
		for name := range got {
			if !slices.Contains(known, name) && !own.MatchString(name) {
				t.Errorf("%s: %s is no variable of the configuration", file, name)
			}
		}
	}
}

// TestDotEnvWins is what the headers say in capitals, and what the old system's .env did silently.
func TestDotEnvWins(t *testing.T) {
	t.Parallel()
	for file := range composeFiles() {
		for _, key := range []string{"DATABASE_URL", "REDIS_URL"} {
			for _, value := range []string{"postgres://own/x", ""} {
				got := service(t, load(t, file, key+"="+value+"\n"), "barkeep").Environment[key]
				if got == nil || *got != value {
					t.Errorf("%s: %s=%s in .env gives %v", file, key, value, got)
				}
			}
			got := service(t, load(t, file, key+"=from .env\n", key+"=from the shell"), "barkeep").Environment[key]
			if got == nil || *got != "from the shell" {
				t.Errorf("%s: the shell does not win over .env: %v", file, got)
			}
		}
		plain := service(t, load(t, file, ""), "barkeep").Environment
		for _, key := range []string{"DATABASE_URL", "REDIS_URL"} {
			if told, ok := plain["BARKEEP_COMPOSE_"+key]; ok && *told != *plain[key] {
				t.Errorf("%s: doctor is told that %s is %s, and it is %s", file, key, *told, *plain[key])
			}
		}
		if named := plain["BARKEEP_COMPOSE_FILE"]; named == nil || *named != file {
			t.Errorf("%s says it is %v", file, named)
		}
	}
}

// TestEnvExampleHasEveryVariable holds .env.example to the configuration, its defaults, and what the compose files read.
func TestEnvExampleHasEveryVariable(t *testing.T) {
	t.Parallel()
	example := text(t, ".env.example")
	line := regexp.MustCompile(`(?m)^(#?)([A-Z_]+)=(.*)$`)
	given := map[string]string{}
	for _, m := range line.FindAllStringSubmatch(example, -1) {
		given[m[2]] = m[3]
		if m[1] == "" && m[2] != "COMPOSE_PROFILES" {
			t.Errorf(".env.example sets %s: who copies it would not get later defaults", m[2])
		}
	}
	known := map[string]string{}
	for field := range reflect.TypeFor[config.Config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			known[name] = field.Tag.Get("envDefault")
		}
	}
	for name, want := range known {
		if got, ok := given[name]; !ok || got != want {
			t.Errorf(".env.example gives %s=%q, the default is %q", name, got, want)
		}
	}
	for _, name := range config.Secrets() {
		known[name+"_FILE"] = ""
		if !strings.HasPrefix(given[name+"_FILE"], "/run/secrets/") {
			t.Errorf(".env.example gives %s_FILE=%q, want a file of /run/secrets", name, given[name+"_FILE"])
		}
	}
	read := map[string]bool{}
	interpolated := regexp.MustCompile(`\$\{([A-Z_]+)`)
	for file := range composeFiles() {
		for _, m := range interpolated.FindAllStringSubmatch(text(t, file), -1) {
			if m[1] == "NAME" { // the header's example
				continue
			}
			read[m[1]] = true
			if _, ok := given[m[1]]; !ok {
				t.Errorf("%s reads %s, which .env.example does not name", file, m[1])
			}
		}
	}
	for name := range given {
		if _, ok := known[name]; !ok && !read[name] {
			t.Errorf("nothing reads %s of .env.example", name)
		}
	}
	if _, err := godotenv.Unmarshal(example); err != nil {
		t.Errorf(".env.example cannot be read: %v", err)
	}
	// With every line's # taken away it is still a configuration, but for what has no default.
	set := map[string]string{}
	for name, value := range given {
		if value != "" && !strings.HasSuffix(name, "_FILE") {
			set[name] = value
		}
	}
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		environ = append(environ, name+"="+set[name])
	}
	if _, err := config.Load(environ, filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("the defaults of .env.example: %v", err)
	}
}

// TestPagesNameEveryVariable holds the page of variables to the configuration.
func TestPagesNameEveryVariable(t *testing.T) {
	t.Parallel()
	page := text(t, "docs/CONFIGURATION.md")
	for _, name := range config.Variables() {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/CONFIGURATION.md does not name %s", name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)`").FindAllStringSubmatch(page, -1) {
		if !slices.Contains(config.Variables(), m[1]) {
			t.Errorf("docs/CONFIGURATION.md names %s, which nothing reads", m[1])
		}
	}
}

// TestHeadersSayWhatIsThere holds the comments that an operator reads first to the files.
func TestHeadersSayWhatIsThere(t *testing.T) {
	t.Parallel()
	for file, profiles := range composeFiles() {
		header, _, _ := strings.Cut(text(t, file), "\nname:")
		for _, want := range append([]string{"Defaults:", "`.env` WINS", "doctor", "When something is wrong", "localhost"}, profiles...) {
			if !strings.Contains(header, want) {
				t.Errorf("%s: the header lacks %q", file, want)
			}
		}
		for _, m := range regexp.MustCompile(`volume ([a-z-]+)`).FindAllStringSubmatch(header, -1) {
			if _, ok := all(t, file, "").Volumes[m[1]]; !ok {
				t.Errorf("%s: the header names the volume %s, which is not there", file, m[1])
			}
		}
		if body := text(t, file); !regexp.MustCompile(`(?s)# Where Redis is.{0,400}REDIS_URL:`).MatchString(body) {
			t.Errorf("%s does not explain REDIS_URL where it is set", file)
		}
	}
}

// TestNoSecretInProduction looks for passwords in what `docker inspect` and a compose file show.
func TestNoSecretInProduction(t *testing.T) {
	t.Parallel()
	p := load(t, "docker-compose.prod.yml", text(t, ".env.example"))
	for name, s := range p.Services {
		for key, value := range s.Environment {
			if value == nil || *value == "" || strings.HasSuffix(key, "_FILE") {
				continue
			}
			if strings.Contains(key, "PASSWORD") || regexp.MustCompile(`://[^/@]*:[^/@]+@`).MatchString(*value) {
				t.Errorf("%s: %s=%s holds a password", name, key, *value)
			}
		}
	}
}
