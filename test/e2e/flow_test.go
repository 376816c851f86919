package e2e

import (
	"slices"
	"testing"

	"github.com/cofaas/cofaas/test/e2e/apps/flow/pb"
)

const canceled = "after cancelling: rpc error: code = Canceled desc = context canceled"

// Functions that do nothing with the messages of their streams but send and receive them see what they see natively, although many
// messages go at a time in a host.
func TestFlow(t *testing.T) {
	bad := func(what string) []string {
		const invalid = "rpc error: code = Internal desc = grpc: error while marshaling: string field contains invalid UTF-8"
		return []string{what + ": " + invalid, what + ": the call: " + invalid}
	}
	both(t, flow, func(t *testing.T, sys *system) {
		client := pb.NewSourceClient(sys.conn)
		for _, tt := range []struct {
			job  string
			want []string
		}{
			{"changed after sending", []string{"collected: 2000 of 2000 items, the same: true"}},
			{"all sizes", []string{"collected: 1120 of 1120 items, the same: true"}},
			{"a bad item", slices.Concat(bad("text"), bad("word"), bad("key"), bad("part"))},
			{"both ways to receive", []string{"emitted: 3000 of 3000 items, the same: true", "the end: EOF"}},
			{"many streams", []string{
				"stream 0: 300 of 300 items, the same: true", "stream 13: 300 of 300 items, the same: true",
				"stream 26: 300 of 300 items, the same: true", "stream 39: 300 of 300 items, the same: true",
			}},
			{"out while computing", []string{"1000 items; the last but one was there before the pause"}},
			{"in while computing", []string{"1000 items; the last but one was there before the pause"}},
			{"there and back", []string{"echoed: 5000 of 5000 items, the same: true"}},
			{"cancelled", []string{canceled, canceled, canceled}},
			{"sent into the void", []string{"sending: EOF", "and again: EOF", "and again: EOF", "and again: EOF", "500 items, <nil>"}},
			{"returned", []string{"0 of 0 items", "1 of 1 items", "4 of 4 items", "5 of 5 items", "6 of 6 items", "37 of 37 items", "1000 of 1000 items"}},
		} {
			t.Run(tt.job, func(t *testing.T) {
				got, err := client.Run(t.Context(), &pb.Job{Name: tt.job})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Lines, tt.want) {
					t.Errorf("got  %q\nwant %q", got.Lines, tt.want)
				}
			})
		}
	})
}
