package storagetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"propusk/storage"
)

// keeper runs a server until this process ends, however it ends: the pipe to its
// standard input breaks, it stops the server and removes the folder.
const keeper = `dir="$1"; shift
"$@" >"$dir/log" 2>&1 & server=$!
cat >/dev/null
kill -INT $server; wait $server; rm -rf "$dir"`

// keep starts the server command in dir under the keeper.
func keep(dir string, command ...string) error {
	cmd := exec.Command("sh", append([]string{"-c", keeper, "keeper", dir}, command...)...)
	if _, err := cmd.StdinPipe(); err != nil { // held open by cmd, which the process keeps
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	kept = append(kept, cmd)
	return nil
}

// kept holds the keepers' pipes: a collected one would close.
var kept []*exec.Cmd

// startPostgres makes a cluster in a temporary folder and starts a server for it
// on a free port. PostgreSQL refuses to run as root, so root becomes "postgres".
func startPostgres() (string, error) {
	initdb, err := binary("initdb")
	if err != nil {
		return "", err
	}
	server, err := binary("postgres")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "propusk-postgres-")
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	make := append(as, initdb, "--no-sync", "--auth=trust", "--username=propusk", "--encoding=UTF8", "--locale=C", "--pgdata="+data)
	if out, err := exec.Command(make[0], make[1:]...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	run := append(as, server, "-D", data, "-k", "", "-h", "127.0.0.1", "-p", strconv.Itoa(port),
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
	if err := keep(dir, run...); err != nil {
		return "", err
	}
	url := fmt.Sprintf("postgres://propusk@127.0.0.1:%d/postgres?sslmode=disable", port)
	return url, answering(func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// startRedis starts a server that keeps nothing, on a free port.
func startRedis() (string, error) {
	server, err := exec.LookPath("redis-server")
	if err != nil {
		if server, err = exec.LookPath("valkey-server"); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "propusk-redis-")
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	if err := keep(dir, server, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no", "--dir", dir); err != nil {
		return "", err
	}
	url := fmt.Sprintf("redis://127.0.0.1:%d/0", port)
	return url, answering(func(ctx context.Context) error {
		r, err := storage.NewRedis(ctx, url)
		if err != nil {
			return err
		}
		return r.Close()
	})
}

// binary finds a program of PostgreSQL, which Debian keeps off the path.
func binary(name string) (string, error) {
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath(name)
}

// unprivileged returns the words that run a command as "postgres", having given
// it dir; none when this process is not root's.
func unprivileged(dir string) ([]string, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("chown: %w: %s", err, out)
	}
	if setpriv, err := exec.LookPath("setpriv"); err == nil {
		return []string{setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"}, nil
	}
	if su, err := exec.LookPath("su"); err == nil {
		return []string{su, "postgres", "-s", "/bin/sh", "-c", `exec "$0" "$@"`}, nil
	}
	return nil, errors.New("root needs setpriv or su to start PostgreSQL")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// answering waits for a server that has just been started.
func answering(ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
