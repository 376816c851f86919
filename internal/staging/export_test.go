package staging

import "slices"

// PatchedVersions returns the first and the last version of each module that patchRules cover, as module@version.
func PatchedVersions() []string {
	var list []string
	for _, r := range patchRules {
		list = append(list, r.module+"@"+r.first, r.module+"@"+r.last)
	}
	return slices.Compact(list)
}

// SignalNames is what files may use of package unix to be patched.
func SignalNames() []string { return signalNames }
