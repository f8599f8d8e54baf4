package deploy_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/compose-spec/compose-go/v2/types"
)

// script runs an entrypoint of sh on this machine, with the service's volumes at other paths.
func (l *local) script(s types.ServiceConfig) *exec.Cmd {
	words := slices.Concat(s.Entrypoint, s.Command)
	for _, v := range s.Volumes {
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], v.Target, l.source(v, 0))
		}
	}
	return exec.Command(words[0], words[1:]...)
}

// redisServer runs what the image redis would.
func (l *local) redisServer(s types.ServiceConfig) *exec.Cmd {
	folder := filepath.Join(l.dir, "volumes", "redis")
	if len(s.Volumes) > 0 {
		folder = l.volume(s, "/data")
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if s.Command[0] != "redis-server" {
		l.t.Fatalf("%s: this test does not know the command %v", s.Name, s.Command)
	}
	return exec.Command(l.redis, slices.Concat([]string{"--bind", l.hosts[s.Name], "--dir", folder}, s.Command[1:])...)
}

// postgres does what the image postgres does at its start: a new data folder gets the user, the password and the database
// of the environment.
func (l *local) postgres(s types.ServiceConfig) *exec.Cmd {
	l.t.Helper()
	account, err := user.Lookup("postgres")
	if err != nil {
		l.t.Fatalf("PostgreSQL refuses to run as root: %v", err)
	}
	uid, _ := strconv.Atoi(account.Uid) // of a Unix
	gid, _ := strconv.Atoi(account.Gid)
	data := l.volume(s, "/var/lib/postgresql/data")
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(l.pg, name), args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL,
		}
		return cmd
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		l.initialise(s, data, uid, gid, as)
	}
	return as("postgres", "-D", data, "-c", "listen_addresses="+l.hosts[s.Name], "-c", "unix_socket_directories="+data)
}

func (l *local) initialise(s types.ServiceConfig, data string, uid, gid int, as func(string, ...string) *exec.Cmd) {
	l.t.Helper()
	set := func(key string) string {
		if v := s.Environment[key]; v != nil {
			return *v
		}
		return ""
	}
	password := set("POSTGRES_PASSWORD")
	if file := set("POSTGRES_PASSWORD_FILE"); file != "" {
		content, err := os.ReadFile(filepath.Join(l.volume(s, filepath.Dir(file)), filepath.Base(file)))
		if err != nil {
			l.t.Fatal(err)
		}
		password = string(content)
	}
	if password == "" {
		l.t.Fatal("the image postgres refuses to start without a password")
	}
	file := filepath.Join(l.dir, "pwfile")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		l.t.Fatal(err)
	}
	for _, path := range []string{file, data} {
		if err := os.Chown(path, uid, gid); err != nil {
			l.t.Fatal(err)
		}
	}
	create := as("postgres", "--single", "-D", data, "postgres")
	create.Stdin = strings.NewReader("CREATE DATABASE " + set("POSTGRES_DB") + "\n")
	for _, cmd := range []*exec.Cmd{
		as("initdb", "-D", data, "-U", set("POSTGRES_USER"), "--pwfile", file, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"), create,
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			l.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
	}
	if err := os.Remove(file); err != nil {
		l.t.Fatal(err)
	}
}
