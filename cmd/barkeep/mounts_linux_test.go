package main_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// mounted makes a command line of bash with mounts of its own, which go with it: "$0" is barkeep, and $1 and so on are the
// arguments. Who is not root is root in there, where the kernel lets everybody make a user namespace.
func mounted(t *testing.T, env []string, script string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, env, args...)
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args = append([]string{"bash", "-c", "set -e\n" + script, cmd.Path}, args...)
	cmd.Path = shell
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if id := syscall.Geteuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: syscall.Getegid(), Size: 1}}
	}
	return cmd
}

// private keeps what is mounted from the rest of the machine.
const private = "mount --make-rprivate /\n"

// TestAFullDiskEndsTheRunAtOnce on a small file system of its own: the run says which file system and how full it is, does not
// go on trying, and asks the provider for nothing that could not be stored. With room again the next one gets all.
func TestAFullDiskEndsTheRunAtOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	address := provider(t, []string{when})
	e := engine{name: "sqlite", url: "sqlite:" + folder + "/barkeep.db"}
	env := slotEnv(t, e, address, "INSTRUMENTS=ES,NQ,YM,RTY,CL,GC", "TIMEFRAMES=1d,5m,15m,1h,4h", "YAHOO_REQUESTS_PER_MINUTE=600000")(0)
	script := private + `mount -t tmpfs -o size=8m feet "$1"
		"$0" migrate
		head -c ` + `$((6*1024*1024))` + ` /dev/urandom > "$1/ballast"
		began=$(date +%s)
		code=0; "$0" sync --json || code=$?
		echo "TOOK $(($(date +%s) - began)) CODE $code"
		code=0; "$0" sync >/dev/null || code=$?
		echo "AGAIN CODE $code"
		"$0" verify > /dev/null || echo "NOT SOUND"
		rm "$1/ballast"; mount -o remount,size=64m "$1"
		"$0" sync || echo "NOT DONE"
		"$0" verify > /dev/null || echo "NOT SOUND AFTER"
		"$0" runs`
	got := ends(t, mounted(t, env, script, folder)).must(t, 0)
	var took, code, again int
	for _, line := range strings.Split(got.stdout, "\n") {
		scan(line, "TOOK %d CODE %d", &took, &code)
		scan(line, "AGAIN CODE %d", &again)
	}
	if took > 10 || code != 4 || again != 4 {
		t.Errorf("it took %d s and ended with %d, and again with %d; want a few seconds and 4:\n%s\n%s", took, code, again, got.stdout, got.stderr)
	}
	for _, want := range []string{"no room left", "feet on " + folder, " of 8.0 MiB are free"} {
		if !printed(got.stderr+got.stdout, want) {
			t.Errorf("it does not say %q:\n%s\n%s", want, got.stdout, got.stderr)
		}
	}
	if printed(got.stderr, "trying again") {
		t.Errorf("it tried again:\n%s", got.stderr)
	}
	if printed(got.stdout, "NOT") {
		t.Errorf("%s\n%s", got.stdout, got.stderr)
	}
	if n := strings.Count(got.stderr, "Backfilling"); n > 30+12 { // 24 of the last run, which has room
		t.Errorf("the provider was asked for %d series", n)
	}
}

// TestReadingOnAReadOnlyFileSystem: an archive that cannot be written can be looked at, whatever its last writer left beside it.
func TestReadingOnAReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for name, left := range map[string]string{
		"closed":                  `"$0" sync`,
		"killed":                  `BARKEEP_CRASH_AT=worked "$0" sync || true; ls "$1/barkeep.db-wal" "$1/barkeep.db-shm"`,
		"killed, and no -shm":     `BARKEEP_CRASH_AT=worked "$0" sync || true; ls "$1/barkeep.db-wal"; rm "$1/barkeep.db-shm"`,
		"closed, and only a -wal": `"$0" sync; : > "$1/barkeep.db-wal"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			e := engine{name: "sqlite", url: "sqlite:" + folder + "/barkeep.db"}
			env := slotEnv(t, e, address)(0)
			got := ends(t, mounted(t, env, private+left+`
				before=$(cd "$1" && ls -l && cat * | md5sum)
				mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"
				"$0" status; "$0" runs; "$0" runs 1; "$0" verify
				code=0; "$0" doctor || code=$?; echo "DOCTOR $code"
				code=0; "$0" sync || code=$?; echo "SYNC $code"
				test "$before" = "$(cd "$1" && ls -l && cat * | md5sum)"`, folder)).must(t, 0)
			for _, want := range []string{"ES 1d", "import", "6 series", "DOCTOR 0", "warning  database", "may only be read"} {
				if !printed(got.stdout, want) {
					t.Errorf("it does not say %q:\n%s\n%s", want, got.stdout, got.stderr)
				}
			}
			if printed(got.stdout, "SYNC 0") {
				t.Errorf("sync could write:\n%s", got.stdout)
			}
		})
	}
}
