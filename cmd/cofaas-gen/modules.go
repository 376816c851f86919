package main

// Generated hosts import package host. A module that has this command as a tool thereby requires what hosts need from the start,
// else its go.mod would be incomplete as soon as the first host is generated, and the go command would refuse to go on.
import _ "github.com/cofaas/cofaas/host"
