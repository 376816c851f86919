// Package gopls is empty. Its module pins the gopls that the tests of package editors start.
package gopls
