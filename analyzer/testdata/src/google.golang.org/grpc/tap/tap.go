// Package tap has the declarations of the real one that tests need.
package tap

type Info struct{}
