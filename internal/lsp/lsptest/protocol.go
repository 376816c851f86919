package lsptest

import (
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// What servers send, in the names of the protocol.
type (
	// Position counts from zero, and in UTF-16 code units.
	Position struct {
		Line      int `json:"line"`
		Character int `json:"character"`
	}
	// Range is what is between two positions.
	Range struct {
		Start Position `json:"start"`
		End   Position `json:"end"`
	}
	// Location is a range of a document.
	Location struct {
		URI   string `json:"uri"`
		Range Range  `json:"range"`
	}
	// Diagnostic is one finding.
	Diagnostic struct {
		Range           Range `json:"range"`
		Severity        int   `json:"severity"`
		Code            any   `json:"code"`
		CodeDescription *struct {
			Href string `json:"href"`
		} `json:"codeDescription"`
		Source             string `json:"source"`
		Message            string `json:"message"`
		RelatedInformation []struct {
			Location Location `json:"location"`
			Message  string   `json:"message"`
		} `json:"relatedInformation"`
	}
	// Published is what a server says of one document.
	Published struct {
		URI         string       `json:"uri"`
		Version     *int         `json:"version"`
		Diagnostics []Diagnostic `json:"diagnostics"`
	}
	// TextEdit replaces a range.
	TextEdit struct {
		Range   Range  `json:"range"`
		NewText string `json:"newText"`
	}
	// WorkspaceEdit changes documents.
	WorkspaceEdit struct {
		Changes         map[string][]TextEdit `json:"changes"`
		DocumentChanges []struct {
			TextDocument struct {
				URI     string `json:"uri"`
				Version *int   `json:"version"`
			} `json:"textDocument"`
			Edits []TextEdit `json:"edits"`
		} `json:"documentChanges"`
	}
	// Hover is what an editor shows at the cursor.
	Hover struct {
		Contents struct {
			Kind  string `json:"kind"`
			Value string `json:"value"`
		} `json:"contents"`
		Range Range `json:"range"`
	}
)

// URI returns the URI of a file.
func URI(file string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
}

// PositionAt returns the position of a byte of text.
func PositionAt(text string, offset int) Position {
	before := text[:offset]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return Position{strings.Count(before, "\n"), len(utf16.Encode([]rune(line)))}
}

// offset returns the byte of text at a position.
func offset(text string, p Position) int {
	i := 0
	for range p.Line {
		i += strings.IndexByte(text[i:], '\n') + 1
	}
	for units, r := range text[i:] {
		_ = units
		if p.Character <= 0 {
			break
		}
		p.Character -= utf16.RuneLen(r)
		i += len(string(r))
	}
	return i
}
