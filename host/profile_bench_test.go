package host

import "testing"

func BenchmarkProfile(b *testing.B) {
	for _, on := range []bool{false, true} {
		name := "off"
		if on {
			name = "on"
		}
		b.Run(name, func(b *testing.B) {
			h := serve(b, newApp(b, guests{
				{Function{Name: "front", Exports: []string{"test.Front"}, Imports: []string{"test.Back"}}, relayGuest()},
				{Function{Name: "back", Exports: []string{"test.Back"}}, echoGuest("back#echo", "back#act")},
			}, Edge{"front", "back", "test.Back"}), Options{Profile: on})
			m := h.functions["front"].exports[0]
			wire := []byte{10, 4, 1, 2, 3, 4}
			for b.Loop() {
				if _, st := m.invoke(b.Context(), wire, &callContext{}); st != nil {
					b.Fatal(st)
				}
			}
		})
	}
}
