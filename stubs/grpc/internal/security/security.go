// Package security says what transport credentials are made of, for calls that leave the host: there the host makes the connection.
package security

// TLS are credentials for TLS.
type TLS struct {
	// ServerName is what the server's certificate must prove, in place of the authority.
	ServerName string
	// CA has the certificates to trust in PEM, and CAFile is the name of a file with such. If both are empty, the host's are trusted.
	CA, CAFile string
	// SkipVerify trusts anybody.
	SkipVerify bool
	// MinVersion is the lowest version of TLS, 0 for the default.
	MinVersion uint16
	// Problem is what the host cannot do.
	Problem string
}

// Describer is implemented by credentials that have these.
type Describer interface {
	CofaasTLS() TLS
}
