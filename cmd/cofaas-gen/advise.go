package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/advise/calibrate"
)

const adviseUsage = `Usage:

	cofaas-gen advise [flags] PROFILE...

says where the functions of an app should run: as Wasm guests, or natively in processes of their own. A PROFILE is what a host has written
that was started with -profile FILE, and stopped. Of several, those in which a function ran in different places tell most: then what it
computes in each is known, and does not have to be guessed.

Exit codes: 0 done, 1 something is wrong, 2 wrong usage.

Flags:
`

// runAdvise is the subcommand advise.
func runAdvise(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var asJSON, measure bool
	set := flag.NewFlagSet("cofaas-gen advise", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(set.Output(), adviseUsage)
		set.PrintDefaults()
	}
	set.BoolVar(&asJSON, "json", false, "print JSON")
	set.BoolVar(&measure, "calibrate", false, "measure for two seconds what calls cost on this machine, instead of taking defaults")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if set.NArg() == 0 {
		fmt.Fprintln(stderr, "advise: name the profiles, which hosts write with -profile FILE")
		return 2
	}
	a, err := adviceOf(ctx, set.Args(), measure)
	if err == nil {
		if asJSON {
			err = a.JSON(stdout)
		} else {
			err = a.Text(stdout)
		}
	}
	if err != nil {
		printError(stderr, err)
		return 1
	}
	return 0
}

// adviceOf advises by the profiles in files.
func adviceOf(ctx context.Context, paths []string, measure bool) (*advise.Advice, error) {
	var profiles []*advise.Profile
	var errs []error
	for _, path := range paths {
		p, err := readProfile(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		profiles = append(profiles, p)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	constants := advise.Defaults()
	if measure {
		var err error
		if constants, err = calibrate.Measure(ctx, constants); err != nil {
			return nil, fmt.Errorf("-calibrate: %w", err)
		}
	}
	return advise.Advise(constants, profiles...)
}

// readProfile reads a file. Whatever is wrong with it says which file it is.
func readProfile(path string) (*advise.Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := advise.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
