//go:build !linux

package main

import (
	"errors"
	"os/exec"
)

// ownGroup is only known for Linux; elsewhere a command is ended alone.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	return cmd.Process.Kill()
}

func processors() ([]int, error) { return nil, errLinux }

func startOn(cmd *exec.Cmd, cores []int) error {
	if cores != nil {
		return errLinux
	}
	return cmd.Start()
}

func residentBytes(int) (float64, error) { return 0, errLinux }

func groupCPU(int) (float64, error) { return 0, errLinux }

var errLinux = errors.New("this figure can be measured on Linux only: choose others with -only")
