package protoload

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// locate records the place of a statement, and the comments around it: in front of its first token, and behind its
// "{" or ";".
func (c *converter) locate(path []int32, s stmt) {
	loc := &descriptorpb.SourceCodeInfo_Location{Path: path, Span: c.span(s.start, s.end)}
	first := s.start
	if c.visibility(s) != nil { // the place of a declaration is behind the word, its comments are in front
		first--
	}
	if gap := c.toks[first].gap; gap != nil {
		if gap.leading != "" {
			loc.LeadingComments = proto.String(gap.leading)
		}
		loc.LeadingDetachedComments = gap.detached
	}
	// The file ends with a token of its own, so there always is one behind.
	if gap := c.toks[s.body+1].gap; gap != nil && gap.trailing != "" {
		loc.TrailingComments = proto.String(gap.trailing)
	}
	c.info = append(c.info, loc)
}

// locateNamed records the place of a declaration and that of its name, which is field 1 in all of them.
func (c *converter) locateNamed(path []int32, s stmt) {
	c.locate(path, s)
	c.info = append(c.info, &descriptorpb.SourceCodeInfo_Location{Path: at(path, 1), Span: c.span(s.name, s.name)})
}

// locateFile records the span of the whole file.
func (c *converter) locateFile() {
	c.info = append(c.info, &descriptorpb.SourceCodeInfo_Location{Span: c.span(0, max(len(c.toks)-2, 0))})
}

// visibility returns what stands in front of a message or an enum, nil if nothing does.
func (c *converter) visibility(s stmt) *descriptorpb.SymbolVisibility {
	if s.start == 0 || c.edition < descriptorpb.Edition_EDITION_2024 {
		return nil
	}
	switch t := &c.toks[s.start-1]; {
	case t.is("export"):
		return descriptorpb.SymbolVisibility_VISIBILITY_EXPORT.Enum()
	case t.is("local"):
		return descriptorpb.SymbolVisibility_VISIBILITY_LOCAL.Enum()
	}
	return nil
}

// span is three numbers when the line is the same, else four.
func (c *converter) span(first, last int) []int32 {
	from, to := c.toks[first].pos, c.toks[last].end
	if from.line == to.line {
		return []int32{from.line, from.col, to.col}
	}
	return []int32{from.line, from.col, to.line, to.col}
}
