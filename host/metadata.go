package host

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"google.golang.org/grpc/metadata"
)

// Metadata crosses the boundary of a guest as entries of three 32-bit words (length of the key, length of the value, flags)
// and the bytes of both; see package guest.

const metaTrailer = 1 << 0

var errMetadata = errors.New("the guest's metadata is malformed")

// wholeMeta says whether what a guest has written can be read. It may go on to another guest, which trusts the host.
func wholeMeta(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 12 {
			return false
		}
		n := 12 + uint64(binary.LittleEndian.Uint32(b)) + uint64(binary.LittleEndian.Uint32(b[4:]))
		if n > uint64(len(b)) {
			return false
		}
		b = b[n:]
	}
	return true
}

// parseMeta reads what a guest has written.
func parseMeta(b []byte) (header, trailer metadata.MD, err error) {
	for len(b) > 0 {
		if len(b) < 12 {
			return nil, nil, errMetadata
		}
		k, v, flags := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:])
		b = b[12:]
		if k+v > uint64(len(b)) {
			return nil, nil, errMetadata
		}
		key, value := string(b[:k]), string(b[k:k+v])
		b = b[k+v:]
		md := &header
		if flags&metaTrailer != 0 {
			md = &trailer
		}
		if *md == nil {
			*md = metadata.MD{}
		}
		md.Append(key, value)
	}
	return header, trailer, nil
}

// splitMeta separates header and trailer, which a guest has written as one.
func splitMeta(b []byte) (header, trailer []byte) {
	for len(b) >= 12 {
		n := 12 + uint64(binary.LittleEndian.Uint32(b)) + uint64(binary.LittleEndian.Uint32(b[4:]))
		if binary.LittleEndian.Uint32(b[8:])&metaTrailer != 0 {
			trailer = append(trailer, b[:n]...)
		} else {
			header = append(header, b[:n]...)
		}
		b = b[n:]
	}
	return header, trailer
}

// encodeMeta writes what a guest will read.
func encodeMeta(md metadata.MD) []byte { return appendMeta(nil, md, 0) }

// appendMeta writes what a guest will read, in the order of the keys.
func appendMeta(b []byte, md metadata.MD, flags uint32) []byte {
	for _, key := range slices.Sorted(maps.Keys(md)) {
		for _, value := range md[key] {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(key)))
			b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
			b = binary.LittleEndian.AppendUint32(b, flags)
			b = append(b, key...)
			b = append(b, value...)
		}
	}
	return b
}
