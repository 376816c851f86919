package goload

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/tools/go/packages"
)

// An Error says what the go command could not do.
type Error struct {
	Pos    string // FILE, FILE:LINE or FILE:LINE:COLUMN, or a directory; empty if it is about neither
	Msg    string
	Advice string // what to do
	Err    error  // what the go command said
}

func (e *Error) Error() string {
	s := e.Msg
	if e.Pos != "" {
		s = e.Pos + ": " + s
	}
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// outsideRE matches what the go command says of a directory that is in none of the modules that it knows.
var outsideRE = regexp.MustCompile(`^pattern \S+: directory prefix \S+ does not contain (?:main module|modules listed in go\.work) or (?:its|their) selected dependencies$`)

func noModule(dir string) *Error {
	return &Error{Pos: dir, Msg: "is in no Go module", Advice: "go to one, or make one: go mod init"}
}

// A rule explains one message of the go command.
type rule struct {
	re *regexp.Regexp
	// about is the file that it is about, if the message does not say.
	about func(f *files) string
	// msg and advice are templates, see regexp.Expand.
	msg, advice string
}

type files struct{ dir, mod, work string }

func goMod(f *files) string  { return cmp.Or(f.mod, f.dir) }
func goWork(f *files) string { return cmp.Or(f.work, f.dir) }
func none(*files) string     { return "" }

// rules explain messages from which "go: " is cut and of which lines are joined.
var rules = []rule{
	{
		regexp.MustCompile(`^cannot load module (\S+) listed in go\.work file: open \S+: no such file or directory`), goWork,
		"uses the module in $1, which is not there", "to do without it: go work edit -dropuse=$1",
	},
	{
		regexp.MustCompile(`^cannot load module (\S+) listed in go\.work file: (.*)$`), goWork,
		"cannot load the module in $1: $2", "to do without it: go work edit -dropuse=$1",
	},
	{
		regexp.MustCompile(`^module (\S+) listed in go\.work file requires go >= (\S+), but go\.work lists go (\S+); to update it: (.*)$`), goWork,
		"is for Go $3, and the module in $1 for $2", "to update it: $4",
	},
	{
		regexp.MustCompile(`^(go\.work) requires go >= (\S+) \(running go ([^;)]+).*\)`), goWork,
		"needs Go $2, and this is Go $3", "install that, or have the go command do so: GOTOOLCHAIN=auto",
	},
	{
		regexp.MustCompile(`^(\S+) requires go >= (\S+) \(running go ([^;)]+).*\)`), goMod,
		"needs Go $2, and this is Go $3", "install that, or have the go command do so: GOTOOLCHAIN=auto",
	},
	{
		regexp.MustCompile(`^inconsistent vendoring in (\S+):`), goMod,
		"is not what the folder vendor was made for", "to make it anew: go mod vendor, or go work vendor in a workspace; to do without it: GOFLAGS=-mod=mod",
	},
	{
		regexp.MustCompile(`^updates to go\.mod needed`), goMod,
		"is not up to date", "to update it: go mod tidy",
	},
	{
		regexp.MustCompile(`^updates to go\.work needed`), goWork,
		"is not up to date", "to update it: go work sync",
	},
	{
		regexp.MustCompile(`^(.*): missing go\.sum entry for go\.mod file`), goMod,
		"has modules of which go.sum knows nothing: $1", "to add them: go mod tidy",
	},
	{
		regexp.MustCompile(`^(.*?):? module lookup disabled by GOPROXY=off`), goMod,
		"needs what is not in the module cache, and GOPROXY=off: $1", "to fetch it, without GOPROXY=off: " + download,
	},
	{
		regexp.MustCompile(`^(.*(?:dial tcp|no such host|i/o timeout|network is unreachable|TLS handshake).*)$`), goMod,
		"needs what is not in the module cache: $1", "to fetch it, with a network: " + download,
	},
	{
		regexp.MustCompile(`^go\.mod file not found in current directory or any parent directory|^cannot find main module`),
		func(f *files) string { return f.dir },
		"is in no Go module", "go to one, or make one: go mod init",
	},
	{
		regexp.MustCompile(`executable file not found`), none,
		"there is no go command in PATH", "install Go 1.26 or later: https://go.dev/doc/install",
	},
}

const download = "go mod download"

// positioned is a message with the position of what it is about.
var positioned = regexp.MustCompile(`^([^\s:]+\.(?:mod|work)):(\d+(?::\d+)?): (.*)$`)

// explain turns what packages.Load has returned into one error for each message of the go command.
func explain(cfg *packages.Config, err error) error {
	f := &files{dir: cmp.Or(cfg.Dir, ".")}
	if abs, err := filepath.Abs(f.dir); err == nil {
		f.dir = abs
	}
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return &Error{Msg: pathErr.Error(), Err: err}
	}
	// There may be neither, or no go command: messages then name the directory.
	f.mod, f.work, _ = moduleFiles(cmp.Or(cfg.Context, context.Background()), f.dir, cfg.Env)
	if e, ok := err.(packages.Error); ok && outsideRE.MatchString(e.Msg) {
		if f.mod == "" && f.work == "" {
			return noModule(f.dir)
		}
		return &Error{Pos: f.dir, Msg: "is in none of the modules of " + cmp.Or(f.work, f.mod), Advice: "in a workspace, to add it: go work use .", Err: err}
	}
	var errs []error
	for _, msg := range messages(output(err)) {
		errs = append(errs, f.explain(msg, err))
	}
	return errors.Join(errs...)
}

func (f *files) explain(msg string, err error) *Error {
	if m := positioned.FindStringSubmatch(msg); m != nil {
		file := m[1]
		if !filepath.IsAbs(file) {
			about := goMod(f)
			if filepath.Ext(file) == ".work" {
				about = goWork(f)
			}
			file = filepath.Join(filepath.Dir(about), filepath.Base(file))
		}
		return &Error{Pos: file + ":" + m[2], Msg: m[3], Advice: "correct it", Err: err}
	}
	for _, r := range rules {
		if m := r.re.FindStringSubmatchIndex(msg); m != nil {
			expand := func(s string) string {
				return strings.TrimSuffix(string(r.re.ExpandString(nil, s, msg, m)), ": ")
			}
			return &Error{Pos: r.about(f), Msg: expand(r.msg), Advice: expand(r.advice), Err: err}
		}
	}
	return &Error{Pos: f.dir, Msg: "the go command failed: " + msg, Advice: "go list ./... says the same", Err: err}
}

// output is what the go command has written.
func output(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(exit.Stderr)
	}
	if e, ok := err.(packages.Error); ok {
		return e.Msg
	}
	text := err.Error()
	if _, stderr, ok := strings.Cut(text, ": stderr: "); ok && strings.TrimSpace(stderr) != "" {
		return stderr
	}
	return text
}

// messages parts the output of the go command into messages. Indented lines go on with one.
func messages(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "", strings.HasPrefix(line, "go: errors parsing "), strings.HasPrefix(line, "go: downloading "):
		case (line[0] == '\t' || line[0] == ' ') && len(list) > 0:
			list[len(list)-1] += " " + strings.TrimSpace(line)
		default:
			list = append(list, strings.TrimPrefix(line, "go: "))
		}
	}
	// What follows an error without an indent, as advice on vendoring does, belongs to it.
	for i, msg := range list {
		if strings.HasPrefix(msg, "inconsistent vendoring in ") {
			list = list[:i+1]
			break
		}
	}
	return list
}

// Advice says what to do about a message that a package has, or is empty if the message says so itself.
func Advice(msg string) string {
	switch {
	case strings.Contains(msg, "module lookup disabled by GOPROXY=off"):
		return "it is not in the module cache; to fetch it, without GOPROXY=off: " + download
	case strings.Contains(msg, "dial tcp"), strings.Contains(msg, "no such host"):
		return "it is not in the module cache; to fetch it, with a network: " + download
	}
	return ""
}
