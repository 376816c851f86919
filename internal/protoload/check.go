package protoload

import (
	"cmp"
	"math"
	"slices"
	"sort"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The checks here are those that protodesc does not make, and those where it would stop at the first of many findings.

const (
	maxInt32       = math.MaxInt32
	maxFieldNumber = 1<<29 - 1
	firstReserved  = 19000
	lastReserved   = 19999
)

// checkField checks what depends on the syntax of the file.
func (c *converter) checkField(spec fieldSpec, subject string) {
	at := c.pos(spec.start)
	switch c.syntax {
	case "proto2":
		if spec.label == noLabel && !spec.member {
			c.r.add(at, subject, "proto2 fields have a label, put optional, repeated or required in front")
		}
	case "proto3":
		if spec.label == labelRequired {
			c.r.add(at, subject, "proto3 has no required fields, remove the label")
		}
		if spec.group != nil {
			c.r.add(at, subject, "proto3 has no groups, use a message")
		}
	case "editions":
		switch {
		case spec.label == labelRequired:
			c.r.add(at, subject, "editions have no label required, use features.field_presence = LEGACY_REQUIRED")
		case spec.label == labelOptional:
			c.r.add(at, subject, "editions have no label optional, remove it or use features.field_presence")
		}
		if spec.group != nil {
			c.r.add(at, subject, "editions have no groups, use a message and features.message_encoding = DELIMITED")
		}
	}
	if spec.group != nil && (spec.typ[0] < 'A' || spec.typ[0] > 'Z') {
		c.r.add(c.pos(c.stmts[spec.start].name), subject, "the name of a group starts with a capital letter, rename it")
	}
}

// checkNumbers checks the field numbers of a message.
func (c *converter) checkNumbers(b *messageBody) {
	set := isSet(b.md)
	if set {
		c.checkSet(b)
	}
	var reserved, extensions intervals
	for _, r := range b.md.ReservedRange {
		reserved = append(reserved, interval{r.GetStart(), r.GetEnd()})
	}
	for _, r := range b.md.ExtensionRange {
		extensions = append(extensions, interval{r.GetStart(), r.GetEnd()})
	}
	reserved.sort()
	extensions.sort()
	byNumber := map[int32]string{}
	for i, f := range b.md.Field {
		pos, subject, n := c.pos(b.numberAt[i]), "field "+f.GetName(), f.GetNumber()
		if !c.checkNumber(b.numberAt[i], subject, n, set) {
			continue
		}
		if other, ok := byNumber[n]; ok {
			c.r.add(pos, subject, "number %d is used by field %s, choose another one", n, other)
			continue
		}
		byNumber[n] = f.GetName()
		if reserved.contain(n) {
			c.r.add(pos, subject, "number %d is reserved, choose another one", n)
		}
		if extensions.contain(n) {
			c.r.add(pos, subject, "number %d is in an extension range, choose another one", n)
		}
	}
}

// interval is a range of numbers without its end.
type interval struct{ start, end int32 }

// intervals are in order, once sorted. They may overlap, which is for protodesc to report.
type intervals []interval

func (list intervals) sort() {
	slices.SortFunc(list, func(a, b interval) int { return cmp.Compare(a.start, b.start) })
	for i := range list[min(1, len(list)):] { // so that the last one that starts before a number decides about it
		list[i+1].end = max(list[i+1].end, list[i].end)
	}
}

func (list intervals) contain(n int32) bool {
	i := sort.Search(len(list), func(i int) bool { return list[i].start > n })
	return i > 0 && n < list[i-1].end
}

func (c *converter) checkNumber(tok int, subject string, n int32, messageSet bool) bool {
	switch {
	case n < 1, n > maxFieldNumber && !messageSet:
		c.r.add(c.pos(tok), subject, "number %d is out of range, use 1 to %d", n, maxFieldNumber)
	case firstReserved <= n && n <= lastReserved:
		c.r.add(c.pos(tok), subject, "number %d is in %d to %d, which protobuf reserves, choose another one",
			n, firstReserved, lastReserved)
	default:
		return true
	}
	return false
}

// ranges adds the reserved and extension ranges, which need to know whether the message is a message set.
func (c *converter) ranges(b *messageBody) {
	last := int32(maxFieldNumber)
	if isSet(b.md) {
		last = maxInt32 - 1
	}
	check := func(r *numRange, subject string) {
		if r.max {
			r.to = last
		}
		switch {
		case r.from < 1:
			c.r.add(c.pos(r.at), subject, "number %d is out of range, use 1 to %d", r.from, last)
		case r.to > last:
			c.r.add(c.pos(r.toward), subject, "number %d is out of range, use 1 to %d", r.to, last)
			r.to = last
		case r.from > r.to:
			c.r.add(c.pos(r.at), subject, "range ends before it starts, swap its ends")
		}
	}
	for _, r := range b.reserved {
		check(&r, "reserved")
		b.md.ReservedRange = append(b.md.ReservedRange, &descriptorpb.DescriptorProto_ReservedRange{
			Start: proto.Int32(r.from), End: proto.Int32(r.to + 1)})
	}
	for i, r := range b.extRanges {
		check(&r, "extensions")
		er := &descriptorpb.DescriptorProto_ExtensionRange{Start: proto.Int32(r.from), End: proto.Int32(r.to + 1)}
		for _, o := range b.extOpts[i] {
			c.option(o, "extension range", func() proto.Message { return ensure(&er.Options) })
		}
		b.md.ExtensionRange = append(b.md.ExtensionRange, er)
	}
}

// checkEnum checks the numbers of an enum.
func (c *converter) checkEnum(e *ast.Enum, ed *descriptorpb.EnumDescriptorProto) {
	subject := kindEnum.String() + " " + ed.GetName()
	if len(ed.Value) == 0 {
		c.r.add(c.pos(c.stmts[tokenOf(e.Position.Line)].name), subject, "has no values, add one")
		return
	}
	byNumber := map[int32]string{}
	i := 0
	for _, v := range e.Elements {
		v, ok := v.(*ast.EnumField)
		if !ok {
			continue
		}
		n, name, tok := ed.Value[i].GetNumber(), ed.Value[i].GetName(), c.stmts[tokenOf(v.Position.Line)].num
		if i == 0 && n != 0 && c.syntax == "proto3" {
			c.r.add(c.pos(tok), "value "+name, "the first value of a proto3 enum is zero, put the value with number 0 first")
		}
		i++
		other, taken := byNumber[n]
		if taken && !ed.GetOptions().GetAllowAlias() {
			c.r.add(c.pos(tok), "value "+name, "number %d is used by value %s, set option allow_alias or choose another one", n, other)
		}
		if !taken {
			byNumber[n] = name
		}
	}
}
