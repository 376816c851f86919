package staging

import (
	"fmt"

	"golang.org/x/mod/semver"
)

// compilesSince lists modules of which many versions in use do not compile for wasip1, and the first version that was
// seen to. Whether it also works there is another question.
var compilesSince = map[string]string{
	"github.com/apache/thrift":     "v0.16.0", // syscall.MSG_PEEK
	"github.com/lib/pq":            "v1.11.0", // the user's name, from the system
	"github.com/mattn/go-isatty":   "v0.0.13", // empty package before
	"github.com/prometheus/procfs": "v0.12.0", // breaks in v0.10
	"github.com/sirupsen/logrus":   "v1.9.4",  // isTerminal
	"golang.org/x/crypto":          "v0.1.0",  // ssh/terminal
	"golang.org/x/sys":             "v0.26.0", // unix: excluded before, nearly empty since
}

// adviceFor says what to do about a module that does not compile for wasip1.
func adviceFor(path, version string) string {
	if since := compilesSince[path]; since != "" && semver.Compare(version, since) < 0 {
		return fmt.Sprintf("%s does: go get %s@%s", since, path, since)
	}
	return "no version is known that does"
}
