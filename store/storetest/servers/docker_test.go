package servers_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"barkeep/store/storetest/servers"
)

// fakeDocker understands what this package asks of docker, and runs the installed redis-server as the container: it passes
// signals on as `docker run` does, refuses a name that is taken, and keeps volumes until they are removed.
const fakeDocker = `#!/bin/sh
cd "$FAKE_DOCKER" || exit 1
case $1 in
run)
	name=$4; publish=$6; shift 9 # --rm --name N -p 127.0.0.1:P:6379 -v N:/data IMAGE
	if [ -e "$name.pid" ] && kill -0 "$(cat "$name.pid")" 2>/dev/null; then exit 125; fi
	port=${publish#127.0.0.1:}; port=${port%:6379}
	program=$1; shift
	mkdir -p "$name.volume"; echo $$ >"$name.pid"
	exec "$program" --bind 127.0.0.1 --port "$port" --dir "$FAKE_DOCKER/$name.volume" "$@" ;;
kill) kill -9 "$(cat "$2.pid")" ;;
rm) kill -9 "$(cat "$3.pid")" 2>/dev/null; rm -f "$3.pid" ;;
volume) rm -rf "$4.volume" ;;
*) exit 1 ;;
esac
`

func TestRedisInContainer(t *testing.T) {
	if real, err := servers.FindRedis(t.Context()); err != nil || real == servers.Docker {
		t.Skip("the fake docker of this test runs an installed redis-server")
	}
	programs, state := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(programs, "docker"), []byte(fakeDocker), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("FAKE_DOCKER", state)
	t.Setenv(servers.EnvRedis, servers.Docker)

	r := servers.RunRedis(t, servers.Options{Durable: true})
	if err := client(t, r.URL()).Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatalf("set: %v", err)
	}
	for _, down := range []func() error{func() error { return r.Stop(t.Context()) }, r.Kill} {
		outage(t, r, down)
		if got, err := client(t, r.URL()).Get(t.Context(), "key").Result(); got != "value" {
			t.Fatalf("after an outage the key holds %q (%v)", got, err)
		}
	}
	if left, err := os.ReadDir(state); err != nil || len(left) != 2 {
		t.Fatalf("while it runs there are %v, want a container and its volume (%v)", left, err)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	refused(t, r.Port())
	if left, err := os.ReadDir(state); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
	if _, err := os.Stat(r.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}
