package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sys/unix"

	"barkeep/store/storetest/servers"
)

// local runs the services of a compose file as processes of this machine, with the environment, the order and the health
// checks of the file. Barkeep's own run in the image: as its user, on a read-only root file system. A host name is an address
// of the loopback interface, where the service has its real port.
type local struct {
	t       *testing.T
	project *types.Project
	dir     string // volumes and roots
	pg      string // folder of PostgreSQL's programs
	redis   string
	hosts   map[string]string // service to address
	up      map[string]*process
}

// process is a service that was started.
type process struct {
	*exec.Cmd
	out  *output
	done chan struct{}
}

// output is what a process wrote so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is everything that was written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// newLocal prepares volumes and addresses.
func newLocal(t *testing.T, project *types.Project) *local {
	t.Helper()
	isolated(t)
	pg, err := servers.InstalledPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	redis, err := servers.InstalledRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "barkeep-compose-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l := &local{t: t, project: project, dir: dir, pg: pg, redis: redis, hosts: map[string]string{}, up: map[string]*process{}}
	for i, name := range slices.Sorted(maps.Keys(project.Services)) {
		l.hosts[name] = "127.0.7." + strconv.Itoa(i+1)
	}
	t.Cleanup(func() {
		for name := range l.up {
			l.kill(name)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return l
}

// use goes on with another reading of the compose file, as after a change of .env.
func (l *local) use(project *types.Project) { l.project = project }

// start starts a service after what it depends on, and waits until that is as the file says.
func (l *local) start(name string) *process {
	l.t.Helper()
	if p := l.up[name]; p != nil {
		return p
	}
	s := service(l.t, l.project, name)
	for _, other := range slices.Sorted(maps.Keys(s.DependsOn)) {
		if _, there := l.project.Services[other]; !there && !s.DependsOn[other].Required {
			continue
		}
		p := l.start(other)
		switch s.DependsOn[other].Condition {
		case types.ServiceConditionHealthy:
			l.healthy(other, p)
		case types.ServiceConditionCompletedSuccessfully:
			<-p.done
			if !p.ProcessState.Success() {
				l.t.Fatalf("%s: %v\n%s", other, p.ProcessState, p.out)
			}
		}
	}
	l.up[name] = l.run(s, s.Command)
	return l.up[name]
}

// run starts a service with a command.
func (l *local) run(s types.ServiceConfig, command []string) *process {
	l.t.Helper()
	image, _, _ := strings.Cut(filepath.Base(s.Image), ":")
	switch {
	case len(s.Entrypoint) > 0:
		return l.launch(l.script(s))
	case image == "postgres":
		return l.launch(l.postgres(s))
	case image == "redis":
		return l.launch(l.redisServer(s))
	default:
		return l.launch(l.container(s, command))
	}
}

func (l *local) launch(cmd *exec.Cmd) *process {
	l.t.Helper()
	p := &process{Cmd: cmd, out: &output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		l.t.Fatalf("start %v: %v", cmd.Args, err)
	}
	go func() {
		_ = cmd.Wait() // ProcessState says it
		close(p.done)
	}()
	return p
}

// healthy waits until the health check of a service passes.
func (l *local) healthy(name string, p *process) {
	l.t.Helper()
	test := slices.Clone(service(l.t, l.project, name).HealthCheck.Test)
	if test[0] != "CMD" {
		l.t.Fatalf("%s: this test does not know the health check %v", name, test)
	}
	for i := range test {
		test[i] = strings.ReplaceAll(test[i], "127.0.0.1", l.hosts[name]) // the container's own loopback
	}
	if test[1] == "redis-cli" {
		test = slices.Insert(test, 2, "-h", l.hosts[name])
	}
	deadline := time.Now().Add(time.Minute)
	for {
		check := exec.CommandContext(l.t.Context(), test[1], test[2:]...)
		check.Env = []string{"PATH=" + l.pg + ":" + filepath.Dir(l.redis) + ":/usr/bin:/bin"}
		out, err := check.CombinedOutput()
		if err == nil {
			return
		}
		select {
		case <-p.done:
			l.t.Fatalf("%s ended: %v\n%s", name, p.ProcessState, p.out)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("%s is not healthy: %v: %v\n%s\n%s", name, test, err, out, p.out)
		}
	}
}

// volume is the folder that stands for what a service mounts at target.
func (l *local) volume(s types.ServiceConfig, target string) string {
	l.t.Helper()
	for _, v := range s.Volumes {
		if v.Target == target {
			return l.source(v, 0)
		}
	}
	l.t.Fatalf("%s mounts nothing at %s", s.Name, target)
	return ""
}

// source is the folder of a mount; a new named volume belongs to the owner of what the image has at its place.
func (l *local) source(v types.ServiceVolumeConfig, owner int) string {
	l.t.Helper()
	folder := v.Source // a bind mount
	if v.Type == types.VolumeTypeVolume {
		folder = filepath.Join(l.dir, "volumes", v.Source)
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chown(folder, owner, owner); err != nil {
		l.t.Fatal(err)
	}
	return folder
}

// container runs the image: its user, its root file system read-only where the service says so, the service's volumes and
// temporary file systems, and no environment but the image's and the service's.
func (l *local) container(s types.ServiceConfig, command []string) *exec.Cmd {
	l.t.Helper()
	root, err := os.MkdirTemp(l.dir, "root-"+s.Name+"-")
	if err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", built.root+"/.", root).CombinedOutput(); err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
	var names strings.Builder
	for name, address := range l.hosts {
		fmt.Fprintln(&names, address, name)
	}
	fmt.Fprintln(&names, "127.0.0.1 localhost")
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(names.String()), 0o644); err != nil {
		l.t.Fatal(err)
	}
	uid, _ := strconv.Atoi(strings.Split(built.user, ":")[0])
	l.mounts(s, root, uid)
	if len(command) == 0 {
		command = built.command
	}
	words := slices.Concat(built.entrypoint, command)
	// No look-up in PATH: the program is inside the root.
	cmd := &exec.Cmd{Path: words[0], Args: words, Dir: "/", Env: []string{}}
	env := maps.Clone(built.env)
	for key, value := range s.Environment {
		if value != nil {
			env[key] = *value
		}
	}
	for key, value := range env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: root, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}, Pdeathsig: syscall.SIGKILL,
	}
	return cmd
}

// mounts makes the root read-only and mounts what the service mounts.
func (l *local) mounts(s types.ServiceConfig, root string, uid int) {
	l.t.Helper()
	mount := func(source, target, kind string, flags uintptr) {
		l.t.Helper()
		if err := unix.Mount(source, target, kind, flags, ""); err != nil {
			l.t.Fatalf("mount %s on %s: %v", source, target, err)
		}
		if flags&unix.MS_REMOUNT != 0 {
			return
		}
		l.t.Cleanup(func() {
			if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
				l.t.Errorf("unmount %s: %v", target, err)
			}
		})
	}
	mount(root, root, "", unix.MS_BIND)
	if s.ReadOnly {
		mount("", root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY)
	}
	for _, target := range s.Tmpfs {
		mount("tmpfs", filepath.Join(root, target), "tmpfs", 0)
	}
	for _, v := range s.Volumes {
		target := filepath.Join(root, v.Target)
		owner := 0
		if info, err := os.Stat(target); err == nil {
			owner = int(info.Sys().(*syscall.Stat_t).Uid)
		}
		mount(l.source(v, owner), target, "", unix.MS_BIND)
		if v.ReadOnly {
			mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY)
		}
	}
}

// once runs `docker compose run --rm barkeep ARGS`, and returns what it printed and its exit code.
func (l *local) once(args ...string) (string, int) {
	l.t.Helper()
	p := l.run(service(l.t, l.project, "barkeep"), args)
	<-p.done
	return p.out.String(), p.ProcessState.ExitCode()
}

// stop ends a service as `docker compose stop` does, within its grace period.
func (l *local) stop(name string) {
	l.t.Helper()
	p := l.up[name]
	delete(l.up, name)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Duration(*service(l.t, l.project, name).StopGracePeriod))
	defer cancel()
	select {
	case <-p.done:
		if code := p.ProcessState.ExitCode(); code != 0 {
			l.t.Errorf("%s ends with %d\n%s", name, code, p.out)
		}
	case <-ctx.Done():
		l.t.Errorf("%s does not stop\n%s", name, p.out)
	}
}

// kill ends a service as a power cut does.
func (l *local) kill(name string) {
	p := l.up[name]
	delete(l.up, name)
	_ = p.Process.Kill() // it may have ended
	<-p.done
}
