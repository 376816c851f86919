// Package netrules is the syntax and the meaning of what functions may do on the network: entries of allow-lists, such as
// cache:6379, and mappings of what functions listen on, such as 9090=:19090. Hosts follow the rules, and the generator checks those
// that functions state themselves; so it is a package of both. It keeps nothing and opens nothing.
//
// A comma separates entries:
//
//	cache:6379                a host by its name; TCP, as all that do not say otherwise
//	*.example.com:443         every host below example.com, at any depth
//	10.0.0.5:6379             an address; [2001:db8::1]:6379
//	10.0.0.0/8:5432           a network; [2001:db8::/32]:5432
//	*:443                     every host
//	cache:6000-6999, cache:*  some ports, all ports
//	udp:10.0.0.2:53           UDP
//	lookup:example.com        looking up, and no connections; *.example.com, and addresses in reverse
//	unix:/run/app.sock        a socket by exactly this path, or an abstract one: unix:@app
//	*                         everything
//	none                      nothing of what the function states itself
//
// Names compare without regard to case and a dot at their end. An IPv4 address that is written as IPv6 is the IPv4 address. An
// address without a zone stands for those of every zone.
package netrules
