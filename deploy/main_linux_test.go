package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// imageVersion is stamped into the program of the image.
const imageVersion = "0.0.0-test"

// built is the image, made once for all tests.
var built *image

// insideEnv is set in the process that has a network and mounts of its own, to where the image is described.
const insideEnv = "BARKEEP_DEPLOY_TEST_IMAGE"

// TestMain builds the image and, as root, starts the tests again in a network and a set of mounts of their own: there each
// service has its real port, and file systems can be read-only.
func TestMain(m *testing.M) {
	code, err := prepare(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func prepare(m *testing.M) (int, error) {
	if os.Getenv(insideEnv) != "" {
		return inside(m)
	}
	dir, err := os.MkdirTemp("", "barkeep-deploy-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // the image's user passes through
		return 1, err
	}
	if built, err = buildImage(dir, imageVersion); err != nil {
		return 1, err
	}
	if os.Getuid() != 0 {
		return m.Run(), nil
	}
	description := filepath.Join(dir, "image.json")
	if err := describe(description); err != nil {
		return 1, err
	}
	again := exec.Command(os.Args[0], os.Args[1:]...)
	again.Env = append(os.Environ(), insideEnv+"="+description)
	again.Stdin, again.Stdout, again.Stderr = nil, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL,
	}
	if err := again.Run(); err != nil {
		return 1, fmt.Errorf("the tests in a network of their own: %w", err)
	}
	return 0, nil
}

// inside reads what was built and brings the loopback interface up.
func inside(m *testing.M) (int, error) {
	content, err := os.ReadFile(os.Getenv(insideEnv))
	if err != nil {
		return 1, err
	}
	var d description
	if err := json.Unmarshal(content, &d); err != nil {
		return 1, err
	}
	built = d.image()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return 1, fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	// The tests kill PostgreSQL, which leaves shared memory behind; here it ends with the last process.
	if err := unix.Mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"); err != nil {
		return 1, fmt.Errorf("mount a /dev/shm of our own: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return 1, fmt.Errorf("bring the loopback interface up: %w", err)
	}
	return m.Run(), nil
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}

// description is an image as JSON.
type description struct {
	Root                       string
	Env                        map[string]string
	User                       string
	Entrypoint, Command, Check []string
}

func describe(path string) error {
	content, err := json.Marshal(description{built.root, built.env, built.user, built.entrypoint, built.command, built.check})
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

func (d description) image() *image {
	return &image{root: d.Root, env: d.Env, user: d.User, entrypoint: d.Entrypoint, command: d.Command, check: d.Check}
}

// isolated skips a test that needs a network and mounts of its own.
func isolated(t *testing.T) {
	t.Helper()
	if os.Getenv(insideEnv) == "" {
		t.Skip("needs root, for a network and mounts of its own; the compose job of .github/workflows/ci.yml runs the real thing")
	}
}
