package hostserved

import "testing"

func TestServices(t *testing.T) {
	for service, want := range map[string][2]bool{
		"grpc.health.v1.Health":     {true, true},
		"grpc.channelz.v1.Channelz": {true, false},
		"grpc.health.v1.Heal":       {false, false},
		"":                          {false, false},
	} {
		if got := [2]bool{IsKept(service), IsAnswered(service)}; got != want {
			t.Errorf("%q: kept and answered are %v, want %v", service, got, want)
		}
	}
}
