// Command native times protobuf-go and what a host does with the message of a call, without any guest.
package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/test/roundtrip/driver"
)

func main() {
	text := flag.String("time", "", "the message, of the type of the first method, in hexadecimal")
	count := flag.Int("count", 1000, "how often")
	flag.Parse()
	if err := run(*text, *count); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(text string, n int) error {
	wire, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	m, err := request()
	if err != nil {
		return err
	}
	mt, err := protoregistry.GlobalTypes.FindMessageByName(m.Name)
	if err != nil {
		return err
	}
	if err := driver.TimeProtobuf(mt, wire, n); err != nil {
		return err
	}

	const limit = 1 << 20
	var layouts mapping.Layouts
	var tables transcode.Tables
	table := tables.Message(&layouts, layouts.Message(m))
	var mem link.Buffer
	at, err := transcode.Decode(table, wire, &mem, limit)
	if err != nil {
		return err
	}
	if again, err := transcode.Encode(table, mem.Bytes(), at, nil, limit); err != nil || !bytes.Equal(again, wire) {
		return fmt.Errorf("%x became %x: %v", wire, again, err)
	}
	fmt.Println("block", len(mem.Bytes()))
	return errors.Join(
		driver.Time("decode", n, func() error {
			mem.Reset()
			_, err := transcode.Decode(table, wire, &mem, limit)
			return err
		}),
		driver.Time("encode", n, func() error {
			_, err := transcode.Encode(table, mem.Bytes(), at, nil, limit)
			return err
		}))
}

// request is that of the first method of the service.
func request() (*model.Message, error) {
	var protos descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &protos); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&protos)
	if err != nil {
		return nil, err
	}
	d, err := files.FindDescriptorByName("roundtrip.Roundtrip")
	if err != nil {
		return nil, err
	}
	service := d.(protoreflect.ServiceDescriptor)
	return model.Build([]protoreflect.ServiceDescriptor{service}, model.Options{}).Service(d.FullName()).Methods[0].Request, nil
}
