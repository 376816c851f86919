package grpclog

import (
	"io"
	"log"
	"os"
	"strconv"
	"strings"
)

// LoggerV2 is a logger with three levels and exits. Methods that end in f, in ln or in neither take their arguments in
// the manner of fmt.Printf, fmt.Println and fmt.Print.
type LoggerV2 interface {
	Info(args ...any)
	Infoln(args ...any)
	Infof(format string, args ...any)
	Warning(args ...any)
	Warningln(args ...any)
	Warningf(format string, args ...any)
	Error(args ...any)
	Errorln(args ...any)
	Errorf(format string, args ...any)
	// Fatal, Fatalln and Fatalf may exit; if they return, this package exits.
	Fatal(args ...any)
	Fatalln(args ...any)
	Fatalf(format string, args ...any)
	// V reports whether messages of verbosity l are logged.
	V(l int) bool
}

// DepthLoggerV2 is a logger that can skip stack frames when it says where a message comes from. All its own methods
// take arguments in the manner of fmt.Println.
type DepthLoggerV2 interface {
	LoggerV2
	InfoDepth(depth int, args ...any)
	WarningDepth(depth int, args ...any)
	ErrorDepth(depth int, args ...any)
	FatalDepth(depth int, args ...any)
}

// Logger is the shape of the standard library's logger.
//
// Deprecated: use [LoggerV2].
type Logger interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Fatalln(args ...any)
	Print(args ...any)
	Printf(format string, args ...any)
	Println(args ...any)
}

var (
	logger      LoggerV2
	depthLogger DepthLoggerV2 // logger, if it is one
)

func init() { SetLoggerV2(fromEnvironment()) }

// SetLoggerV2 replaces the logger. Call it before anything else of gRPC: it is not safe for concurrent use. It panics
// when l comes from [Component].
func SetLoggerV2(l LoggerV2) {
	if _, ok := l.(component); ok {
		panic("cannot use component logger as grpclog logger")
	}
	logger = l
	depthLogger, _ = l.(DepthLoggerV2)
}

// SetLogger replaces the logger.
//
// Deprecated: use [SetLoggerV2].
func SetLogger(l Logger) { SetLoggerV2(levelless{l}) }

// NewLoggerV2 returns a logger that writes info to infoW, warnings to infoW and warningW, and errors to all three.
func NewLoggerV2(infoW, warningW, errorW io.Writer) LoggerV2 {
	return NewLoggerV2WithVerbosity(infoW, warningW, errorW, 0)
}

// NewLoggerV2WithVerbosity is [NewLoggerV2] with a verbosity.
func NewLoggerV2WithVerbosity(infoW, warningW, errorW io.Writer, v int) LoggerV2 {
	warningW = both(infoW, warningW)
	errorW = both(warningW, errorW)
	return &writer{
		info:      log.New(infoW, "INFO: ", log.LstdFlags|log.Lmsgprefix),
		warning:   log.New(warningW, "WARNING: ", log.LstdFlags|log.Lmsgprefix),
		err:       log.New(errorW, "ERROR: ", log.LstdFlags|log.Lmsgprefix),
		fatal:     log.New(errorW, "FATAL: ", log.LstdFlags|log.Lmsgprefix),
		verbosity: v,
	}
}

// both avoids a MultiWriter around io.Discard, which package log recognizes and skips the formatting for.
func both(a, b io.Writer) io.Writer {
	switch io.Discard {
	case a:
		return b
	case b:
		return a
	}
	return io.MultiWriter(a, b)
}

func fromEnvironment() LoggerV2 {
	info, warning, err := io.Discard, io.Discard, io.Discard
	switch strings.ToUpper(os.Getenv("GRPC_GO_LOG_SEVERITY_LEVEL")) {
	case "", "ERROR":
		err = os.Stderr
	case "WARNING":
		warning = os.Stderr
	case "INFO":
		info = os.Stderr
	}
	verbosity, _ := strconv.Atoi(os.Getenv("GRPC_GO_LOG_VERBOSITY_LEVEL"))
	return NewLoggerV2WithVerbosity(info, warning, err, verbosity)
}

// writer is the logger that NewLoggerV2 returns. A fatal message goes where errors go.
type writer struct {
	info, warning, err, fatal *log.Logger
	verbosity                 int
}

func (w *writer) Info(args ...any)                    { w.info.Print(args...) }
func (w *writer) Infoln(args ...any)                  { w.info.Println(args...) }
func (w *writer) Infof(format string, args ...any)    { w.info.Printf(format, args...) }
func (w *writer) Warning(args ...any)                 { w.warning.Print(args...) }
func (w *writer) Warningln(args ...any)               { w.warning.Println(args...) }
func (w *writer) Warningf(format string, args ...any) { w.warning.Printf(format, args...) }
func (w *writer) Error(args ...any)                   { w.err.Print(args...) }
func (w *writer) Errorln(args ...any)                 { w.err.Println(args...) }
func (w *writer) Errorf(format string, args ...any)   { w.err.Printf(format, args...) }
func (w *writer) Fatal(args ...any)                   { w.fatal.Fatal(args...) }
func (w *writer) Fatalln(args ...any)                 { w.fatal.Fatalln(args...) }
func (w *writer) Fatalf(format string, args ...any)   { w.fatal.Fatalf(format, args...) }
func (w *writer) V(l int) bool                        { return l <= w.verbosity }

// levelless makes a LoggerV2 of a Logger.
type levelless struct{ Logger }

func (l levelless) Info(args ...any)                    { l.Print(args...) }
func (l levelless) Infoln(args ...any)                  { l.Println(args...) }
func (l levelless) Infof(format string, args ...any)    { l.Printf(format, args...) }
func (l levelless) Warning(args ...any)                 { l.Print(args...) }
func (l levelless) Warningln(args ...any)               { l.Println(args...) }
func (l levelless) Warningf(format string, args ...any) { l.Printf(format, args...) }
func (l levelless) Error(args ...any)                   { l.Print(args...) }
func (l levelless) Errorln(args ...any)                 { l.Println(args...) }
func (l levelless) Errorf(format string, args ...any)   { l.Printf(format, args...) }
func (l levelless) V(int) bool                          { return false }
