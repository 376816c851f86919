package network

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

	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// serve runs a server until the test ends, and waits until somebody listens at its address.
func serve(t *testing.T, cmd *exec.Cmd, address string) *programs.Process {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true // it may have workers
	p := programs.StartCommand(t, cmd, func(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) })
	eventually(t, cmd.Path+" listens", func() bool {
		select {
		case <-p.Exited:
			t.Fatalf("%s has ended:\n%s", cmd.Path, p.Log)
		default:
		}
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return p
}

// redisServer returns the address of an empty Redis that closes connections which have been idle for as many seconds, or 0 for never.
func redisServer(t *testing.T, idle int) string {
	t.Helper()
	address := freeport.Address(t)
	_, port, _ := net.SplitHostPort(address)
	serve(t, exec.Command(command(t, "redis-server", "redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir(), "--timeout", strconv.Itoa(idle)), address)
	return address
}

// memcachedServer returns the address of an empty memcached.
func memcachedServer(t *testing.T) string {
	t.Helper()
	address := freeport.Address(t)
	_, port, _ := net.SplitHostPort(address)
	args := []string{"-l", "127.0.0.1", "-p", port, "-U", "0"}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "nobody")
	}
	serve(t, exec.Command(command(t, "memcached", "memcached"), args...), address)
	return address
}

// postgres is a database server of its own, with a database postgres. It trusts whoever comes through its Unix socket; others need the
// password of the user app.
type postgres struct {
	address string // by TCP
	dir     string // of the socket
	port    string
}

const password = "correct horse"

func postgresServer(t *testing.T, ca *authority) *postgres {
	t.Helper()
	dir, err := os.MkdirTemp("", "cofaas-postgres-") // short, as paths of sockets have to be, and for another user to enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := unprivileged(t, "postgres")
	cert, key := ca.issue(t, dir, "localhost")
	if as != nil {
		for _, path := range []string{dir, cert, key} {
			if err := os.Chown(path, int(as.Credential.Uid), int(as.Credential.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	address := freeport.Address(t)
	_, port, _ := net.SplitHostPort(address)
	p := &postgres{address: address, dir: dir, port: port}
	data := filepath.Join(dir, "data")
	init := exec.Command(postgresProgram(t, "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale", "C", "-A", "trust", "--no-sync")
	init.Dir, init.SysProcAttr = dir, as
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	const hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(postgresProgram(t, "postgres"), "-D", data, "-p", port, "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
		"-c", "ssl=on", "-c", "ssl_cert_file="+cert, "-c", "ssl_key_file="+key)
	server.Dir, server.SysProcAttr = dir, as
	serve(t, server, address)
	psql := func(command string) ([]byte, error) {
		return exec.Command(postgresProgram(t, "psql"), "-h", dir, "-p", port, "-U", "postgres", "-c", command).CombinedOutput()
	}
	eventually(t, "the database is ready", func() bool { // it listens before it is
		_, err := psql("SELECT 1")
		return err == nil
	})
	if out, err := psql("CREATE ROLE app LOGIN SUPERUSER PASSWORD '" + password + "'"); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return p
}

// url returns the URL of the database, with parameters.
func (p *postgres) url(parameters string) string {
	return fmt.Sprintf("postgres://app:%s@%s/postgres?%s", strings.ReplaceAll(password, " ", "%20"), p.address, parameters)
}

// socket is the path by which it can be reached.
func (p *postgres) socket() string { return filepath.Join(p.dir, ".s.PGSQL."+p.port) }

// postgresProgram finds a program of PostgreSQL, which Debian has not in the path.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return slices.Max(found)
	}
	return command(t, name, "postgresql")
}

// unprivileged has a program run as a user if the test runs as root, which the program would refuse.
func unprivileged(t *testing.T, name string) *syscall.SysProcAttr {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatalf("%v: apt-get install -y --no-install-recommends postgresql makes it", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// nginxServer returns the address of an nginx that serves TLS for the name localhost: index.html, and large of 8 MiB.
func nginxServer(t *testing.T, ca *authority) string {
	t.Helper()
	address := freeport.Address(t)
	dir := t.TempDir()
	cert, key := ca.issue(t, dir, "localhost")
	for name, content := range map[string]string{"index.html": "served by nginx\n", "large": strings.Repeat("0123456789abcdef", 1<<19)} {
		if err := os.MkdirAll(filepath.Join(dir, "www"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "www", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	master := ""
	if os.Geteuid() == 0 {
		master = "user root;" // who can read the test's folder
	}
	conf := fmt.Sprintf(`%s
daemon off; worker_processes 1; pid %[2]s/pid; error_log stderr;
events {}
http {
	access_log off; client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
	server {
		listen %[3]s ssl http2; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate %[4]s; ssl_certificate_key %[5]s; keepalive_timeout 60s; root %[2]s/www;
		location = /protocol { return 200 "$server_protocol $ssl_protocol $connection_requests\n"; }
	}
}
`, master, dir, address, cert, key)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	serve(t, exec.Command(command(t, "nginx", "nginx-light"), "-p", dir, "-c", path), address)
	return address
}
