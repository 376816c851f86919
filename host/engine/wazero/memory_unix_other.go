//go:build unix && !linux

package wazero

const mapNoReserve = 0

func adviseGrowth([]byte) {}
