// Package localtime gives guests the local time of their host. It is enough to import it; elsewhere than in guests it does nothing.
package localtime
