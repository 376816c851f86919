// Package pflag has the declarations of the real one that tests need.
package pflag

type FlagSet struct{}

func String(name, value, usage string) *string                        { return nil }
func StringP(name, shorthand, value, usage string) *string            { return nil }
func Int(name string, value int, usage string) *int                   { return nil }
func (f *FlagSet) StringVarP(p *string, name, short, value, u string) {}
func (f *FlagSet) GetString(name string) (string, error)              { return "", nil }
