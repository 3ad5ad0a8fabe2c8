package storagetest

import (
	"os"
	"testing"

	"propusk/storage"
)

// EachBlob runs test on every body of storage.Blob, each empty, as parallel
// subtests "folder" and "s3" (a server of our own, see S3), and "server" at
// PROPUSK_TEST_S3_URL where that names a bucket of a real one.
func EachBlob(t *testing.T, test func(t *testing.T, b storage.Blob)) {
	t.Helper()
	bodies := map[string]func(testing.TB) storage.Blob{
		"folder": Folder,
		"s3":     func(t testing.TB) storage.Blob { return NewS3(t).Blob(t) },
	}
	if address := os.Getenv("PROPUSK_TEST_S3_URL"); address != "" {
		bodies["server"] = func(t testing.TB) storage.Blob { return emptied(t, OpenBlob(t, address)) }
	}
	for name, open := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Folder returns an empty blob store in the test's folder.
func Folder(t testing.TB) storage.Blob {
	t.Helper()
	return OpenBlob(t, "file://"+t.TempDir())
}

// OpenBlob opens the blob store at address or fails the test.
func OpenBlob(t testing.TB, address string) storage.Blob {
	t.Helper()
	b, err := storage.OpenBlob(address)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
