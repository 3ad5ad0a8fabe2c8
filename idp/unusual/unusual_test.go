package unusual

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

var (
	moscow = Place{Country: "RU", City: "Moscow", Latitude: 55.75, Longitude: 37.62}
	kazan  = Place{Country: "RU", City: "Kazan", Latitude: 55.79, Longitude: 49.12}
	minsk  = Place{Country: "BY", City: "Minsk", Latitude: 53.90, Longitude: 27.57}
	tokyo  = Place{Country: "JP", City: "Tokyo", Latitude: 35.69, Longitude: 139.69}
	noon   = storage.Of(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
)

func TestReasons(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, err := New(Deps{DB: db})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		for _, s := range []SignIn{
			{PersonID: "elena", Place: tokyo, At: noon.Add(-24 * time.Hour)},
			{PersonID: "elena", Place: kazan, At: noon.Add(-9 * time.Hour)},
			{PersonID: "elena", Place: moscow, At: noon},
			{PersonID: "elena", At: noon.Add(time.Minute)}, // from nowhere that is known
		} {
			if err := w.Remember(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			name string
			s    SignIn
			want []string
		}{
			{"the very first", SignIn{PersonID: "elena", First: true, Place: minsk, At: noon}, nil},
			{"as always", SignIn{PersonID: "elena", Known: true, Place: moscow, At: noon.Add(time.Hour)}, nil},
			{"another device", SignIn{PersonID: "elena", Place: moscow, At: noon.Add(time.Hour)}, []string{"device"}},
			{"a train away", SignIn{PersonID: "elena", Known: true, Place: kazan, At: noon.Add(time.Hour)}, nil},
			{"two minutes away", SignIn{PersonID: "elena", Known: true, Place: kazan, At: noon.Add(2 * time.Minute)}, []string{"travel"}},
			{"another country, by aeroplane", SignIn{PersonID: "elena", Known: true, Place: minsk, At: noon.Add(3 * time.Hour)}, []string{"country"}},
			{"a known country, too soon", SignIn{PersonID: "elena", Known: true, Place: tokyo, At: noon.Add(3 * time.Hour)}, []string{"travel"}},
			{"a known country, in time", SignIn{PersonID: "elena", Known: true, Place: tokyo, At: noon.Add(10 * time.Hour)}, nil},
			{"all at once", SignIn{PersonID: "elena", Place: minsk, At: noon}, []string{"device", "country", "travel"}},
			{"nobody knows where", SignIn{PersonID: "elena", Place: Place{}, Known: true, At: noon}, nil},
			{"a country without a place in it", SignIn{PersonID: "elena", Place: Place{Country: "JP"}, Known: true, At: noon}, nil},
			{"somebody else", SignIn{PersonID: "pavel", Place: minsk, Known: true, At: noon}, nil},
		} {
			got, err := w.Reasons(ctx, test.s)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v (%v)", test.name, got, test.want, err)
			}
		}
		w.AnyDevice = true
		if got, err := w.Reasons(ctx, SignIn{PersonID: "elena", Place: moscow, At: noon.Add(time.Hour)}); err != nil || len(got) != 0 {
			t.Errorf("any device: %v %v", got, err)
		}
	})
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil {
		t.Error("New without a DB")
	}
}

func TestPlacesOfADatabase(t *testing.T) {
	t.Parallel()
	content := database(t)
	file := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := OpenPlaces(file)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadPlaces(content)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]Place{
		"10.1.2.3": tokyo, "::ffff:10.1.2.3": tokyo, "192.0.2.1": {}, "2001:db8::1": {},
	} {
		for _, p := range []*Places{opened, read} {
			got, err := p.Find(netip.MustParseAddr(address))
			if err != nil && !netip.MustParseAddr(address).Is6() || got != want {
				t.Errorf("%s lies in %+v, want %+v (%v)", address, got, want, err)
			}
		}
	}
	var none *Places
	if got, err := none.Find(netip.MustParseAddr("10.1.2.3")); err != nil || got != (Place{}) || none.Close() != nil {
		t.Errorf("no database: %+v %v", got, err)
	}
	if got, err := read.Find(netip.Addr{}); err != nil || got != (Place{}) {
		t.Errorf("no address: %+v %v", got, err)
	}
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
	if _, err := OpenPlaces(file + ".missing"); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := ReadPlaces([]byte("no database")); err == nil {
		t.Error("a file that is none")
	}
	for place, want := range map[Place]string{tokyo: "Tokyo, JP", {Country: "RU"}: "RU", {}: ""} {
		if got := place.Name(); got != want {
			t.Errorf("%+v is called %q", place, got)
		}
	}
}

// database is one of the MaxMind format (MaxMind DB File Format Specification
// 2.0) that knows 10.0.0.0/8 alone, and that it lies in Tokyo.
func database(t *testing.T) []byte {
	t.Helper()
	const nodes = 8 // one for each bit of the prefix
	var tree, out bytes.Buffer
	for i := range nodes {
		left, right := uint32(nodes), uint32(nodes) // "not found" is the number of nodes
		next := uint32(i + 1)
		if i == nodes-1 {
			next = nodes + 16 // the record at offset 0 of the data section
		}
		if 10>>(7-i)&1 == 0 {
			left = next
		} else {
			right = next
		}
		for _, record := range []uint32{left, right} {
			tree.Write([]byte{byte(record >> 16), byte(record >> 8), byte(record)})
		}
	}
	out.Write(tree.Bytes())
	out.Write(make([]byte, 16))
	write(&out, []any{
		"city", []any{"names", []any{"en", tokyo.City}},
		"country", []any{"iso_code", tokyo.Country},
		"location", []any{"latitude", tokyo.Latitude, "longitude", tokyo.Longitude},
	})
	out.WriteString("\xab\xcd\xefMaxMind.com")
	write(&out, []any{
		"binary_format_major_version", uint32(2), "binary_format_minor_version", uint32(0),
		"build_epoch", uint32(1), "database_type", "Test", "ip_version", uint32(4),
		"node_count", uint32(nodes), "record_size", uint32(24),
	})
	return out.Bytes()
}

// write encodes text, a number, or a map given as a list of keys and values.
func write(out *bytes.Buffer, value any) {
	switch v := value.(type) {
	case string:
		if len(v) < 29 {
			out.WriteByte(2<<5 | byte(len(v)))
		} else {
			out.Write([]byte{2<<5 | 29, byte(len(v) - 29)})
		}
		out.WriteString(v)
	case uint32:
		out.WriteByte(6<<5 | 4)
		_ = binary.Write(out, binary.BigEndian, v)
	case float64:
		out.WriteByte(3<<5 | 8)
		_ = binary.Write(out, binary.BigEndian, math.Float64bits(v))
	case []any:
		out.WriteByte(7<<5 | byte(len(v)/2))
		for _, part := range v {
			write(out, part)
		}
	}
}
