package plan

import "fmt"

// Patch is a file that stages change for no other reason than that its package would not compile for wasip1.
type Patch struct {
	Package string `json:"package"`
	Module  string `json:"module"`
	Version string `json:"version,omitempty"` // empty for modules that are worked in
	File    string `json:"file"`              // name within the package
	// Reason says what is changed, and why that is safe.
	Reason string `json:"reason"`
}

func (p Patch) String() string {
	pkg := p.Package
	if p.Version != "" {
		pkg += "@" + p.Version
	}
	return fmt.Sprintf("%s %s in the stage: %s", pkg, p.File, p.Reason)
}
