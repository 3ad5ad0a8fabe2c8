package gost

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"hash"
	"os"
	"testing"
)

// fixture reads a JSON file of testdata into dst.
func fixture(t testing.TB, name string, dst any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStreebogRFC6986Vectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct{ Name, Message, H256, H512 string }
	}
	fixture(t, "hash.json", &file)
	if len(file.Vectors) != 3 {
		t.Fatalf("%d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		message := unhex(t, v.Message)
		for want, h := range map[string]hash.Hash{v.H256: New256(), v.H512: New512()} {
			h.Write(message)
			if got := hex.EncodeToString(h.Sum(nil)); got != want {
				t.Errorf("%s: got %s, want %s", v.Name, got, want)
			}
		}
	}
}

func TestStreebogIsTheSameInAnyPieces(t *testing.T) {
	t.Parallel()
	message := make([]byte, 1000)
	for i := range message {
		message[i] = byte(i * 7)
	}
	whole := New512()
	whole.Write(message)
	want := whole.Sum(nil)
	for _, piece := range []int{1, 3, 63, 64, 65, 127, 128, 500} {
		h := New512()
		for rest := message; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			h.Write(rest[:min(piece, len(rest))])
			h.Sum(nil) // must not disturb the state
		}
		if got := h.Sum(nil); !bytes.Equal(got, want) {
			t.Errorf("pieces of %d: got %x, want %x", piece, got, want)
		}
	}
	whole.Reset()
	whole.Write(message)
	if got := whole.Sum([]byte{1}); !bytes.Equal(got[1:], want) || got[0] != 1 {
		t.Error("Reset or the appending of Sum is wrong")
	}
	if whole.Size() != 64 || whole.BlockSize() != 64 || New256().Size() != 32 {
		t.Error("sizes are wrong")
	}
}

func BenchmarkStreebog256Of1KiB(b *testing.B) {
	message := make([]byte, 1024)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		h := New256()
		h.Write(message)
		h.Sum(nil)
	}
}
