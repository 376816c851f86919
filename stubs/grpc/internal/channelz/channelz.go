// Package channelz has the type that package channelz exports.
package channelz

// Identifier names an entity of channelz. Nothing implements it.
type Identifier interface {
	// String returns a form for logs.
	String() string
	channelzIdentifier()
}
