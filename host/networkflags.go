package host

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/netrules"
)

// allowVariable is -allow in the environment, with semicolons between values.
const allowVariable = "COFAAS_ALLOW"

// everyFunction stands for all functions in options that are by function.
const everyFunction = ""

// allowFlag parses -allow, and what else has such values. They are only kept at first: what is wrong with all of them is reported together.
type allowFlag struct {
	values     []rules
	files      []string
	byFunction map[string][]string
}

func (f *allowFlag) String() string { return "" }

func (f *allowFlag) Set(arg string) error {
	f.values = append(f.values, rules{where: "-allow " + arg + ": column ", text: arg})
	return nil
}

// setVariable takes the values of a variable of the environment. There may be none, and white space around each.
func (f *allowFlag) setVariable(value string) {
	offset := 0
	for part := range strings.SplitSeq(value, ";") {
		if strings.TrimSpace(part) != "" {
			f.values = append(f.values, rules{where: allowVariable + ": column ", text: part, offset: offset})
		}
		offset += len(part) + 1
	}
}

// fileFlag parses -allow-file.
type fileFlag struct{ *allowFlag }

func (f fileFlag) Set(name string) error {
	f.files = append(f.files, name)
	return nil
}

// readFile takes the values of a file.
func (f *allowFlag) readFile(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if i := comment(line); i >= 0 {
			line = line[:i]
		}
		if strings.TrimSpace(line) != "" {
			f.values = append(f.values, rules{where: fmt.Sprintf("%s:%d:", name, number), text: line})
		}
	}
	return nil
}

// comment is where the comment of a line begins, or -1. Within a word, as in the path of a socket, # is a letter.
func comment(line string) int {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return i
		}
	}
	return -1
}

// check returns what is wrong with the values for an app.
func (f *allowFlag) check(app *App) (problems []string) {
	for _, name := range f.files {
		if err := f.readFile(name); err != nil {
			problems = append(problems, fmt.Sprintf("-allow-file: %v", err))
		}
	}
	f.byFunction = map[string][]string{}
	for _, v := range f.values {
		function, begin := "", 0
		// What an entry has before its colon has no such sign in it.
		if i := strings.IndexAny(v.text, "=:"); i >= 0 && v.text[i] == '=' {
			function, begin = strings.TrimSpace(v.text[:i]), i+1
			if !slices.Contains(functionNames(app), function) {
				problems = append(problems, v.problem(0, unknownFunctionName(function, app)))
			}
		}
		_, err := netrules.Parse(v.text[begin:])
		for _, e := range netrules.Errors(err) {
			problems = append(problems, v.problem(begin+e.Offset, fmt.Sprintf("%q: %s", e.Text, e.Problem)))
		}
		f.byFunction[function] = append(f.byFunction[function], v.text[begin:])
	}
	return problems
}

// rules is a text with rules.
type rules struct {
	// where begins messages about it, and offset is where it begins there, in bytes.
	where  string
	text   string
	offset int
}

// problem is a message about a place of the text.
func (r *rules) problem(offset int, what string) string {
	return fmt.Sprintf("%s%d: %s", r.where, r.offset+offset+1, what)
}

// listenFlag parses -listen.
type listenFlag struct {
	values     []string
	byFunction map[string][]string
}

func (f *listenFlag) String() string { return "" }

func (f *listenFlag) Set(arg string) error {
	if function, _, ok := strings.Cut(arg, ":"); !ok || function == "" {
		return errors.New("want FUNCTION:PORT=ADDRESS, as cart:9090=:19090")
	}
	f.values = append(f.values, arg)
	return nil
}

// check returns what is wrong with the flag for an app.
func (f *listenFlag) check(app *App) (problems []string) {
	f.byFunction = map[string][]string{}
	for _, arg := range f.values {
		function, text, _ := strings.Cut(arg, ":")
		v := rules{where: "-listen " + arg + ": column "}
		if !slices.Contains(functionNames(app), function) {
			problems = append(problems, v.problem(0, unknownFunctionName(function, app)))
		}
		_, err := netrules.ParseMappings(text)
		for _, e := range netrules.Errors(err) {
			problems = append(problems, v.problem(len(function)+1+e.Offset, fmt.Sprintf("%q: %s", e.Text, e.Problem)))
		}
		f.byFunction[function] = append(f.byFunction[function], text)
	}
	return problems
}
