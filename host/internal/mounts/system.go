package mounts

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Where guests find what they need of a system. For Go's standard library in guests there is no usual place, so variables name them.
const (
	zoneFolder = "/usr/share/zoneinfo"
	localZone  = "/etc/localtime"
	caBundle   = "/etc/ssl/certs/ca-certificates.crt"
)

// System is what programs expect of the system that they run on, as the host's has it. It is safe for concurrent use.
type System struct {
	getenv func(string) (string, bool)
	zones  fs.FS
	local  []byte // nil is UTC
	tz     string // the zone by its name instead
	roots  func() []byte
	close  []func() error
}

// OpenSystem finds what there is on the host, whose environment getenv is (os.LookupEnv). What the host does not have guests
// do not have either, as the same program would not on the host. Close it when no guest runs any more.
func OpenSystem(getenv func(string) (string, bool)) *System {
	s := &System{getenv: getenv}
	s.roots = sync.OnceValue(func() []byte { return certificates(getenv) })
	s.openZones()
	s.findLocal()
	return s
}

// Close releases what is open.
func (s *System) Close() {
	for _, closer := range s.close {
		_ = closer() // nothing was written
	}
}

// AddZones mounts time zones, and the local time of the host: a function has the clock that it would have outside of a guest. It returns
// the variables of the environment that go with them. There is nothing to be learned from them but where the host is.
func (s *System) AddZones(t *Tree) (env []string, err error) {
	if s.zones != nil {
		if err := t.AddFolder(zoneFolder, s.zones); err != nil {
			return nil, err
		}
		env = append(env, "ZONEINFO="+zoneFolder)
	}
	if s.tz != "" {
		return append(env, "TZ="+s.tz), nil
	}
	if s.local != nil {
		return env, t.AddFile(localZone, Bytes(localZone, s.local))
	}
	return env, nil
}

// AddNetwork mounts what functions need that connect to others: the certificates that the host trusts, and the settings of resolvers that
// functions bring along. It returns the variables of the environment that go with them. The names of /etc/hosts are not for guests
// to read; the host looks them up when the policy allows it.
func (s *System) AddNetwork(t *Tree) (env []string, err error) {
	files := map[string]func() (fs.File, error){
		caBundle: func() (fs.File, error) {
			pem := s.roots()
			if pem == nil {
				return nil, fs.ErrNotExist
			}
			return Bytes(caBundle, pem)()
		},
		"/etc/hosts":         Bytes("hosts", []byte("127.0.0.1\tlocalhost\n::1\tlocalhost\n")),
		"/etc/nsswitch.conf": Bytes("nsswitch.conf", []byte("hosts: files dns\n")),
	}
	for _, name := range []string{"/etc/resolv.conf", "/etc/services", "/etc/protocols"} {
		if _, err := os.Stat(name); err == nil {
			files[name] = func() (fs.File, error) { return OpenFile(name) }
		}
	}
	for name, open := range files {
		if err := t.AddFile(name, open); err != nil {
			return nil, err
		}
	}
	return []string{"SSL_CERT_FILE=" + caBundle}, nil
}

// openZones opens the first of the places in which package time looks for zones on various systems.
func (s *System) openZones() {
	places := []string{zoneFolder, "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}
	if place, ok := s.getenv("ZONEINFO"); ok && place != "" {
		places = append([]string{place}, places...)
	}
	if goroot, ok := s.getenv("GOROOT"); ok && goroot != "" {
		places = append(places, filepath.Join(goroot, "lib", "time", "zoneinfo.zip"))
	}
	for _, place := range places {
		if strings.HasSuffix(place, ".zip") {
			if z, err := zip.OpenReader(place); err == nil {
				s.zones, s.close = z, append(s.close, z.Close)
				return
			}
			continue
		}
		if folder, err := OpenFolder(place); err == nil {
			s.zones, s.close = folder, append(s.close, folder.Close)
			return
		}
	}
}

// findLocal finds the zone that package time takes for the local one.
func (s *System) findLocal() {
	tz, set := s.getenv("TZ")
	tz = strings.TrimPrefix(tz, ":")
	file := localZone
	switch {
	case set && strings.HasPrefix(tz, "/"):
		file = tz
	case set:
		s.tz = tz // nothing is UTC
		return
	}
	f, err := OpenFile(file)
	if err != nil {
		return
	}
	defer f.Close()
	data, err := readAll(f)
	// The smallest files with the rule UTC0 at their end have no other: guests need none for it.
	if err == nil && (len(data) > 200 || !bytes.HasSuffix(data, []byte("\nUTC0\n"))) {
		s.local = data
	}
}

// maxFile bounds what of a file is kept, in bytes. Certificates are some 200 KB together.
const maxFile = 16 << 20

func readAll(f fs.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > maxFile {
		return nil, fs.ErrInvalid
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(f)
	return b.Bytes(), err
}

// The usual places of certificates, as package x509 has them for various systems.
var (
	certificateFiles = []string{
		caBundle, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/usr/local/etc/ssl/cert.pem",
		"/usr/local/share/certs/ca-root-nss.crt", "/etc/openssl/certs/ca-certificates.crt", "/etc/certs/ca-certificates.crt",
	}
	certificateFolders = []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs", "/etc/certs/CA"}
)

// certificates returns the certificates that programs on the host trust, or nil: as in package x509, those of the first file that can be
// read and those in folders.
func certificates(getenv func(string) (string, bool)) []byte {
	files, folders := certificateFiles, certificateFolders
	if file, _ := getenv("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	if dirs, _ := getenv("SSL_CERT_DIR"); dirs != "" {
		folders = filepath.SplitList(dirs)
	}
	var out []byte
	seen := map[string]bool{} // folders have links, and what is in the file once more
	add := func(name string) bool {
		f, err := OpenFile(name)
		if err != nil {
			return false
		}
		defer f.Close()
		data, err := readAll(f)
		if err != nil {
			return false
		}
		for _, block := range onlyCertificates(data) {
			if !seen[string(block)] {
				seen[string(block)] = true
				out = append(out, block...)
			}
		}
		return true
	}
	for _, file := range files {
		if add(file) {
			break
		}
	}
	for _, folder := range folders {
		entries, _ := os.ReadDir(folder) // one that is not there has none
		for _, e := range entries {
			add(filepath.Join(folder, e.Name()))
		}
	}
	return out
}

// onlyCertificates returns the certificates of a file, each in PEM. It leaves out what else is in it, keys above all.
func onlyCertificates(data []byte) [][]byte {
	var out [][]byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" && len(block.Headers) == 0 {
			out = append(out, pem.EncodeToMemory(block))
		}
	}
	return out
}
