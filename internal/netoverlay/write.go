package netoverlay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Write puts the overlay's files into a folder below dir that is named for their contents, unless they are there, and returns the file for
// the go command's flag -overlay. Equal overlays are equal files at equal paths, so that the go command compiles package net once.
// Processes may write at a time. Files of a folder are not changed once they are there.
func (o *Overlay) Write(dir string) (config string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, o.dir)
	hashFiles(h, o.files)
	dir = filepath.Join(dir, hex.EncodeToString(h.Sum(nil)[:12]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	var content struct{ Replace map[string]string }
	content.Replace = map[string]string{}
	for _, name := range sortedKeys(o.files) {
		file := filepath.Join(dir, name)
		content.Replace[filepath.Join(o.dir, name)] = file
		if err := writeFile(file, o.files[name]); err != nil {
			return "", err
		}
	}
	text, err := json.MarshalIndent(content, "", "\t")
	if err != nil {
		return "", err
	}
	config = filepath.Join(dir, "overlay.json")
	return config, writeFile(config, append(text, '\n'))
}

// writeFile writes a file at once, or leaves it alone if it is as it should be.
func writeFile(name string, content []byte) error {
	if got, err := os.ReadFile(name); err == nil && bytes.Equal(got, content) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(content); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
