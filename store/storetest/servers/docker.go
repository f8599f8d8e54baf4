package servers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const (
	postgresImage = "postgres:15-alpine"
	redisImage    = "redis:7-alpine"
)

// DockerWorks tells whether there is a Docker daemon that answers within ten seconds.
func DockerWorks(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "info").Run() == nil
}

// postgresContainer runs PostgreSQL in a container; the docker command that waits for it passes our signals on.
func postgresContainer(options Options) plan {
	p := container("postgres", postgresImage, 5432, "/var/lib/postgresql/data", postgresSettings(options),
		"-e", "POSTGRES_HOST_AUTH_METHOD=trust", "-e", "POSTGRES_INITDB_ARGS=--no-sync --no-locale -E UTF8")
	p.fast = syscall.SIGINT
	p.ready = func(ctx context.Context, port int, _ string) error {
		var one int
		return askPostgres(ctx, port, "SELECT 1", &one)
	}
	return p
}

// redisContainer runs Redis in a container.
func redisContainer(options Options) plan {
	p := container("redis", redisImage, 6379, "/data", append([]string{"redis-server"}, redisSettings(options)...))
	p.fast, p.ready = syscall.SIGTERM, redisAnswers
	return p
}

// container plans a container whose data is a volume of the same name: it is there again after a restart, and gone with the
// guard. Inside is the port that the server listens on in the container, data the folder it writes to.
func container(kind, image string, inside int, data string, arguments []string, flags ...string) plan {
	name := fmt.Sprintf("barkeep-%s-%016x", kind, rand.Uint64())
	remove := fmt.Sprintf("docker rm -f %[1]s; docker volume rm -f %[1]s", name)
	return plan{
		name: kind, instant: syscall.SIGTERM,
		kill: []string{"docker", "kill", name},
		last: []string{"sh", "-c", remove},
		command: func(port int, _ string) []string {
			publish := address(port) + ":" + strconv.Itoa(inside)
			run := []string{"docker", "run", "--rm", "--name", name, "-p", publish, "-v", name + ":" + data}
			return append(append(append(run, flags...), image), arguments...)
		},
	}
}
