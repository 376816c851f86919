package drivers

import (
	"net"
	"net/url"
	"strings"
)

// A Form is how the text of an address is read.
type Form int

const (
	// HostPort is host:port, or a URL, or several of these with commas between them.
	HostPort Form = iota
	// URL is a URL. What is none, such as a path, is no address.
	URL
	// Text is the address itself: a path, a name.
	Text
	// SQL is the data source name of a driver that is named by another argument.
	SQL
	// Postgres is a data source name as libpq reads it: a URL, or words key=value.
	Postgres
	// MySQL is user:password@network(address)/database.
	MySQL
	// Mongo is a URL with several hosts, or mongodb+srv, whose hosts DNS knows.
	Mongo
	// AWS is the name of a region.
	AWS
	// Tags is no text, but a struct, or a pointer to one, whose fields have names of environment variables in their tags.
	Tags
	// UntaggedTags is that too, where fields without a tag have variables of their own names, after a prefix, which is the Second argument.
	UntaggedTags
)

// An Address is what a text leads to.
type Address struct {
	Kind    Kind
	Network string
	// Text is host:port, or the path of a socket or file, or a name.
	Text string
	// Open says that Text is only a mark, for something that is to be read as Form with the default port Port; or nothing, if it could
	// not be read.
	Open bool
	Form Form
	Port string
	// NoPort says that the port is not known.
	NoPort bool
	Note   string
}

// Mark returns the mark for part i of a text, of something that is not known: a character that no address has.
func Mark(i int) string { return string(rune(firstMark + i)) }

// MaxMarks is how many marks there are.
const MaxMarks = 64

const firstMark = 0xe000 // private use

// Marked returns which mark s is, if it is nothing else.
func Marked(s string) (int, bool) {
	r := []rune(s)
	if len(r) != 1 || !isMark(r[0]) {
		return 0, false
	}
	return int(r[0] - firstMark), true
}

// SplitMarks calls text for what is between marks in s, and mark for these.
func SplitMarks(s string, text func(string), mark func(int)) {
	start := 0
	for i, r := range s {
		if isMark(r) {
			if i > start {
				text(s[start:i])
			}
			mark(int(r - firstMark))
			start = i + len(string(r))
		}
	}
	if start < len(s) {
		text(s[start:])
	}
}

func isMark(r rune) bool { return r >= firstMark && r < firstMark+MaxMarks }

// ports are the default ports of URLs, by scheme.
var ports = map[string]string{
	"http": "80", "https": "443", "ws": "80", "wss": "443", "redis": "6379", "rediss": "6379", "amqp": "5672", "amqps": "5671",
	"nats": "4222", "tls": "4222", "postgres": "5432", "postgresql": "5432", "mongodb": "27017", "ldap": "389", "ldaps": "636",
	"sqlserver": "1433", "clickhouse": "9000", "oracle": "1521", "mysql": "3306", "ftp": "21", "tcp": "",
}

// Addresses returns what text leads to. second is the network or the name of the driver, or "". There are none if the text is the
// address of nothing: a path where there should be a URL.
func (e *Entry) Addresses(text, second string) []Address {
	return e.read(e.Form, e.Port, text, second)
}

// Reread is like Addresses for what an Address left open.
func (e *Entry) Reread(a Address, text, second string) []Address {
	return e.read(a.Form, a.Port, text, second)
}

func (e *Entry) read(form Form, port, text, second string) []Address {
	switch form {
	case Text, Tags, UntaggedTags:
		return []Address{e.found(second, text)}
	case SQL:
		return e.sql(text, second)
	case Postgres:
		return e.postgres(text)
	case MySQL:
		return e.mysql(text)
	case Mongo:
		return e.mongo(text)
	case AWS:
		return e.aws(text, second)
	case URL:
		if strings.HasPrefix(text, "/") || text == "" || strings.HasPrefix(text, "?") {
			return nil
		}
		if i, ok := Marked(head(text)); ok && !strings.Contains(text, "://") {
			return []Address{{Kind: e.Kind, Network: e.network(second), Text: Mark(i), Open: true, Form: URL, Port: port}}
		}
	}
	var list []Address
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, e.hostPort(part, port, second))
		}
	}
	return list
}

// head is what of a text stands before the first slash.
func head(text string) string {
	h, _, _ := strings.Cut(text, "/")
	return h
}

func (e *Entry) network(second string) string {
	if second != "" && (e.Second > 0 || e.SecondField != "") && e.Form != SQL && e.Form != UntaggedTags {
		return second
	}
	if e.Network != "" {
		return e.Network
	}
	if e.Kind == Dial || e.Kind == Listen {
		return "tcp"
	}
	return ""
}

func (e *Entry) found(second, text string) Address {
	return Address{Kind: e.Kind, Network: e.network(second), Text: text, Note: e.Note}
}

// hostPort reads one address: a URL or host:port or, of unix sockets, a path.
func (e *Entry) hostPort(text, port, second string) Address {
	network := e.network(second)
	if strings.HasPrefix(network, "unix") {
		return e.found(second, text)
	}
	scheme, rest, isURL := strings.Cut(text, "://")
	if isURL {
		if scheme == "unix" {
			return e.unix(rest)
		}
		rest = rest[:authority(rest)]
		if p, ok := ports[scheme]; ok && p != "" {
			port = p
		} else if strings.ContainsFunc(scheme, isMark) {
			port = ""
		}
		text = rest
	} else if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return e.unix(path)
	} else if strings.HasPrefix(text, "/") && e.Kind == Dial {
		return e.unix(text)
	} else if e.Form == URL {
		text = head(text)
	} else if slash := strings.LastIndex(text, "/"); slash >= 0 && port != "" {
		text = text[:slash] // host:port/path, as some libraries allow
	}
	text = text[strings.LastIndex(text, "@")+1:]
	if i, ok := Marked(text); ok {
		return Address{Kind: e.Kind, Network: network, Text: Mark(i), Open: true, Form: HostPort, Port: port, Note: e.Note}
	}
	a := e.found(second, text)
	a.Text, a.NoPort = withPort(text, port)
	return a
}

// authority returns where the part of a URL ends that says the host.
func authority(rest string) int {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return i
	}
	return len(rest)
}

func (e *Entry) unix(path string) Address {
	a := e.found("", path)
	a.Network, a.Text = "unix", path
	return a
}

// withPort returns an address with a port: its own, or else the default. It reports whether there is none.
func withPort(text, port string) (string, bool) {
	i := strings.LastIndex(text, ":")
	if i >= 0 && !strings.Contains(text[i:], "]") && (strings.Count(text, ":") == 1 || text[0] == '[') {
		return text, false
	}
	if port == "" {
		return text, true
	}
	return net.JoinHostPort(strings.Trim(text, "[]"), port), false
}

// sqlForms says how data source names are read, by the usual name of the driver.
var sqlForms = map[string]struct {
	form Form
	port string
}{
	"postgres": {Postgres, ""}, "pgx": {Postgres, ""}, "pgx/v5": {Postgres, ""},
	"cloudsqlpostgres": {Postgres, ""}, "cockroach": {Postgres, ""},
	"mysql":     {MySQL, ""},
	"sqlserver": {HostPort, "1433"}, "mssql": {HostPort, "1433"}, "azuresql": {HostPort, "1433"},
	"clickhouse": {HostPort, "9000"}, "oracle": {HostPort, "1521"}, "trino": {HostPort, "8080"},
	"sqlite3": {Text, ""}, "sqlite": {Text, ""},
}

func (e *Entry) sql(text, driver string) []Address {
	known, ok := sqlForms[driver]
	switch {
	case !ok:
		if scheme, _, isURL := strings.Cut(text, "://"); isURL && ports[scheme] != "" {
			return e.read(HostPort, "", text, "")
		}
		// It may have a password in it, so it is not shown.
		return []Address{{Kind: Dial, Network: "tcp", Open: true, Note: "the data source name of a driver that is not known"}}
	case known.form == Text:
		path, _, _ := strings.Cut(strings.TrimPrefix(text, "file:"), "?")
		if path == ":memory:" || path == "" || strings.Contains(text, "mode=memory") {
			return nil
		}
		return []Address{{Kind: Read, Text: path, Note: "database in a file: mounts are read-only"}}
	}
	return e.read(known.form, known.port, text, "")
}

// postgres reads a data source name: what it leaves out is in the environment.
func (e *Entry) postgres(text string) []Address {
	host, port := "", ""
	scheme, rest, isURL := strings.Cut(text, "://")
	if isURL && (scheme == "postgres" || scheme == "postgresql" || strings.ContainsFunc(scheme, isMark)) {
		hosts := rest[:authority(rest)]
		hosts = hosts[strings.LastIndex(hosts, "@")+1:]
		host = hosts
		if _, query, ok := strings.Cut(rest, "?"); ok {
			if q, err := url.ParseQuery(query); err == nil {
				host, port = or(host, q.Get("host")), q.Get("port")
			}
		}
	} else if i, ok := Marked(text); ok {
		return []Address{{Kind: e.Kind, Network: "tcp", Text: Mark(i), Open: true, Form: Postgres}}
	} else {
		for word := range strings.FieldsSeq(text) {
			switch key, v, _ := strings.Cut(word, "="); key {
			case "host", "hostaddr":
				host = strings.Trim(v, "'")
			case "port":
				port = strings.Trim(v, "'")
			}
		}
	}
	ports := strings.Split(port, ",")
	var list []Address
	for i, h := range strings.Split(host, ",") {
		p := or(ports[min(i, len(ports)-1)], "5432")
		if strings.HasPrefix(h, "/") {
			list = append(list, Address{Kind: e.Kind, Network: "unix", Text: h + "/.s.PGSQL." + p, Note: e.Note})
			continue
		}
		a := Address{Kind: e.Kind, Network: "tcp", Note: e.Note}
		if m, ok := Marked(h); ok && strings.Contains(text, "://") && port == "" {
			a.Text, a.Open, a.Form, a.Port = Mark(m), true, HostPort, p
			list = append(list, a)
			continue
		}
		if h == "" {
			a.Note = or(a.Note, "the environment variables PGHOST and PGPORT count too")
		}
		if h == "" || strings.HasPrefix(h, ":") {
			h = "localhost" + h
		}
		a.Text, a.NoPort = withPort(h, p)
		list = append(list, a)
	}
	return list
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// mysql reads user:password@network(address)/database.
func (e *Entry) mysql(text string) []Address {
	if i, ok := Marked(text); ok {
		return []Address{{Kind: e.Kind, Network: "tcp", Text: Mark(i), Open: true, Form: MySQL}}
	}
	if slash := strings.LastIndex(text, "/"); slash >= 0 && (strings.LastIndex(text, ")") < slash) {
		text = text[:slash]
	}
	text = text[strings.LastIndex(text, "@")+1:]
	network, address, ok := strings.Cut(text, "(")
	address = strings.TrimSuffix(address, ")")
	if !ok {
		address = ""
	}
	network = or(network, "tcp")
	a := Address{Kind: e.Kind, Network: network, Text: address, Note: e.Note}
	switch {
	case network == "unix":
		a.Text = or(address, "/tmp/mysql.sock")
	case address == "":
		a.Text = "127.0.0.1:3306"
	default:
		if i, ok := Marked(address); ok {
			a.Text, a.Open, a.Form, a.Port = Mark(i), true, HostPort, "3306"
		} else {
			a.Text, a.NoPort = withPort(address, "3306")
		}
	}
	return []Address{a}
}

// mongo reads mongodb://hosts/..., and mongodb+srv://name/...
func (e *Entry) mongo(text string) []Address {
	if i, ok := Marked(head(text)); ok && !strings.Contains(text, "://") {
		return []Address{{Kind: e.Kind, Network: "tcp", Text: Mark(i), Open: true, Form: Mongo}}
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		rest = text
	}
	rest = rest[:authority(rest)]
	rest = rest[strings.LastIndex(rest, "@")+1:]
	if scheme == "mongodb+srv" {
		return []Address{{Kind: Lookup, Text: rest, Note: "its SRV record names the servers, which have to be allowed too, as *.DOMAIN:27017"}}
	}
	return e.read(HostPort, "27017", rest, "")
}

// prefixes are names of hosts of AWS that are not those of the Go packages.
var prefixes = map[string]string{
	"cloudwatch": "monitoring", "cloudwatchlogs": "logs", "eventbridge": "events", "ses": "email", "sesv2": "email", "sfn": "states",
	"applicationautoscaling": "application-autoscaling", "elasticloadbalancingv2": "elasticloadbalancing", "costexplorer": "ce",
	"ecr": "api.ecr", "cognitoidentityprovider": "cognito-idp", "cognitoidentity": "cognito-identity", "configservice": "config",
}

// aws returns the host of a service, which is named by its package, in a region.
func (e *Entry) aws(region, service string) []Address {
	host := or(prefixes[service], service) + "." + region + ".amazonaws.com:443"
	list := []Address{e.found("", host)}
	if service == "s3" {
		list = append(list, Address{Kind: Dial, Network: "tcp", Text: "*." + host, Note: "buckets are names below it"})
	}
	return list
}
