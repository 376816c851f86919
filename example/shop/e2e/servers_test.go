package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// setenv is t.Setenv for KEY=VALUE.
func setenv(t *testing.T, v string) {
	t.Helper()
	key, value, _ := strings.Cut(v, "=")
	t.Setenv(key, value)
}

// freePort is one of the loopback interface that nobody listens on.
func freePort(t *testing.T) (address, port string) {
	t.Helper()
	address, err := rig.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err = net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return address, port
}

// startServer runs a server until the test ends.
func startServer(t *testing.T, cmd *exec.Cmd, ready func() error) {
	t.Helper()
	log := new(logs)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Minute // or a process that outlives it would be waited for
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil { // without waiting for clients
			t.Error(err)
		}
		late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait() // what it has to say about its end, it has logged
		if t.Failed() {
			t.Logf("output of %s:\n%s", cmd.Path, log)
		}
	})
	var err error
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ready(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", cmd.Path, err)
}

// startRedis returns the address of an empty Redis.
func startRedis(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test needs redis-server: apt-get install -y --no-install-recommends redis-server")
	}
	address, port := freePort(t)
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	startServer(t, cmd, func() error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return address
}

// postgres is a server that lets everybody in.
type postgres struct{ address, port, bin string }

func startPostgres(t *testing.T) *postgres {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian has them not in the path
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("this test needs PostgreSQL: apt-get install -y --no-install-recommends postgresql")
	}
	p := &postgres{bin: filepath.Dir(slices.Max(found))}
	p.address, p.port = freePort(t)
	dir, err := os.MkdirTemp("", "shop-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(p.bin, name), args...)
		cmd.Dir = dir
		if os.Geteuid() == 0 { // as whom it refuses to run
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner(t, dir)}
		}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale", "C", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	startServer(t, command("postgres", "-D", data, "-p", p.port, "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"), func() error {
		_, err := p.psql("SELECT 1")
		return err
	})
	return p
}

// owner gives a folder to the user postgres, who is returned.
func owner(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	var ids [2]uint64
	for i, text := range []string{u.Uid, u.Gid} {
		if ids[i], err = strconv.ParseUint(text, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, int(ids[0]), int(ids[1])); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(ids[0]), Gid: uint32(ids[1])}
}

func (p *postgres) psql(command string) ([]byte, error) {
	return exec.Command(filepath.Join(p.bin, "psql"), "-h", "127.0.0.1", "-p", p.port, "-U", "postgres", "-c", command).CombinedOutput()
}

// database makes a database, and returns its URL.
func (p *postgres) database(t *testing.T, name string) string {
	t.Helper()
	if out, err := p.psql("CREATE DATABASE " + name); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", p.address, name)
}
