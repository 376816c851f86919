// Package grpclog stands in for google.golang.org/grpc/grpclog in a guest: the logger that the stub itself uses and
// that applications and middleware may replace or write to.
//
// As with grpc-go, the default logger writes errors to standard error; GRPC_GO_LOG_SEVERITY_LEVEL and
// GRPC_GO_LOG_VERBOSITY_LEVEL change that where the host passes them on. Functions whose name ends in Depth take the
// number of stack frames to skip; only loggers that implement [DepthLoggerV2] make use of it.
package grpclog

import "os"

// V reports whether messages of verbosity l are logged.
func V(l int) bool { return logger.V(l) }

// Info logs args in the manner of fmt.Print.
func Info(args ...any) { logger.Info(args...) }

// Infof logs args in the manner of fmt.Printf.
func Infof(format string, args ...any) { logger.Infof(format, args...) }

// Infoln logs args in the manner of fmt.Println.
func Infoln(args ...any) { logger.Infoln(args...) }

// InfoDepth logs args in the manner of fmt.Println.
func InfoDepth(depth int, args ...any) {
	if depthLogger != nil {
		depthLogger.InfoDepth(depth, args...)
		return
	}
	logger.Infoln(args...)
}

// Warning logs args in the manner of fmt.Print.
func Warning(args ...any) { logger.Warning(args...) }

// Warningf logs args in the manner of fmt.Printf.
func Warningf(format string, args ...any) { logger.Warningf(format, args...) }

// Warningln logs args in the manner of fmt.Println.
func Warningln(args ...any) { logger.Warningln(args...) }

// WarningDepth logs args in the manner of fmt.Println.
func WarningDepth(depth int, args ...any) {
	if depthLogger != nil {
		depthLogger.WarningDepth(depth, args...)
		return
	}
	logger.Warningln(args...)
}

// Error logs args in the manner of fmt.Print.
func Error(args ...any) { logger.Error(args...) }

// Errorf logs args in the manner of fmt.Printf.
func Errorf(format string, args ...any) { logger.Errorf(format, args...) }

// Errorln logs args in the manner of fmt.Println.
func Errorln(args ...any) { logger.Errorln(args...) }

// ErrorDepth logs args in the manner of fmt.Println.
func ErrorDepth(depth int, args ...any) {
	if depthLogger != nil {
		depthLogger.ErrorDepth(depth, args...)
		return
	}
	logger.Errorln(args...)
}

// Fatal logs args in the manner of fmt.Print and ends the guest with exit code 1.
func Fatal(args ...any) {
	logger.Fatal(args...)
	os.Exit(1)
}

// Fatalf logs args in the manner of fmt.Printf and ends the guest with exit code 1.
func Fatalf(format string, args ...any) {
	logger.Fatalf(format, args...)
	os.Exit(1)
}

// Fatalln logs args in the manner of fmt.Println and ends the guest with exit code 1.
func Fatalln(args ...any) {
	logger.Fatalln(args...)
	os.Exit(1)
}

// FatalDepth logs args in the manner of fmt.Println and ends the guest with exit code 1.
func FatalDepth(depth int, args ...any) {
	if depthLogger != nil {
		depthLogger.FatalDepth(depth, args...)
	} else {
		logger.Fatalln(args...)
	}
	os.Exit(1)
}

// Print logs at level info.
//
// Deprecated: use [Info].
func Print(args ...any) { Info(args...) }

// Printf logs at level info.
//
// Deprecated: use [Infof].
func Printf(format string, args ...any) { Infof(format, args...) }

// Println logs at level info.
//
// Deprecated: use [Infoln].
func Println(args ...any) { Infoln(args...) }
