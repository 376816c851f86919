// Command guest prints what it has of a system.
package main

import (
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	_ "github.com/cofaas/cofaas/guest/localtime"
)

func main() {}

//go:wasmexport run
func run() {
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	fmt.Println("local:", summer.Local().Format(time.RFC3339), time.Local)
	zone, err := time.LoadLocation("America/New_York")
	if err == nil {
		fmt.Println("zone:", summer.In(zone).Format(time.RFC3339))
	} else {
		fmt.Println("zone:", err)
	}
	pool, err := x509.SystemCertPool()
	fmt.Println("roots:", pool != nil && !pool.Equal(x509.NewCertPool()), err)
	port, err := net.LookupPort("tcp", "only-here")
	fmt.Println("service:", port, err)
	data, err := os.ReadFile("/etc/app/a.conf")
	fmt.Println("file:", string(data), err)
	relative, err := os.ReadFile("etc/app/a.conf")
	fmt.Println("relative:", string(relative), err)
	err = fs.WalkDir(os.DirFS("/etc/app"), ".", func(path string, d fs.DirEntry, err error) error {
		fmt.Println("walk:", path, err)
		return nil
	})
	fmt.Println("walked:", err)
	for what, f := range map[string]func() error{
		"write":    func() error { return os.WriteFile("/etc/app/a.conf", []byte("changed"), 0o644) },
		"create":   func() error { return os.WriteFile("/etc/app/new", nil, 0o644) },
		"append":   func() error { return openToWrite("/etc/app/a.conf", os.O_APPEND|os.O_WRONLY) },
		"rdwr":     func() error { return openToWrite("/etc/app/a.conf", os.O_RDWR) },
		"truncate": func() error { return os.Truncate("/etc/app/a.conf", 0) },
		"remove":   func() error { return os.Remove("/etc/app/a.conf") },
		"rename":   func() error { return os.Rename("/etc/app/a.conf", "/etc/app/b.conf") },
		"mkdir":    func() error { return os.Mkdir("/etc/app/dir", 0o755) },
		"symlink":  func() error { return os.Symlink("/", "/etc/app/root") },
		"link":     func() error { return os.Link("/etc/app/a.conf", "/etc/app/link") },
		"chtimes":  func() error { return os.Chtimes("/etc/app/a.conf", summer, summer) },
		"up":       func() error { _, err := os.ReadFile("/etc/app/../../../../etc/passwd"); return err },
		"escape":   func() error { _, err := os.ReadFile("/etc/app/out"); return err },
	} {
		if err := f(); err == nil {
			fmt.Println("DONE:", what)
		}
	}
}

// openToWrite opens a file and writes to it.
func openToWrite(name string, flag int) error {
	f, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString("changed"); err != nil {
		return err
	}
	return f.Sync()
}
